/** A neighbour in the same pool tries to see another tenant's photos: by the API, by IAM, by SQL. */

import { type Credentials, clientConfig, functionEnvironment, sql, tenantSession } from "../cloud.ts";
import type { Platform, TenantOutputs } from "../platform.ts";
import { type Chapter, NEIGHBOUR, POOLED } from "./scene.ts";

export const isolationChapter: Chapter = async ({ platform, story, visitors, neighbour, uploads }) => {
  const { outputs } = platform;
  const victim = visitors.find(({ tenantId }) => tenantId === POOLED)!;
  const target = uploads.get(POOLED)!.find(({ photo }) => photo.status === "ready")!.photo;
  story.heading(`${NEIGHBOUR} tries to see what ${POOLED} has (one pool, the same tables)`);
  await story.step(
    "API, by the photo's id: not found",
    async () => {
      const { status } = await neighbour!.try(`/photos/${target.photoId}`);
      if (status !== 404) throw new Error(`answered ${status}`);
      return status;
    },
    (status) => `${status}`,
  );
  await story.step("API, at the other tenant's host: forbidden", async () => {
    const { status } = await neighbour!.try("/albums", { host: new URL(victim.tenant.apiUrl).host });
    if (status !== 403) throw new Error(`answered ${status}`);
  });
  await story.step("API, with a forged tenant header: still its own albums", async () => {
    const forged = await neighbour!.ask<object>(200, "/albums", { headers: { "x-amz-tenant-id": POOLED } });
    const own = await neighbour!.ask<object>(200, "/albums");
    if (JSON.stringify(forged) !== JSON.stringify(own)) throw new Error("the header changed the answer");
  });
  const session = await story.step(`With ${NEIGHBOUR}'s own AWS session`, async () =>
    tenantSession(outputs, await tenantRole(platform, NEIGHBOUR), NEIGHBOUR),
  );
  await story.step(
    `IAM denies the secret of ${POOLED}'s database role`,
    () => deniedSecret(platform, session, victim.tenant),
    (message) => message,
  );
  await story.step(
    "Row security: the same table, other rows",
    async () => {
      const text = `select count(*)::int as photos, count(*) filter (where tenant_id = '${POOLED}')::int as foreign_rows from photos`;
      const [own] = await sql(outputs, neighbour!.tenant, text, session);
      const [theirs] = await sql(outputs, victim.tenant, text);
      if (own!.foreign_rows !== 0) throw new Error(`${own!.foreign_rows} rows of ${POOLED} are visible`);
      if (!(Number(theirs!.photos) > 0)) throw new Error(`${POOLED} itself sees no rows`);
      return `${NEIGHBOUR} sees ${own!.foreign_rows} of ${POOLED}'s ${theirs!.photos} rows`;
    },
    (seen) => seen,
  );
};

/** The role that functions assume for a tenant, from the API function's own environment. */
async function tenantRole({ outputs }: Platform, tenantId: string): Promise<string> {
  const { cell } = (outputs.outputs.tenants as Record<string, { cell: string }>)[tenantId]!;
  const { lifecycleFunction } = (outputs.outputs.cells as Record<string, { lifecycleFunction: string }>)[cell]!;
  const { ListFunctionsCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const { Functions = [] } = await new LambdaClient(clientConfig(outputs)).send(new ListFunctionsCommand({}));
  const names = [lifecycleFunction, ...Functions.map(({ FunctionName }) => FunctionName!)];
  for (const name of names) {
    const environment = await functionEnvironment(outputs, name);
    if (environment.TENANT_ROLE_ARN && environment.TERRACE_CELL === cell) return environment.TENANT_ROLE_ARN;
  }
  throw new Error(`no function of cell ${cell} names its tenant role`);
}

async function deniedSecret(
  { outputs }: Platform,
  credentials: Credentials,
  { database }: TenantOutputs,
): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import("@aws-sdk/client-secrets-manager");
  const client = new SecretsManagerClient(clientConfig(outputs, credentials));
  try {
    await client.send(new GetSecretValueCommand({ SecretId: database.secretArn }));
  } catch (error) {
    if ((error as Error).name !== "AccessDeniedException") throw error;
    return (error as Error).name;
  }
  throw new Error("it was handed out");
}
