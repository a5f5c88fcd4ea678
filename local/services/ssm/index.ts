/**
 * Systems Manager's Parameter Store: hierarchies, versions and their labels, SecureStrings, tags as condition keys,
 * policies that delete a parameter at its time.
 *
 * Not emulated: notifications of policies, sharing of parameters, and everything else of Systems Manager.
 */
import type { Resource } from "../../../engine/graph.ts";
import { customerKeys, declaring } from "../../customer-keys.ts";
import { type Access, AwsError, type Call, type Cloud, type Operation, type Service } from "../../service.ts";
import { described, type Filter, matches, page } from "./listing.ts";
import { invalid, parameterArn, parseName } from "./names.ts";
import { type PutInput, putting } from "./putting.ts";
import { secureStrings } from "./secure-strings.ts";
import { type Parameter, type ParameterType, parameterStore } from "./store.ts";
import { type Tag, tagOperations } from "./tag-operations.ts";
import { versionOperations } from "./version-operations.ts";

interface PathInput {
  Path: string;
  Recursive?: boolean;
  WithDecryption?: boolean;
  MaxResults?: number;
  NextToken?: string;
  ParameterFilters?: Filter[];
}

export function ssm(cloud: Cloud): Service {
  const store = parameterStore(cloud);
  const secure = secureStrings(cloud, store, customerKeys(cloud, "ssm"));
  const put = putting(cloud, store, secure);

  function access(action: string, name: string, tags?: Tag[]): Access {
    const known = store.find(parseName(name).name);
    const context: Record<string, string | string[]> = {};
    for (const [key, value] of Object.entries(known?.tags ?? {})) {
      context[`ssm:resourceTag/${key}`] = value;
      context[`aws:ResourceTag/${key}`] = value;
    }
    for (const { Key, Value } of tags ?? []) context[`aws:RequestTag/${Key}`] = Value;
    if (tags?.length) context["aws:TagKeys"] = tags.map(({ Key }) => Key);
    return { action: `ssm:${action}`, resource: parameterArn(cloud, parseName(name).name), context };
  }

  const onName = (action: string) => (input: { Name: string }) => access(action, input.Name);
  const onNames = (action: string) => (input: { Names: string[] }) => input.Names.map((name) => access(action, name));

  /** By name, name and version, or name and label. */
  function lookUp(text: string): Parameter | undefined {
    const { name, selector } = parseName(text);
    const parameter = store.find(name);
    if (!parameter || selector === undefined || selector === String(parameter.version)) return parameter;
    const isNumber = /^\d+$/.test(selector);
    const found = store
      .versions(name)
      .find(({ version, labels = [] }) => (isNumber ? version === Number(selector) : labels.includes(selector)));
    if (found) return found;
    const what = isNumber ? `version ${selector} of` : `label ${selector} for parameter`;
    throw new AwsError(
      "ParameterVersionNotFound",
      `Systems Manager could not find ${what} ${name}. Verify the ${isNumber ? "version" : "label"} and try again.`,
    );
  }

  async function value(parameter: Parameter, call: Call, withDecryption = false): Promise<string> {
    return withDecryption ? secure.open(parameter, call) : secure.sealed(parameter);
  }

  async function shown(parameter: Parameter, call: Call, withDecryption = false, selector?: string): Promise<object> {
    return {
      Name: parameter.name,
      Type: parameter.type,
      Value: await value(parameter, call, withDecryption),
      Version: parameter.version,
      Selector: selector && `:${selector}`,
      LastModifiedDate: new Date(parameter.modifiedAt),
      ARN: parameterArn(cloud, parameter.name),
      DataType: parameter.dataType,
    };
  }

  async function byPath(input: PathInput, call: Call): Promise<object> {
    if (!input.Path.startsWith("/")) throw invalid("The parameter path must start with a slash.");
    if (input.MaxResults !== undefined && (input.MaxResults < 1 || input.MaxResults > 10)) {
      throw invalid("Value at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 10");
    }
    const prefix = input.Path.endsWith("/") ? input.Path : `${input.Path}/`;
    const filters = input.ParameterFilters ?? [];
    const unknown = filters.find(({ Key }) => !["Type", "KeyId", "Label"].includes(Key));
    if (unknown) {
      throw new AwsError("InvalidFilterKey", `The filter key ${unknown.Key} isn't valid here: Type, KeyId, Label.`);
    }
    const byLabel = filters.some(({ Key }) => Key === "Label");
    const all = store
      .list(prefix)
      .filter(({ name }) => input.Recursive || !name.slice(prefix.length).includes("/"))
      // A label stands for the version that carries it.
      .flatMap((parameter) => (byLabel ? store.versions(parameter.name) : parameter))
      .filter((parameter) => filters.every((filter) => matches(parameter, filter)));
    const { items, NextToken } = page(all, input, 10);
    const Parameters = await Promise.all(items.map((parameter) => shown(parameter, call, input.WithDecryption)));
    return { Parameters, NextToken };
  }

  /** What the program declares is put at every start; only another value makes another version. */
  async function provision({ inputs, outputs, name }: Resource): Promise<void> {
    const parameterName = String(outputs.name ?? inputs.name ?? name);
    const value = inputs.value ?? inputs.insecureValue ?? inputs.valueWo ?? "";
    const type = inputs.type as ParameterType;
    const existing = store.find(parameterName);
    const tags = (outputs.tagsAll ?? inputs.tags ?? {}) as Record<string, string>;
    const description = inputs.description === undefined ? undefined : String(inputs.description);
    const call = declaring(cloud);
    const KeyId = inputs.keyId === undefined ? undefined : String(inputs.keyId);
    const isSame = existing?.type === type && (KeyId === undefined || existing.keyId === KeyId);
    // What is write-only is somebody else's from then on.
    const isOthers = isSame && existing && inputs.valueWo !== undefined;
    if (!isOthers && (!isSame || (await secure.open(existing, call)) !== value)) {
      await put({ Name: parameterName, Value: String(value), Type: type, KeyId, Overwrite: true }, call);
    }
    const current = { ...store.find(parameterName)!, tags, description };
    store.save(current);
  }

  const operations: Record<string, Operation> = {
    GetParameter: {
      authorize: onName("GetParameter"),
      async run(input: { Name: string; WithDecryption?: boolean }, call) {
        const parameter = lookUp(input.Name);
        if (!parameter) throw notFound(input.Name);
        return { Parameter: await shown(parameter, call, input.WithDecryption, parseName(input.Name).selector) };
      },
    },
    GetParameters: {
      authorize: onNames("GetParameters"),
      async run(input: { Names: string[]; WithDecryption?: boolean }, call) {
        const found = input.Names.map((name) => ({ name, parameter: lookUp(name) }));
        const known = found.flatMap(({ parameter }) => parameter ?? []);
        return {
          Parameters: await Promise.all(known.map((parameter) => shown(parameter, call, input.WithDecryption))),
          InvalidParameters: found.flatMap(({ name, parameter }) => (parameter ? [] : name)),
        };
      },
    },
    GetParametersByPath: {
      authorize: (input: PathInput) => access("GetParametersByPath", input.Path),
      run: byPath,
    },
    PutParameter: {
      authorize: (input: PutInput) => access("PutParameter", input.Name, input.Tags),
      run: put,
    },
    DeleteParameter: {
      authorize: onName("DeleteParameter"),
      run(input: { Name: string }) {
        if (!store.remove(input.Name)) throw notFound(input.Name);
        return {};
      },
    },
    DeleteParameters: {
      authorize: onNames("DeleteParameters"),
      run(input: { Names: string[] }) {
        const removed = input.Names.map((name) => ({ name, gone: store.remove(name) }));
        return {
          DeletedParameters: removed.flatMap(({ name, gone }) => (gone ? name : [])),
          InvalidParameters: removed.flatMap(({ name, gone }) => (gone ? [] : name)),
        };
      },
    },
    DescribeParameters: {
      authorize: () => ({ action: "ssm:DescribeParameters", resource: "*" }),
      run(input: Pick<PathInput, "ParameterFilters" | "MaxResults" | "NextToken">) {
        const filters = input.ParameterFilters ?? [];
        const all = store.list("").filter((parameter) => filters.every((filter) => matches(parameter, filter)));
        const { items, NextToken } = page(all, input, 50);
        return {
          Parameters: items.map((parameter) => described(parameter, parameterArn(cloud, parameter.name))),
          NextToken,
        };
      },
    },
    ...tagOperations(store, access),
    ...versionOperations({ store, access, value }),
  };

  return {
    name: "ssm",
    client: () => import("@aws-sdk/client-ssm"),
    requiresMembers: "ValidationException",
    resources: { "aws:ssm/parameter:Parameter": provision },
    operations,
  };
}

function notFound(name: string): AwsError {
  return new AwsError("ParameterNotFound", `The parameter ${name} does not exist.`);
}
