/** What a user pool, its clients and its groups are, read from properties as the Pulumi provider names them. */

import { AwsError } from "../../../service.ts";
import type { PasswordPolicy } from "../users/passwords.ts";

export interface AttributeSchema {
  /** As requests name it: `email`, `custom:tenant`. */
  name: string;
  mutable: boolean;
  required: boolean;
  minLength?: number;
  maxLength?: number;
}

export interface Pool {
  id: string;
  arn: string;
  name: string;
  passwordPolicy: PasswordPolicy;
  temporaryPasswordDays: number;
  /** Sign in with an e-mail address or phone number in place of a user name, which is then the user's `sub`. */
  usernameAttributes: string[];
  /** Attributes that also identify a user at sign-in. */
  aliasAttributes: string[];
  caseSensitive: boolean;
  schema: Map<string, AttributeSchema>;
  autoVerified: string[];
  /** Users do not sign themselves up. */
  adminOnly: boolean;
  mfa: "OFF" | "OPTIONAL" | "ON";
  /** Trigger (`preSignUp`) → the function's ARN. */
  triggers: Record<string, string>;
  /** Which form of event the pre token generation trigger gets. */
  tokenTriggerVersion: "V1_0" | "V2_0" | "V3_0";
  /** Whether a sign-up is confirmed by a link in place of a code. */
  confirmsByLink: boolean;
  createdAt: number;
  updatedAt: number;
  /** As declared; what was given in the API's names is kept in the provider's. */
  properties: Properties;
}

export interface Client {
  id: string;
  name: string;
  poolId: string;
  secret?: string;
  flows: string[];
  hidesMissingUsers: boolean;
  accessTokenSeconds: number;
  idTokenSeconds: number;
  refreshTokenSeconds: number;
  sessionSeconds: number;
  /** Absent: all attributes. */
  readAttributes?: string[];
  writeAttributes?: string[];
  /** By the hosted pages. Undefined where the client does not use them. */
  oauth?: { flows: string[]; scopes: string[]; callbackUrls: string[]; logoutUrls: string[] };
  /** A refresh token is good for one use, and for this long after it. Undefined: they are not rotated. */
  rotationGraceSeconds?: number;
  createdAt: number;
  updatedAt: number;
  properties: Properties;
}

export interface ResourceServer {
  identifier: string;
  poolId: string;
  name: string;
  scopes: { scopeName: string; scopeDescription: string }[];
}

export interface Group {
  name: string;
  poolId: string;
  description?: string;
  precedence?: number;
  roleArn?: string;
}

interface Times {
  /** ms since the epoch */
  createdAt: number;
  updatedAt: number;
}

export const STANDARD = [
  "address",
  "birthdate",
  "email",
  "email_verified",
  "family_name",
  "gender",
  "given_name",
  "locale",
  "middle_name",
  "name",
  "nickname",
  "phone_number",
  "phone_number_verified",
  "picture",
  "preferred_username",
  "profile",
  "updated_at",
  "website",
  "zoneinfo",
];

const SECONDS: Record<string, number> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };

// biome-ignore lint/suspicious/noExplicitAny: a resource's properties are plain JSON of the shape the provider documents
export type Properties = Record<string, any>;

export function poolOf(id: string, properties: Properties, arn: string, times: Times): Pool {
  const policy = properties.passwordPolicy ?? {};
  const declared = (properties.schemas ?? []).map((each: Properties): AttributeSchema => {
    const name = STANDARD.includes(each.name) || each.name === "sub" ? each.name : `custom:${each.name}`;
    const limit = (text: string | undefined) => (text === undefined ? undefined : Number(text));
    return {
      name,
      mutable: each.mutable ?? true,
      required: each.required ?? false,
      minLength: limit(each.stringAttributeConstraints?.minLength),
      maxLength: limit(each.stringAttributeConstraints?.maxLength),
    };
  });
  const standard = STANDARD.map((name): AttributeSchema => ({ name, mutable: true, required: false }));
  return {
    id,
    arn,
    name: properties.name,
    passwordPolicy: {
      minimumLength: policy.minimumLength ?? 8,
      requireLowercase: policy.requireLowercase ?? properties.passwordPolicy === undefined,
      requireUppercase: policy.requireUppercase ?? properties.passwordPolicy === undefined,
      requireNumbers: policy.requireNumbers ?? properties.passwordPolicy === undefined,
      requireSymbols: policy.requireSymbols ?? properties.passwordPolicy === undefined,
    },
    temporaryPasswordDays: policy.temporaryPasswordValidityDays || 7,
    usernameAttributes: properties.usernameAttributes ?? [],
    aliasAttributes: properties.aliasAttributes ?? [],
    caseSensitive: properties.usernameConfiguration?.caseSensitive ?? true,
    schema: new Map([...standard, ...declared].map((each) => [each.name, each])),
    autoVerified: properties.autoVerifiedAttributes ?? [],
    adminOnly: properties.adminCreateUserConfig?.allowAdminCreateUserOnly ?? false,
    mfa: properties.mfaConfiguration ?? "OFF",
    triggers: triggersOf(properties.lambdaConfig ?? {}),
    tokenTriggerVersion: properties.lambdaConfig?.preTokenGenerationConfig?.lambdaVersion ?? "V1_0",
    confirmsByLink: properties.verificationMessageTemplate?.defaultEmailOption === "CONFIRM_WITH_LINK",
    ...times,
    properties,
  };
}

function triggersOf({ preTokenGenerationConfig, ...config }: Properties): Record<string, string> {
  const arns = Object.entries(config).filter(([, arn]) => typeof arn === "string" && arn !== "");
  const versioned = preTokenGenerationConfig?.lambdaArn;
  return { ...Object.fromEntries(arns), ...(versioned && { preTokenGeneration: versioned }) };
}

/** @param secret of a client that has one */
export function clientOf(id: string, properties: Properties, secret: string | undefined, times: Times): Client {
  const units = properties.tokenValidityUnits ?? {};
  const seconds = (value: number | undefined, unit: string | undefined, usual: string, standard: number) =>
    value ? value * SECONDS[unit ?? usual]! : standard;
  return {
    id,
    name: properties.name,
    poolId: properties.userPoolId,
    secret,
    flows: properties.explicitAuthFlows ?? ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"],
    hidesMissingUsers: properties.preventUserExistenceErrors === "ENABLED",
    accessTokenSeconds: seconds(properties.accessTokenValidity, units.accessToken, "hours", 3600),
    idTokenSeconds: seconds(properties.idTokenValidity, units.idToken, "hours", 3600),
    refreshTokenSeconds: seconds(properties.refreshTokenValidity, units.refreshToken, "days", 30 * 86_400),
    sessionSeconds: (properties.authSessionValidity || 3) * 60,
    readAttributes: properties.readAttributes?.length > 0 ? properties.readAttributes : undefined,
    writeAttributes: properties.writeAttributes?.length > 0 ? properties.writeAttributes : undefined,
    oauth: properties.allowedOauthFlowsUserPoolClient
      ? {
          flows: properties.allowedOauthFlows ?? [],
          scopes: properties.allowedOauthScopes ?? [],
          callbackUrls: properties.callbackUrls ?? [],
          logoutUrls: properties.logoutUrls ?? [],
        }
      : undefined,
    rotationGraceSeconds:
      properties.refreshTokenRotation?.feature === "ENABLED"
        ? (properties.refreshTokenRotation.retryGracePeriodSeconds ?? 0)
        : undefined,
    ...times,
    properties,
  };
}

export function groupOf({ name, userPoolId, description, precedence, roleArn }: Properties): Group {
  return { name, poolId: userPoolId, description, precedence, roleArn };
}

export type Attributes = Record<string, string>;

/** Holds attributes to the pool's schema; `before` is the user's when they are changed. */
export function assertAttributes(pool: Pool, attributes: Attributes, before?: Attributes): void {
  const refuse = (message: string) => {
    throw new AwsError("InvalidParameterException", message);
  };
  for (const [name, value] of Object.entries(attributes)) {
    const schema = pool.schema.get(name);
    if (name === "sub") refuse("Cannot modify the non-mutable attribute sub");
    if (schema === undefined)
      refuse(`Attributes did not conform to the schema: user.${name}: Attribute does not exist in the schema.\n`);
    if (before !== undefined && !schema!.mutable && before[name] !== value)
      refuse(`user.${name}: Attribute cannot be updated.\n`);
    if (value.length < (schema!.minLength ?? 0))
      refuse(
        `Attributes did not conform to the schema: ${name}: String must not be shorter than ${schema!.minLength} characters\n`,
      );
    if (value.length > (schema!.maxLength ?? 2048))
      refuse(
        `Attributes did not conform to the schema: ${name}: String must not be longer than ${schema!.maxLength ?? 2048} characters\n`,
      );
  }
  const present = { ...before, ...attributes };
  for (const { name, required } of pool.schema.values())
    if (required && name !== "sub" && present[name] === undefined)
      refuse(`Attributes did not conform to the schema: ${name}: The attribute is required\n`);
}
