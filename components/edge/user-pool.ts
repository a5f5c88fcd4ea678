import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkRange } from "../invalid-argument.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";

export interface UserPoolArgs {
  /** @default Pulumi's autonaming */
  poolName?: string;
  /** @default "optional" */
  mfa?: "off" | "optional" | "required";
  /** @default 12 */
  minimumPasswordLength?: number;
  /** Minutes an ID or access token is good for. @default 60 */
  tokenMinutes?: number;
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

  constructor(name: string, args: UserPoolArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:UserPool", name, {}, options);
    const component = `UserPool "${name}"`;
    checkRange(component, "minimumPasswordLength", args.minimumPasswordLength, 8, 99);
    checkRange(component, "tokenMinutes", args.tokenMinutes, 5, 1440);
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
    this.arn = pool.arn;
    this.userPoolId = pool.id;
    this.clientId = client.id;
    this.registerOutputs({ arn: this.arn, userPoolId: this.userPoolId, clientId: this.clientId });
  }
}
