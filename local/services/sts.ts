/** STS: temporary credentials. Not emulated: SAML, web identity, MFA, regional opt-in. */
import type { CoreCloud } from "../cloud.ts";
import type { Context } from "../iam/conditions.ts";
import { contextOf } from "../iam/index.ts";
import { parseIdentityPolicy } from "../iam/policy.ts";
import { AwsError, type Call, type Credentials, type Principal, type Service } from "../service.ts";

interface AssumeRoleInput {
  RoleArn: string;
  RoleSessionName: string;
  DurationSeconds?: number;
  Policy?: string;
  Tags?: { Key: string; Value: string }[];
  TransitiveTagKeys?: string[];
  ExternalId?: string;
  SourceIdentity?: string;
}

export function sts(cloud: CoreCloud): Service {
  const { iam, credentials, account } = cloud;

  function assumeRole(input: AssumeRoleInput, call: Call) {
    validate(input);
    if (input.Policy !== undefined) parseIdentityPolicy(input.Policy);
    const unknown = input.TransitiveTagKeys?.find((key) => !input.Tags?.some(({ Key }) => Key === key));
    if (unknown !== undefined) {
      throw new AwsError("InvalidParameterValue", `The transitive tag ${unknown} is not among the session's tags.`);
    }
    const role = iam.roles.get(input.RoleArn);
    const missing = `User: ${call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn}`;
    // AWS does not tell a missing role from a forbidden one.
    if (!role) throw new AwsError("AccessDenied", missing, 403);
    const context = sessionContext(input, call);
    const asserting = (action: string) =>
      asAccessDenied(() => iam.authorizeAssume(call.principal, action, role, context));
    asserting("sts:AssumeRole");
    if (input.Tags?.length) asserting("sts:TagSession");
    if (input.SourceIdentity) asserting("sts:SetSourceIdentity");
    const seconds = durationOf(input, role.maxSessionSeconds, call.principal);
    const inherited = inheritedTags(call.principal);
    const taken = (input.Tags ?? []).find(({ Key }) => Object.hasOwn(inherited, Key));
    if (taken) {
      throw new AwsError("InvalidParameterValue", `The tag ${taken.Key} is inherited from the calling session.`);
    }
    const sourceIdentity = call.principal.sourceIdentity ?? input.SourceIdentity;
    const principal: Principal = {
      ...cloud.principalFor(role.arn, input.RoleSessionName),
      tags: { ...inherited, ...Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key, Value])) },
      transitiveTags: [...Object.keys(inherited), ...(input.TransitiveTagKeys ?? [])],
      sourceIdentity,
      sessionPolicy: input.Policy,
    };
    return {
      Credentials: shown(credentials.issue(principal, seconds)),
      AssumedRoleUser: { AssumedRoleId: `AROA${role.name}:${input.RoleSessionName}`, Arn: principal.arn },
      SourceIdentity: sourceIdentity,
    };
  }

  function sessionContext(input: AssumeRoleInput, call: Call): Context {
    const context = contextOf(call, { action: "sts:AssumeRole", resource: input.RoleArn }, cloud.clock.now());
    for (const { Key, Value } of input.Tags ?? []) context[`aws:requesttag/${Key.toLowerCase()}`] = [Value];
    if (input.Tags?.length) context["aws:tagkeys"] = input.Tags.map(({ Key }) => Key);
    context["sts:rolesessionname"] = [input.RoleSessionName];
    if (input.ExternalId) context["sts:externalid"] = [input.ExternalId];
    if (input.SourceIdentity) context["sts:sourceidentity"] = [input.SourceIdentity];
    return context;
  }

  return {
    name: "sts",
    client: () => import("@aws-sdk/client-sts"),
    requiresMembers: "ValidationError",
    resources: {},
    operations: {
      AssumeRole: { run: assumeRole },
      GetCallerIdentity: {
        run: (_input, { principal }) => {
          if (principal.type === "anonymous") {
            throw new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
          }
          const id = principal.sessionName ? `AROA:${principal.sessionName}` : account;
          return { Account: account, Arn: principal.arn, UserId: id };
        },
      },
      GetSessionToken: {
        run: ({ DurationSeconds = 43_200 }, { principal }) => {
          if (principal.type === "assumed-role" || principal.type === "anonymous") {
            throw new AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403);
          }
          if (!(DurationSeconds >= 900 && DurationSeconds <= 129_600)) {
            throw new AwsError("ValidationError", "DurationSeconds must be from 900 to 129600.");
          }
          return { Credentials: shown(credentials.issue(principal, DurationSeconds)) };
        },
      },
      GetAccessKeyInfo: {
        run: ({ AccessKeyId }) => {
          if (!/^(AKIA|ASIA)[A-Z0-9]{12,}$/.test(AccessKeyId)) {
            throw new AwsError("ValidationError", `${AccessKeyId} is not an access key's id.`);
          }
          return { Account: account };
        },
      },
    },
  };
}

function shown({ accessKeyId, secretAccessKey, sessionToken, expiration }: Credentials) {
  return {
    ...{ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken },
    Expiration: new Date(expiration),
  };
}

/** What a session hands on to those that it opens. */
function inheritedTags({ tags = {}, transitiveTags = [] }: Principal): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => transitiveTags.includes(key)));
}

const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const MAX_CHAINED_SECONDS = 3600;

function validate({ RoleArn, RoleSessionName, Tags = [] }: AssumeRoleInput): void {
  if (!RoleArn) throw new AwsError("ValidationError", "roleArn must not be null");
  if (!SESSION_NAME.test(RoleSessionName ?? "")) {
    throw new AwsError("ValidationError", `roleSessionName "${RoleSessionName}" must match ${SESSION_NAME.source}`);
  }
  const keys = Tags.map(({ Key }) => Key?.toLowerCase());
  if (new Set(keys).size < keys.length) {
    throw new AwsError("InvalidParameterValue", "Duplicate tag keys found. Tag keys are case insensitive.");
  }
  if (Tags.length > 50) throw new AwsError("ValidationError", "A session may have 50 tags.");
}

function durationOf(input: AssumeRoleInput, maximum: number, principal: Principal): number {
  const seconds = input.DurationSeconds ?? 3600;
  const limit = principal.type === "assumed-role" ? Math.min(maximum, MAX_CHAINED_SECONDS) : maximum;
  if (!(Number.isInteger(seconds) && seconds >= 900 && seconds <= limit)) {
    throw new AwsError(
      "ValidationError",
      `DurationSeconds is ${seconds}; this session may last from 900 to ${limit} seconds.`,
    );
  }
  return seconds;
}

/** STS says AccessDenied where the JSON services say AccessDeniedException. */
function asAccessDenied(judge: () => void): void {
  try {
    judge();
  } catch (error) {
    if (error instanceof AwsError) throw new AwsError("AccessDenied", error.message, 403);
    throw error;
  }
}
