/** Pools, clients, groups and users as the API shows them. */
import type {
  AttributeType,
  UserPoolClientType,
  UserPoolType,
  UserType,
} from "@aws-sdk/client-cognito-identity-provider";
import type { User } from "./directory.ts";
import type { Attributes, Client, Group, Pool } from "./pool.ts";

export function attributesOf(list: AttributeType[] = []): Attributes {
  return Object.fromEntries(list.map(({ Name, Value }) => [Name!, Value ?? ""]));
}

export function attributeList(attributes: Attributes): AttributeType[] {
  return Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
}

export function describeUser(user: User): UserType {
  return {
    Username: user.username,
    Attributes: attributeList(user.attributes),
    UserCreateDate: new Date(user.createdAt),
    UserLastModifiedDate: new Date(user.updatedAt),
    Enabled: user.enabled,
    UserStatus: user.status,
  };
}

export function describeGroup({ name, poolId, description, precedence, roleArn }: Group) {
  return {
    GroupName: name,
    UserPoolId: poolId,
    Description: description,
    Precedence: precedence,
    RoleArn: roleArn,
  };
}

export function describePool(pool: Pool, users: number, domain?: string): UserPoolType {
  const { passwordPolicy, properties } = pool;
  const triggers = Object.entries(pool.triggers).map(([name, arn]) => [name[0]!.toUpperCase() + name.slice(1), arn]);
  return {
    Id: pool.id,
    Name: pool.name,
    Arn: pool.arn,
    CreationDate: new Date(pool.createdAt),
    LastModifiedDate: new Date(pool.updatedAt),
    UsernameAttributes: pool.usernameAttributes as UserPoolType["UsernameAttributes"],
    AliasAttributes: pool.aliasAttributes as UserPoolType["AliasAttributes"],
    AutoVerifiedAttributes: pool.autoVerified as UserPoolType["AutoVerifiedAttributes"],
    UsernameConfiguration: { CaseSensitive: pool.caseSensitive },
    Policies: {
      PasswordPolicy: {
        MinimumLength: passwordPolicy.minimumLength,
        RequireLowercase: passwordPolicy.requireLowercase,
        RequireUppercase: passwordPolicy.requireUppercase,
        RequireNumbers: passwordPolicy.requireNumbers,
        RequireSymbols: passwordPolicy.requireSymbols,
        TemporaryPasswordValidityDays: pool.temporaryPasswordDays,
      },
    },
    AdminCreateUserConfig: { AllowAdminCreateUserOnly: pool.adminOnly },
    MfaConfiguration: pool.mfa,
    LambdaConfig: Object.fromEntries(triggers),
    SchemaAttributes: [...pool.schema.values()].map(({ name, mutable, required }) => ({
      Name: name,
      Mutable: mutable,
      Required: required,
    })),
    DeletionProtection: properties.deletionProtection ?? "INACTIVE",
    UserPoolTags: properties.tags,
    Domain: domain,
    EstimatedNumberOfUsers: users,
  };
}

export function describeClient(client: Client): UserPoolClientType {
  const { properties, oauth } = client;
  const units = properties.tokenValidityUnits;
  return {
    UserPoolId: client.poolId,
    ClientId: client.id,
    ClientName: client.name,
    ClientSecret: client.secret,
    CreationDate: new Date(client.createdAt),
    LastModifiedDate: new Date(client.updatedAt),
    ExplicitAuthFlows: client.flows as UserPoolClientType["ExplicitAuthFlows"],
    PreventUserExistenceErrors: client.hidesMissingUsers ? "ENABLED" : "LEGACY",
    EnableTokenRevocation: properties.enableTokenRevocation ?? true,
    ReadAttributes: client.readAttributes,
    WriteAttributes: client.writeAttributes,
    AccessTokenValidity: properties.accessTokenValidity,
    IdTokenValidity: properties.idTokenValidity,
    RefreshTokenValidity: properties.refreshTokenValidity ?? 30,
    TokenValidityUnits: units && {
      AccessToken: units.accessToken,
      IdToken: units.idToken,
      RefreshToken: units.refreshToken,
    },
    ...(client.rotationGraceSeconds !== undefined && {
      RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: client.rotationGraceSeconds },
    }),
    AllowedOAuthFlowsUserPoolClient: oauth !== undefined,
    ...(oauth && {
      AllowedOAuthFlows: oauth.flows as UserPoolClientType["AllowedOAuthFlows"],
      AllowedOAuthScopes: oauth.scopes,
      CallbackURLs: oauth.callbackUrls,
      LogoutURLs: oauth.logoutUrls,
    }),
  };
}
