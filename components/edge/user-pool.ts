import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkAdopted, checkedArn, checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import {
  type ApplicationArgs,
  checkFederation,
  federate,
  type ProviderArgs,
  type SignInPageArgs,
} from "./user-pool/federation.ts";
import { type IdentityPoolArgs, identityPool } from "./user-pool/identity-pool.ts";
import { allowTriggers, checkTriggers, lambdaConfig, type TriggersArgs } from "./user-pool/triggers.ts";

/** A group of users; its name stands in their tokens. */
export interface GroupArgs {
  description?: string;
  /** The lowest of a user's groups comes first. @default none */
  precedence?: number;
}

/** Mail by an identity of one's own in SES, in place of Cognito's fifty a day. */
export interface MailArgs {
  /** `"Acme <no-reply@example.com>"`. */
  from: string;
  sesIdentityArn: pulumi.Input<string>;
}

/** A user pool of this account and region that is there already. */
export interface ExistingUserPoolArgs {
  userPoolId: pulumi.Input<string>;
  /** Client whose tokens are taken. */
  clientId: pulumi.Input<string>;
}

export interface UserPoolArgs {
  /** A pool to use as it is: nothing about it is changed, and other arguments do not go with it. @default a new one */
  existing?: ExistingUserPoolArgs;
  /** @default Pulumi's autonaming */
  poolName?: string;
  /** @default "optional" */
  mfa?: "off" | "optional" | "required";
  /** @default 12 */
  minimumPasswordLength?: number;
  /** Minutes an ID or access token is good for. @default 60 */
  tokenMinutes?: number;
  /** By name. @default none */
  groups?: Record<string, GroupArgs>;
  /** Functions that Cognito asks; they have five seconds. @default none */
  triggers?: TriggersArgs;
  /** Who else vouches for users, by name. @default nobody */
  providers?: Record<string, ProviderArgs>;
  /** Where users sign in on a page of Cognito's. @default there is none */
  signInPage?: SignInPageArgs;
  /** Whose users sign in on that page, by name. @default none */
  applications?: Record<string, ApplicationArgs>;
  /** AWS credentials for signed-in users. @default none */
  identityPool?: IdentityPoolArgs;
  /** @default Cognito's own, 50 a day */
  mail?: MailArgs;
  /** @default "protected" */
  protection?: Protection;
  tags?: Tags;
}

/**
 * The people of a cell's tenants. Users are made by administrators, and belong to one tenant: `custom:tenant` stands in
 * the ID token, and no user can write it.
 *
 * ```ts
 * new UserPool("users", { mfa: "required" });
 * ```
 */
export class UserPool extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly userPoolId: pulumi.Output<string>;
  readonly clientId: pulumi.Output<string>;
  /** Host and path that tokens name as their issuer. */
  readonly endpoint: pulumi.Output<string>;
  /** Client ids by application. */
  readonly applicationClientIds: Record<string, pulumi.Output<string>>;
  readonly identityPoolId: pulumi.Output<string> | undefined;

  /**
   * A user pool that is there already: nothing about it is changed.
   *
   * ```ts
   * const users = UserPool.get("users", { userPoolId: "eu-west-1_AbCdEfGhI", clientId: "1h57kf5cpq17m0eml12EXAMPLE" });
   * ```
   */
  static get(name: string, existing: ExistingUserPoolArgs, options?: pulumi.ComponentResourceOptions): UserPool {
    return new UserPool(name, { existing }, options);
  }

  constructor(name: string, args: UserPoolArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:UserPool", name, {}, options);
    checkArgs("UserPool", name, args);
    const component = `UserPool "${name}"`;
    validate(component, args);
    if (args.existing) {
      const child = { parent: this };
      const account = aws.getCallerIdentityOutput({}, child).accountId;
      const { region } = aws.getRegionOutput({}, child);
      const { partition, dnsSuffix } = aws.getPartitionOutput({}, child);
      this.userPoolId = pulumi.output(args.existing.userPoolId);
      this.clientId = pulumi.output(args.existing.clientId);
      this.arn = pulumi.interpolate`arn:${partition}:cognito-idp:${region}:${account}:userpool/${this.userPoolId}`;
      this.endpoint = pulumi.interpolate`cognito-idp.${region}.${dnsSuffix}/${this.userPoolId}`;
      this.applicationClientIds = {};
      this.registerOutputs({ arn: this.arn, userPoolId: this.userPoolId, clientId: this.clientId });
      return;
    }
    const isProtected = (args.protection ?? "protected") === "protected";
    const minutes = args.tokenMinutes ?? 60;
    const mfa = args.mfa ?? "optional";

    const pool = new aws.cognito.UserPool(
      name,
      {
        name: args.poolName,
        usernameAttributes: ["email"],
        autoVerifiedAttributes: ["email"],
        adminCreateUserConfig: { allowAdminCreateUserOnly: true },
        passwordPolicy: {
          minimumLength: args.minimumPasswordLength ?? 12,
          requireLowercase: true,
          requireUppercase: true,
          requireNumbers: true,
          requireSymbols: false,
          temporaryPasswordValidityDays: 3,
        },
        mfaConfiguration: ({ off: "OFF", optional: "OPTIONAL", required: "ON" } as const)[mfa],
        softwareTokenMfaConfiguration: mfa === "off" ? undefined : { enabled: true },
        accountRecoverySetting: { recoveryMechanisms: [{ name: "verified_email", priority: 1 }] },
        schemas: [
          {
            name: "tenant",
            attributeDataType: "String",
            mutable: true,
            stringAttributeConstraints: { minLength: "3", maxLength: "31" },
          },
        ],
        ...(args.triggers ? { lambdaConfig: lambdaConfig(args.triggers) } : {}),
        ...(args.mail ? { emailConfiguration: mailOf(component, args.mail) } : {}),
        deletionProtection: isProtected ? "ACTIVE" : "INACTIVE",
        tags: args.tags,
      },
      { parent: this, protect: isProtected },
    );
    const client = new aws.cognito.UserPoolClient(
      `${name}-client`,
      {
        userPoolId: pool.id,
        explicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        preventUserExistenceErrors: "ENABLED",
        enableTokenRevocation: true,
        idTokenValidity: minutes,
        accessTokenValidity: minutes,
        refreshTokenValidity: 30,
        tokenValidityUnits: { idToken: "minutes", accessToken: "minutes", refreshToken: "days" },
        readAttributes: ["email", "email_verified", "name", "custom:tenant"],
        // Without custom:tenant: a user who could write it would choose a tenant.
        writeAttributes: ["email", "name"],
      },
      { parent: this },
    );
    for (const [group, { description, precedence }] of Object.entries(args.groups ?? {})) {
      new aws.cognito.UserGroup(
        `${name}-group-${group}`,
        { userPoolId: pool.id, name: group, description, precedence },
        { parent: this },
      );
    }
    if (args.triggers) allowTriggers(name, pool, args.triggers);
    this.applicationClientIds = federate(this, name, pool, args);
    const clients = [client.id, ...Object.values(this.applicationClientIds)];
    this.identityPoolId = args.identityPool && identityPool(this, name, pool, clients, args.identityPool, args.tags);
    this.arn = pool.arn;
    this.userPoolId = pool.id;
    this.endpoint = pool.endpoint;
    this.clientId = client.id;
    this.registerOutputs({
      arn: this.arn,
      userPoolId: this.userPoolId,
      clientId: this.clientId,
      applicationClientIds: this.applicationClientIds,
      ...(this.identityPoolId ? { identityPoolId: this.identityPoolId } : {}),
    });
  }
}

const mailOf = (component: string, { from, sesIdentityArn }: MailArgs) => ({
  emailSendingAccount: "DEVELOPER",
  fromEmailAddress: from,
  sourceArn: checkedArn(component, "mail.sesIdentityArn", sesIdentityArn, "ses"),
});

function validate(component: string, args: UserPoolArgs): void {
  if (args.existing) checkAdopted(component, "user pool", args);
  checkRange(component, "minimumPasswordLength", args.minimumPasswordLength, 8, 99);
  checkRange(component, "tokenMinutes", args.tokenMinutes, 5, 1440);
  checkForm(component, "mfa", args.mfa, /^(off|optional|required)$/, "off, optional or required");
  checkForm(
    component,
    "mail.from",
    args.mail?.from,
    /^([^<>]+ <)?[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+>?$/,
    "a sender's address",
  );
  for (const [group, { precedence }] of Object.entries(args.groups ?? {})) {
    checkForm(component, `groups.${group}`, group, /^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u, "a name without blanks");
    checkRange(component, `groups.${group}.precedence`, precedence, 0, 2 ** 31 - 1);
  }
  checkTriggers(component, args.triggers);
  checkFederation(component, args);
  if (args.identityPool && args.identityPool.grants.length === 0) {
    throw new InvalidArgumentError(
      component,
      "identityPool.grants",
      [],
      "credentials that may nothing; grant something",
    );
  }
}
