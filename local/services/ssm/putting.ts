/** Writing a parameter: what is refused, in which tier it is, and which versions stay. */
import { AwsError, type Call, type Cloud } from "../../service.ts";
import { invalid, validateName } from "./names.ts";
import { type ParameterPolicy, readPolicies } from "./policies.ts";
import type { SecureStrings } from "./secure-strings.ts";
import type { Parameter, ParameterStore, ParameterType } from "./store.ts";
import type { Tag } from "./tag-operations.ts";

export interface PutInput {
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
  Policies?: string;
}

const MOST_VERSIONS = 100;
const SIZE_LIMITS: Record<string, number> = { Standard: 4096, Advanced: 8192, "Intelligent-Tiering": 8192 };
const TYPES: ParameterType[] = ["String", "StringList", "SecureString"];

export function putting(cloud: Cloud, store: ParameterStore, secure: SecureStrings) {
  /** The oldest version goes, unless a label holds it. */
  function makeRoom(name: string): void {
    const [oldest, ...rest] = store.versions(name);
    if (!oldest || rest.length + 1 < MOST_VERSIONS) return;
    if (oldest.labels?.length) {
      throw new AwsError(
        "ParameterMaxVersionLimitExceeded",
        `The oldest of ${MOST_VERSIONS} versions of ${name}, version ${oldest.version}, has a label. Move the label to a newer version.`,
      );
    }
    store.removeVersion(name, oldest.version);
  }

  return async function put(input: PutInput, call: Call): Promise<{ Version: number; Tier: string }> {
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
    const policies = input.Policies === undefined ? existing?.policies : readPolicies(input.Policies);
    const tier = tierOf(input, existing, policies);
    checkValue(value, tier, input.AllowedPattern ?? existing?.allowedPattern);
    const keyId = type === "SecureString" ? (input.KeyId ?? existing?.keyId ?? "alias/aws/ssm") : undefined;
    const stored = await secure.seal({ name, type, keyId }, value, call);
    const newest = store.find(name);
    const version = (newest?.version ?? 0) + 1;
    const parameter: Parameter = {
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
      modifiedBy: call.principal.arn,
      policies,
      stored,
    };
    if (newest) makeRoom(name);
    store.save(parameter);
    store.saveVersion(parameter);
    return { Version: version, Tier: tier };
  };
}

/** Policies need the advanced tier, and what is advanced stays so. */
function tierOf(input: PutInput, existing: Parameter | undefined, policies: ParameterPolicy[] = []): string {
  const tier = input.Tier ?? existing?.tier ?? "Standard";
  const isLarge = Buffer.byteLength(input.Value) > SIZE_LIMITS.Standard!;
  if (tier === "Intelligent-Tiering") {
    return policies.length > 0 || isLarge || existing?.tier === "Advanced" ? "Advanced" : "Standard";
  }
  if (tier === "Standard" && existing?.tier === "Advanced") {
    throw invalid("This parameter uses the advanced-parameter tier. You can't downgrade it to the standard tier.");
  }
  if (tier === "Standard" && policies.length > 0) {
    throw invalid("Parameter policies need the advanced tier: set Tier to Advanced.");
  }
  return tier;
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
