/** Pages, filters and descriptions of parameters. */
import { AwsError } from "../../service.ts";
import { shownPolicies } from "./policies.ts";
import type { Parameter } from "./store.ts";

export interface Filter {
  Key: string;
  Option?: string;
  Values?: string[];
}

export function described(
  {
    name,
    type,
    keyId,
    modifiedAt,
    description,
    allowedPattern,
    version,
    tier,
    dataType,
    modifiedBy,
    policies,
  }: Parameter,
  ARN: string,
): object {
  return {
    Name: name,
    ARN,
    Type: type,
    KeyId: keyId,
    LastModifiedDate: new Date(modifiedAt),
    LastModifiedUser: modifiedBy,
    Description: description,
    AllowedPattern: allowedPattern,
    Version: version,
    Tier: tier,
    DataType: dataType,
    Policies: shownPolicies(policies),
  };
}

export function page<T>(all: T[], input: { MaxResults?: number; NextToken?: string }, most: number) {
  const start = Number(input.NextToken ?? 0);
  if (!Number.isInteger(start) || start < 0) throw new AwsError("InvalidNextToken", "The specified token isn't valid.");
  const end = start + Math.min(input.MaxResults ?? most, most);
  return { items: all.slice(start, end), NextToken: end < all.length ? String(end) : undefined };
}

export function matches(
  parameter: Parameter,
  { Key: key, Option: option = "Equals", Values: values = [] }: Filter,
): boolean {
  const test = (text: string | undefined) =>
    text !== undefined &&
    (values.length === 0 ||
      values.some((value) =>
        option === "BeginsWith"
          ? text.startsWith(value)
          : option === "Contains"
            ? text.includes(value)
            : text === value,
      ));
  if (key === "Name") return test(parameter.name);
  if (key === "Type") return test(parameter.type);
  if (key === "KeyId") return test(parameter.keyId);
  if (key === "Label") return (parameter.labels ?? []).some(test);
  if (key === "DataType") return test(parameter.dataType);
  if (key === "Tier") return test(parameter.tier);
  if (key.startsWith("tag:")) return test(parameter.tags[key.slice(4)]);
  if (key === "Path") {
    return values.some((value) => {
      const prefix = value.endsWith("/") ? value : `${value}/`;
      const rest = parameter.name.startsWith(prefix) ? parameter.name.slice(prefix.length) : undefined;
      return rest !== undefined && (option === "Recursive" || !rest.includes("/"));
    });
  }
  throw new AwsError("InvalidFilterKey", `The specified filter key ${key} isn't valid.`);
}
