/** Parameter policies: when a parameter is deleted, and what its owner wants to be told before. */
import { AwsError } from "../../service.ts";

export interface ParameterPolicy {
  Type: string;
  Version?: string;
  Attributes?: Record<string, string>;
}

const ATTRIBUTES: Record<string, string[]> = {
  Expiration: ["Timestamp"],
  ExpirationNotification: ["Before", "Unit"],
  NoChangeNotification: ["After", "Unit"],
};
const MOST = 10;

/** @throws AwsError as AWS does, where the text is no list of policies that belong together */
export function readPolicies(text: string): ParameterPolicy[] {
  const policies = parse(text);
  if (policies.length > MOST) {
    throw new AwsError("PoliciesLimitExceededException", `A parameter can have a maximum of ${MOST} policies.`);
  }
  for (const { Type: type, Attributes: attributes = {} } of policies) {
    const needed = Object.hasOwn(ATTRIBUTES, type) ? ATTRIBUTES[type]! : undefined;
    if (!needed) throw new AwsError("InvalidPolicyTypeException", `The policy type ${type} is not supported.`);
    for (const name of needed) if (typeof attributes[name] !== "string") throw attribute(`${type} needs ${name}.`);
    if (type === "Expiration" && Number.isNaN(Date.parse(attributes.Timestamp!))) {
      throw attribute(`${attributes.Timestamp} is not a time: use the form 2026-12-01T21:34:33.000Z.`);
    }
    if ("Unit" in attributes && !["Days", "Hours"].includes(attributes.Unit!))
      throw attribute("Unit is Days or Hours.");
  }
  const types = policies.map(({ Type }) => Type);
  if (types.includes("ExpirationNotification") && !types.includes("Expiration")) {
    throw new AwsError("IncompatiblePolicyException", "An ExpirationNotification needs an Expiration.");
  }
  if (types.filter((type) => type === "Expiration").length > 1) {
    throw new AwsError("IncompatiblePolicyException", "A parameter can have one Expiration.");
  }
  return policies;
}

/** ms since the epoch */
export function expiryOf(policies: ParameterPolicy[] | undefined): number | undefined {
  const expiration = policies?.find(({ Type }) => Type === "Expiration");
  return expiration && Date.parse(expiration.Attributes!.Timestamp!);
}

/** As DescribeParameters and GetParameterHistory show them. */
export function shownPolicies(policies: ParameterPolicy[] = []) {
  return policies.map((policy) => ({
    PolicyText: JSON.stringify(policy),
    PolicyType: policy.Type,
    PolicyStatus: "Pending",
  }));
}

function parse(text: string): ParameterPolicy[] {
  try {
    const value = JSON.parse(text === "" || text === "{}" ? "[]" : text);
    if (Array.isArray(value) && value.every((each) => typeof each === "object" && each !== null)) return value;
  } catch {}
  throw new AwsError("InvalidPolicyTypeException", "Policies must be a JSON array of policies.");
}

function attribute(problem: string): AwsError {
  return new AwsError("InvalidPolicyAttributeException", problem);
}
