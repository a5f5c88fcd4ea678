/**
 * Systems Manager's Parameter Store: hierarchies, versions, SecureStrings, tags as condition keys.
 *
 * Not emulated: labels and GetParameterHistory (the latest version is kept), parameter policies, and everything else of
 * Systems Manager.
 */
import type { Resource } from "../../../engine/graph.ts";
import { customerKeys, declaring } from "../../customer-keys.ts";
import { type Access, AwsError, type Call, type Cloud, type Operation, type Service } from "../../service.ts";
import { described, type Filter, matches, page } from "./listing.ts";
import { invalid, parameterArn, parseName, validateName } from "./names.ts";
import { secureStrings } from "./secure-strings.ts";
import { type Parameter, type ParameterType, parameterStore } from "./store.ts";

interface Tag {
  Key: string;
  Value: string;
}

interface PutInput {
  Name: string;
  Value: string;
  Type?: ParameterType;
  Description?: string;
  KeyId?: string;
  Overwrite?: boolean;
  AllowedPattern?: string;
  DataType?: string;
  Tier?: string;
  Tags?: Tag[];
}

interface PathInput {
  Path: string;
  Recursive?: boolean;
  WithDecryption?: boolean;
  MaxResults?: number;
  NextToken?: string;
  ParameterFilters?: Filter[];
}

const SIZE_LIMITS: Record<string, number> = { Standard: 4096, Advanced: 8192, "Intelligent-Tiering": 8192 };
const TYPES: ParameterType[] = ["String", "StringList", "SecureString"];

export function ssm(cloud: Cloud): Service {
  const store = parameterStore(cloud);
  const secure = secureStrings(cloud, store, customerKeys(cloud, "ssm"));

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

  function lookUp(text: string): Parameter | undefined {
    const { name, selector } = parseName(text);
    const parameter = store.find(name);
    if (!parameter || selector === undefined || selector === String(parameter.version)) return parameter;
    throw new AwsError("ParameterVersionNotFound", `Systems Manager could not find version ${selector} of ${name}.`);
  }

  async function shown(parameter: Parameter, call: Call, withDecryption = false, selector?: string): Promise<object> {
    return {
      Name: parameter.name,
      Type: parameter.type,
      Value: withDecryption ? await secure.open(parameter, call) : secure.sealed(parameter),
      Version: parameter.version,
      Selector: selector && `:${selector}`,
      LastModifiedDate: new Date(parameter.modifiedAt),
      ARN: parameterArn(cloud, parameter.name),
      DataType: parameter.dataType,
    };
  }

  async function put(input: PutInput, call: Call): Promise<{ Version: number; Tier: string }> {
    const { Name: name, Value: value } = input;
    validateName(name);
    const existing = store.find(name);
    if (existing && !input.Overwrite) {
      throw new AwsError(
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
      );
    }
    if (existing && input.Tags?.length) throw invalid("Tags and overwrite can't be used together.");
    const type = input.Type ?? existing?.type;
    if (!type) throw invalid("A parameter type is required when you create a parameter.");
    if (!TYPES.includes(type)) throw invalid(`The parameter type ${type} is not one of ${TYPES.join(", ")}.`);
    const tier = input.Tier ?? existing?.tier ?? "Standard";
    checkValue(value, tier, input.AllowedPattern ?? existing?.allowedPattern);
    const keyId = type === "SecureString" ? (input.KeyId ?? existing?.keyId ?? "alias/aws/ssm") : undefined;
    const stored = await secure.seal({ name, type, keyId }, value, call);
    const version = (store.find(name)?.version ?? 0) + 1;
    store.save({
      name,
      type,
      version,
      modifiedAt: cloud.clock.now(),
      description: input.Description ?? existing?.description,
      allowedPattern: input.AllowedPattern ?? existing?.allowedPattern,
      dataType: input.DataType ?? existing?.dataType ?? "text",
      tier,
      keyId,
      tags: existing?.tags ?? Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      stored,
    });
    return { Version: version, Tier: tier };
  }

  async function byPath(input: PathInput, call: Call): Promise<object> {
    if (!input.Path.startsWith("/")) throw invalid("The parameter path must start with a slash.");
    if (input.MaxResults !== undefined && (input.MaxResults < 1 || input.MaxResults > 10)) {
      throw invalid("Value at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 10");
    }
    const prefix = input.Path.endsWith("/") ? input.Path : `${input.Path}/`;
    const all = store
      .list(prefix)
      .filter(({ name }) => input.Recursive || !name.slice(prefix.length).includes("/"))
      .filter((parameter) => (input.ParameterFilters ?? []).every((filter) => matches(parameter, filter)));
    const { items, NextToken } = page(all, input, 10);
    const Parameters = await Promise.all(items.map((parameter) => shown(parameter, call, input.WithDecryption)));
    return { Parameters, NextToken };
  }

  function tagged(name: string): Parameter {
    const parameter = store.find(parseName(name).name);
    if (!parameter) throw new AwsError("InvalidResourceId", `The parameter ${name} does not exist.`);
    return parameter;
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
    if (!isSame || (await secure.open(existing, call)) !== value) {
      await put({ Name: parameterName, Value: String(value), Type: type, KeyId, Overwrite: true }, call);
    }
    store.save({ ...store.find(parameterName)!, tags, description });
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
    AddTagsToResource: {
      authorize: (input: { ResourceId: string; Tags: Tag[] }) =>
        access("AddTagsToResource", input.ResourceId, input.Tags),
      run(input: { ResourceId: string; Tags: Tag[] }) {
        const parameter = tagged(input.ResourceId);
        for (const { Key, Value } of input.Tags) parameter.tags[Key] = Value;
        store.save(parameter);
        return {};
      },
    },
    RemoveTagsFromResource: {
      authorize: (input: { ResourceId: string }) => access("RemoveTagsFromResource", input.ResourceId),
      run(input: { ResourceId: string; TagKeys: string[] }) {
        const parameter = tagged(input.ResourceId);
        for (const key of input.TagKeys) delete parameter.tags[key];
        store.save(parameter);
        return {};
      },
    },
    ListTagsForResource: {
      authorize: (input: { ResourceId: string }) => access("ListTagsForResource", input.ResourceId),
      run: (input: { ResourceId: string }) => ({
        TagList: Object.entries(tagged(input.ResourceId).tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    },
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

function checkValue(value: string, tier: string, allowedPattern: string | undefined): void {
  const limit = SIZE_LIMITS[tier];
  if (!limit) throw invalid(`The tier ${tier} is not one of ${Object.keys(SIZE_LIMITS).join(", ")}.`);
  if (!value)
    throw invalid("Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1");
  if (Buffer.byteLength(value) > limit) {
    throw invalid(`${tier} tier parameters support a maximum parameter value of ${limit} characters.`);
  }
  if (allowedPattern !== undefined && !new RegExp(allowedPattern).test(value)) {
    throw new AwsError(
      "ParameterPatternMismatchException",
      `Parameter value, cannot be validated against allowedPattern: ${allowedPattern}`,
    );
  }
}
