/** Pools, clients, domains and resource servers through the API; they become what the program's would. */
import { randomBytes } from "node:crypto";
import type {
  CreateResourceServerCommandInput,
  CreateUserPoolClientCommandInput,
  CreateUserPoolCommandInput,
  CreateUserPoolDomainCommandInput,
} from "@aws-sdk/client-cognito-identity-provider";
import { type Access, AwsError, type Cloud, type Operation } from "../../../service.ts";
import { describeClient, describePool } from "./description.ts";
import type { Directory } from "./directory.ts";
import { type Properties, STANDARD } from "./pool.ts";
import type { Settings } from "./settings.ts";

const ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz";
const MOST_LISTED = 60;

type OnPool = (action: string) => (input: { UserPoolId?: string }) => Access;

export function controlPlane(cloud: Cloud, directory: Directory, settings: Settings, onPool: OnPool) {
  const operation = (action: string, run: Operation["run"]): Record<string, Operation> => ({
    [action]: { authorize: onPool(action), run },
  });
  const anywhere = (action: string, run: Operation["run"]): Record<string, Operation> => ({
    [action]: { authorize: () => ({ action: `cognito-idp:${action}`, resource: "*" }), run },
  });

  function clientIn(poolId: string | undefined, id: string | undefined) {
    const client = directory.client(id);
    if (client.poolId !== directory.pool(poolId).id) return directory.client(undefined);
    return client;
  }

  function serverIn(poolId: string | undefined, identifier: string | undefined) {
    const server = directory.resourceServers.get(`${directory.pool(poolId).id}|${identifier}`);
    if (!server) throw new AwsError("ResourceNotFoundException", `Resource server ${identifier} does not exist.`);
    return server;
  }

  const describeServer = ({ identifier, poolId, name, scopes }: ReturnType<typeof serverIn>) => ({
    UserPoolId: poolId,
    Identifier: identifier,
    Name: name,
    Scopes: scopes.map(({ scopeName, scopeDescription }) => ({
      ScopeName: scopeName,
      ScopeDescription: scopeDescription,
    })),
  });

  function savePool(id: string, properties: Properties, isNew: boolean) {
    const minimum = properties.passwordPolicy?.minimumLength;
    if (minimum !== undefined && !(minimum >= 6 && minimum <= 99))
      throw invalid("Minimum password length must be from 6 to 99.");
    const pool = settings.pool(id, properties);
    settings.keep("pool", id, properties, isNew);
    return pool;
  }

  function saveClient(id: string, properties: Properties, isNew: boolean) {
    const scopes: string[] = properties.allowedOauthScopes ?? [];
    const known = [...directory.resourceServers.values()]
      .filter(({ poolId }) => poolId === properties.userPoolId)
      .flatMap((server) => server.scopes.map(({ scopeName }) => `${server.identifier}/${scopeName}`));
    const usual = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];
    const absent = scopes.find((scope) => !usual.includes(scope) && !known.includes(scope));
    if (absent !== undefined) throw new AwsError("ScopeDoesNotExistException", `The scope ${absent} does not exist.`);
    const urls: string[] = [...(properties.callbackUrls ?? []), ...(properties.logoutUrls ?? [])];
    const wrong = urls.find(
      (url) =>
        !/^(https:\/\/|http:\/\/localhost|http:\/\/127\.0\.0\.1|[a-z][\w.+-]*:\/\/)/.test(url) ||
        /^http:\/\/(?!localhost|127)/.test(url),
    );
    if (wrong !== undefined)
      throw invalid(`${wrong} is not a valid redirect URI: https is required, but for localhost.`);
    if (properties.allowedOauthFlows?.includes("client_credentials") && !properties.generateSecret)
      throw new AwsError(
        "InvalidOAuthFlowException",
        "client_credentials flow can not be selected if client does not have a client secret.",
      );
    const client = settings.client(id, properties);
    settings.keep("client", id, properties, isNew);
    return client;
  }

  function removeClient(id: string): void {
    directory.clients.delete(id);
    settings.forget("client", id);
  }

  return {
    ...anywhere("CreateUserPool", (input: CreateUserPoolCommandInput) => {
      if (!input.PoolName) throw invalid("1 validation error detected: Value at 'poolName' must not be null");
      const id = `${cloud.region}_${Array.from(randomBytes(9), (byte) => ALPHANUMERIC[byte % 36]).join("")}`;
      return { UserPool: describePool(savePool(id, poolProperties(input), true), 0) };
    }),
    ...anywhere("ListUserPools", ({ MaxResults = MOST_LISTED }) => ({
      UserPools: [...directory.pools.values()].slice(0, MaxResults).map((pool) => ({
        Id: pool.id,
        Name: pool.name,
        CreationDate: new Date(pool.createdAt),
        LastModifiedDate: new Date(pool.updatedAt),
      })),
    })),
    ...operation("DescribeUserPool", ({ UserPoolId }) => {
      const pool = directory.pool(UserPoolId);
      const domain = [...directory.domains].find(([, poolId]) => poolId === pool.id)?.[0];
      return { UserPool: describePool(pool, directory.users(pool).length, domain) };
    }),
    ...operation("UpdateUserPool", (input) => {
      const pool = directory.pool(input.UserPoolId);
      const { schemas, usernameAttributes, aliasAttributes, usernameConfiguration, name } = pool.properties;
      // What is not named falls back to its default, as on AWS; what can not be changed stays.
      const fixed = { schemas, usernameAttributes, aliasAttributes, usernameConfiguration, name };
      savePool(pool.id, { ...poolProperties(input), ...fixed, ...(input.PoolName && { name: input.PoolName }) }, false);
      return {};
    }),
    ...operation("AddCustomAttributes", ({ UserPoolId, CustomAttributes }) => {
      const pool = directory.pool(UserPoolId);
      const added = provided(CustomAttributes ?? []) as Properties[];
      const taken = added.find(({ name }) => pool.schema.has(`custom:${name}`));
      if (taken) throw invalid(`custom:${taken.name}: Existing attribute already has name custom:${taken.name}.`);
      savePool(pool.id, { ...pool.properties, schemas: [...(pool.properties.schemas ?? []), ...added] }, false);
      return {};
    }),
    ...operation("SetUserPoolMfaConfig", (input) => {
      const pool = directory.pool(input.UserPoolId);
      const softwareTokenMfaConfiguration = provided(input.SoftwareTokenMfaConfiguration);
      const mfaConfiguration = input.MfaConfiguration ?? "OFF";
      savePool(pool.id, { ...pool.properties, mfaConfiguration, softwareTokenMfaConfiguration }, false);
      return { MfaConfiguration: mfaConfiguration, SoftwareTokenMfaConfiguration: input.SoftwareTokenMfaConfiguration };
    }),
    ...operation("GetUserPoolMfaConfig", ({ UserPoolId }) => {
      const { mfa } = directory.pool(UserPoolId);
      return { MfaConfiguration: mfa, SoftwareTokenMfaConfiguration: { Enabled: mfa !== "OFF" } };
    }),
    ...operation("DeleteUserPool", ({ UserPoolId }) => {
      const pool = directory.pool(UserPoolId);
      if (pool.properties.deletionProtection === "ACTIVE")
        throw invalid(
          "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.",
        );
      if ([...directory.domains.values()].includes(pool.id))
        throw invalid("User pool cannot be deleted. It has a domain configured that should be deleted first.");
      for (const user of directory.users(pool)) directory.remove(user);
      for (const { id, poolId } of directory.clients.values()) if (poolId === pool.id) removeClient(id);
      directory.pools.delete(pool.id);
      settings.forget("pool", pool.id);
      return {};
    }),
    ...operation("CreateUserPoolClient", (input: CreateUserPoolClientCommandInput) => {
      directory.pool(input.UserPoolId);
      const id = Array.from(randomBytes(26), (byte) => ALPHANUMERIC[byte % 36]).join("");
      return { UserPoolClient: describeClient(saveClient(id, clientProperties(input), true)) };
    }),
    ...operation("UpdateUserPoolClient", (input) => {
      const client = clientIn(input.UserPoolId, input.ClientId);
      const { generateSecret, clientSecret, name } = client.properties;
      const properties = { name, ...clientProperties(input), generateSecret, clientSecret };
      return { UserPoolClient: describeClient(saveClient(client.id, properties, false)) };
    }),
    ...operation("DescribeUserPoolClient", ({ UserPoolId, ClientId }) => ({
      UserPoolClient: describeClient(clientIn(UserPoolId, ClientId)),
    })),
    ...operation("ListUserPoolClients", ({ UserPoolId, MaxResults = MOST_LISTED }) => {
      const { id } = directory.pool(UserPoolId);
      const clients = [...directory.clients.values()].filter(({ poolId }) => poolId === id).slice(0, MaxResults);
      return {
        UserPoolClients: clients.map((client) => ({ ClientId: client.id, ClientName: client.name, UserPoolId })),
      };
    }),
    ...operation("DeleteUserPoolClient", ({ UserPoolId, ClientId }) => {
      removeClient(clientIn(UserPoolId, ClientId).id);
      return {};
    }),
    ...operation("CreateUserPoolDomain", ({ Domain = "", UserPoolId }: CreateUserPoolDomainCommandInput) => {
      directory.pool(UserPoolId);
      if (!/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(Domain) || /aws|amazon|cognito/.test(Domain))
        throw invalid("Domain names may have lower-case letters, digits and hyphens, and no reserved words.");
      if (directory.domains.has(Domain)) throw invalid(`Domain already associated with another user pool.`);
      const properties = { domain: Domain, userPoolId: UserPoolId };
      settings.domain(properties);
      settings.keep("domain", Domain, properties, true);
      return {};
    }),
    ...anywhere("DescribeUserPoolDomain", ({ Domain }) => {
      const poolId = directory.domains.get(Domain);
      if (!poolId) return { DomainDescription: {} };
      return { DomainDescription: { Domain, UserPoolId: poolId, AWSAccountId: cloud.account, Status: "ACTIVE" } };
    }),
    ...operation("DeleteUserPoolDomain", ({ Domain, UserPoolId }) => {
      if (directory.domains.get(Domain) !== directory.pool(UserPoolId).id)
        throw invalid("No such domain or user pool exists.");
      directory.domains.delete(Domain);
      settings.forget("domain", Domain);
      return {};
    }),
    ...operation("CreateResourceServer", (input: CreateResourceServerCommandInput) => {
      const id = `${directory.pool(input.UserPoolId).id}|${input.Identifier}`;
      if (directory.resourceServers.has(id))
        throw invalid(`${input.Identifier} already exists in user pool ${input.UserPoolId}.`);
      const properties = provided(input) as Properties;
      settings.keep("resource server", id, properties, true);
      return { ResourceServer: describeServer(settings.resourceServer(properties)) };
    }),
    ...operation("DescribeResourceServer", ({ UserPoolId, Identifier }) => ({
      ResourceServer: describeServer(serverIn(UserPoolId, Identifier)),
    })),
    ...operation("ListResourceServers", ({ UserPoolId }) => ({
      ResourceServers: [...directory.resourceServers.values()]
        .filter(({ poolId }) => poolId === directory.pool(UserPoolId).id)
        .map(describeServer),
    })),
    ...operation("DeleteResourceServer", ({ UserPoolId, Identifier }) => {
      const { poolId, identifier } = serverIn(UserPoolId, Identifier);
      directory.resourceServers.delete(`${poolId}|${identifier}`);
      settings.forget("resource server", `${poolId}|${identifier}`);
      return {};
    }),
  } satisfies Record<string, Operation>;
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

/** The API's names as the provider has them: `AutoVerifiedAttributes` → `autoVerifiedAttributes`. */
function provided(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(provided);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const renamed = Object.entries(value).map(([key, inner]) => [nameOf(key), provided(inner)]);
  return Object.fromEntries(renamed);
}

function nameOf(key: string): string {
  const plain = key.replace("OAuth", "Oauth").replace("URLs", "Urls").replace("URI", "Uri");
  return plain.slice(0, 1).toLowerCase() + plain.slice(1);
}

function poolProperties(input: Partial<CreateUserPoolCommandInput>): Properties {
  const { policies, schema, poolName, userPoolTags, ...rest } = provided(input) as Properties;
  const schemas = (schema ?? []).map((each: Properties) =>
    STANDARD.includes(each.name) ? each : { ...each, name: String(each.name).replace(/^custom:/, "") },
  );
  return { ...rest, name: poolName, passwordPolicy: policies?.passwordPolicy, schemas, tags: userPoolTags };
}

function clientProperties(input: Partial<CreateUserPoolClientCommandInput>): Properties {
  const { clientName, clientId: _, ...rest } = provided(input) as Properties;
  return { ...rest, ...(clientName !== undefined && { name: clientName }) };
}
