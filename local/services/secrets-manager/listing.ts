/** Which secrets a list or a batch asks for. */
import { AwsError } from "../../service.ts";
import type { Secret } from "./store.ts";

export interface Filter {
  Key?: string;
  Values?: string[];
}

interface ListInput {
  Filters?: Filter[];
  MaxResults?: number;
  NextToken?: string;
}

const MOST_FILTERS = 10;

/** @throws AwsError InvalidParameterException for a filter that there is none of */
export function filtered(secrets: Secret[], filters: Filter[] = []): Secret[] {
  if (filters.length > MOST_FILTERS) throw invalid(`A request has ${MOST_FILTERS} filters at most.`);
  return secrets.filter((secret) => filters.every((filter) => matches(secret, filter)));
}

/** @param most what a page holds at most, and does without MaxResults */
export function page(all: Secret[], { MaxResults = 100, NextToken }: ListInput, most: number) {
  const start = Number(NextToken ?? 0);
  if (!Number.isInteger(start) || start < 0 || start > all.length) {
    throw new AwsError("InvalidNextTokenException", "The NextToken value is invalid.");
  }
  const end = start + Math.min(MaxResults, most);
  return { items: all.slice(start, end), NextToken: end < all.length ? String(end) : undefined };
}

/** One of the values has to begin what the key is about; `!` asks for those that it does not begin. */
function matches(secret: Secret, { Key: key = "", Values: values = [] }: Filter): boolean {
  const { name, description = "", owningService = "", tags } = secret;
  const starting = (texts: string[], fold = (text: string) => text) =>
    values.some((value) => {
      const isNegated = value.startsWith("!");
      const wanted = fold(isNegated ? value.slice(1) : value);
      return texts.some((text) => fold(text).startsWith(wanted)) !== isNegated;
    });
  switch (key) {
    case "name":
      return starting([name]);
    case "description":
      return starting([description], (text) => text.toLowerCase());
    case "tag-key":
      return starting(Object.keys(tags));
    case "tag-value":
      return starting(Object.values(tags));
    case "owning-service":
      return starting([owningService]);
    case "primary-region":
      return starting([secret.arn.split(":")[3]!]);
    case "all": {
      const all = [name, description, owningService, ...Object.keys(tags), ...Object.values(tags)]
        .join(" ")
        .toLowerCase();
      return values.some((value) =>
        value
          .toLowerCase()
          .split(/[^a-z0-9]+/)
          .every((word) => all.includes(word)),
      );
    }
    default:
      throw invalid(
        `The filter key ${key} is not one of all, name, description, tag-key, tag-value, owning-service, primary-region.`,
      );
  }
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}
