/** STS: temporary credentials. Not emulated: SAML, web identity, MFA, regional opt-in. */
import type { CoreCloud } from "../cloud.ts";
import type { Context } from "../iam/conditions.ts";
import { contextOf } from "../iam/index.ts";
import { parseIdentityPolicy } from "../iam/policy.ts";
import { AwsError, type Call, type Principal, type Service } from "../service.ts";

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
    const principal: Principal = {
      ...cloud.principalFor(role.arn, input.RoleSessionName),
      tags: Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      sessionPolicy: input.Policy,
    };
    const issued = credentials.issue(principal, seconds);
    return {
      Credentials: {
        AccessKeyId: issued.accessKeyId,
        SecretAccessKey: issued.secretAccessKey,
        SessionToken: issued.sessionToken,
        Expiration: new Date(issued.expiration),
      },
      AssumedRoleUser: { AssumedRoleId: `AROA${role.name}:${input.RoleSessionName}`, Arn: principal.arn },
      SourceIdentity: input.SourceIdentity,
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
    },
  };
}

const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const MAX_CHAINED_SECONDS = 3600;

function validate({ RoleArn, RoleSessionName, Tags = [] }: AssumeRoleInput): void {
  if (!RoleArn) throw new AwsError("ValidationError", "roleArn must not be null");
  if (!SESSION_NAME.test(RoleSessionName ?? "")) {
    throw new AwsError("ValidationError", `roleSessionName "${RoleSessionName}" must match ${SESSION_NAME.source}`);
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
