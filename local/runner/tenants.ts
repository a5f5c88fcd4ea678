/** The tenants of a stack, as its outputs tell: where each is served and how one signs in. */
import { randomBytes } from "node:crypto";
import type { Graph } from "../../engine/graph.ts";
import { keyring } from "../keyring.ts";
import { AwsError, type Cloud } from "../service.ts";
import type { Hosts } from "../services/apigateway/gateway.ts";

/** One entry of the stack output `tenants`. */
export interface TenantOutput {
  placement: string;
  host: string;
  apiId: string;
  apiStage: string;
  userPoolId: string;
  userPoolClientId: string;
  clusterArn: string;
  tenantsTable: string;
}

export interface LocalTenant {
  placement: string;
  apiUrl: string;
  user: string;
  password: string;
  userPoolId: string;
  clientId: string;
  apiKey?: string;
  database?: { resourceArn: string; secretArn: string; database: string };
}

export function tenantOutputs(graph: Graph): Record<string, TenantOutput> {
  return (graph.outputs.tenants ?? {}) as unknown as Record<string, TenantOutput>;
}

export function hostsOf(graph: Graph): Hosts {
  const entries = Object.entries(tenantOutputs(graph));
  return Object.fromEntries(entries.map(([id, { host, apiId, apiStage }]) => [id, { host, apiId, stage: apiStage }]));
}

/** Makes a user per tenant where there is none, and gathers what one needs to try each tenant out. */
export async function localTenants(cloud: Cloud, graph: Graph, port: number): Promise<Record<string, LocalTenant>> {
  const found = Object.entries(tenantOutputs(graph)).map(async ([id, tenant]) => {
    const [signIn, apiKey, database] = await Promise.all([
      signInOf(cloud, id, tenant),
      apiKeyOf(cloud, graph.stack, id),
      databaseOf(cloud, id, tenant),
    ]);
    const local: LocalTenant = {
      placement: tenant.placement,
      apiUrl: `http://${id}.localhost:${port}`,
      ...signIn,
      userPoolId: tenant.userPoolId,
      clientId: tenant.userPoolClientId,
      apiKey,
      database,
    };
    return [id, local] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

/** The password is random and made once; the user keeps it for as long as the state folder lives. */
async function signInOf(cloud: Cloud, id: string, { userPoolId, host }: TenantOutput) {
  const { database } = cloud;
  const keys = keyring(cloud.directory);
  database.exec(
    "CREATE TABLE IF NOT EXISTS runner_sign_ins (pool TEXT, name TEXT, sealed BLOB NOT NULL, PRIMARY KEY (pool, name)) STRICT",
  );
  const user = `admin@${host}`;
  const known = database
    .prepare("SELECT sealed FROM runner_sign_ins WHERE pool = ? AND name = ?")
    .get(userPoolId, user);
  if (known) return { user, password: keys.open(known.sealed as Uint8Array) };
  // Every class of character that a pool's password policy can ask for.
  const password = `${randomBytes(15).toString("base64url")}-aA1`;
  const attributes = { email: user, email_verified: "true", "custom:tenant": id };
  try {
    await cloud.call("cognito-idp", "AdminCreateUser", {
      UserPoolId: userPoolId,
      Username: user,
      MessageAction: "SUPPRESS",
      UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
    });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== "UsernameExistsException") throw error;
  }
  const input = { UserPoolId: userPoolId, Username: user, Password: password, Permanent: true };
  await cloud.call("cognito-idp", "AdminSetUserPassword", input);
  database.prepare("INSERT INTO runner_sign_ins VALUES (?, ?, ?)").run(userPoolId, user, keys.seal(password));
  return { user, password };
}

async function apiKeyOf(cloud: Cloud, stack: string, id: string): Promise<string | undefined> {
  const input = { Name: `/terrace/${stack}/tenants/${id}/api-key`, WithDecryption: true };
  const { Parameter } = await found(cloud.call("ssm", "GetParameter", input));
  return Parameter?.Value;
}

async function databaseOf(cloud: Cloud, id: string, { tenantsTable, clusterArn }: TenantOutput) {
  const input = { TableName: tenantsTable, Key: { tenantId: { S: id } } };
  const { Item } = await found(cloud.call("dynamodb", "GetItem", input));
  if (!Item?.dbSecretArn?.S) return undefined;
  return { resourceArn: clusterArn, secretArn: Item.dbSecretArn.S as string, database: String(Item.database?.S) };
}

/** A tenant whose provisioning failed lacks these; the platform is up for the others. */
// biome-ignore lint/suspicious/noExplicitAny: an answer of whichever operation was called
async function found(answer: Promise<any>): Promise<any> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AwsError && /NotFound/.test(error.code)) return {};
    throw error;
  }
}
