/** What the demonstration shows, chapter by chapter. Tenants: a silo of its own, and two neighbours in one pool. */

import { clientConfig, deadLetters, functionEnvironment, sql, tenantSession } from "./cloud.ts";
import { http } from "./http.ts";
import { type Photograph, photographs, uprightJpeg } from "./photographs.ts";
import type { Platform, TenantOutputs } from "./platform.ts";
import { type Story, until } from "./story.ts";
import { announce, assertFailed, assertReady, type Uploaded, upload } from "./uploads.ts";
import { signIn, type Visitor } from "./visitor.ts";
import { type WebhookReceiver, webhookReceiver } from "./webhook-receiver.ts";

export interface Scene {
  platform: Platform;
  story: Story;
  /** Filled by the chapters, each building on those before. */
  visitors?: Visitor[];
  neighbour?: Visitor;
  uploads?: Map<string, Uploaded[]>;
  webhooks?: WebhookReceiver;
  before?: Map<string, Totals>;
}

export type Chapter = (scene: Scene) => Promise<void>;
type Totals = Record<string, number>;

const SILO = "acme";
const POOLED = "initech";
const NEIGHBOUR = "umbrella";

const list = (parts: string[]) => parts.join(", ");

export const signInChapter: Chapter = async (scene) => {
  const { platform, story } = scene;
  story.heading("Users sign in");
  const arrive = (tenantId: string) =>
    story.step(
      `A user of ${tenantId}`,
      () => signIn(platform, tenantId),
      ({ tenant }) => `${tenant.user} at ${tenant.apiUrl} (${tenant.placement})`,
    );
  scene.visitors = [await arrive(SILO), await arrive(POOLED)];
  scene.neighbour = await arrive(NEIGHBOUR);
  await story.step("Without a token nobody gets in", async () => {
    const { status } = await http(`${platform.outputs.tenants[SILO]!.apiUrl}/albums`);
    if (status !== 401) throw new Error(`GET /albums answered ${status}, not 401`);
  });
};

export const photosChapter: Chapter = async (scene) => {
  const { platform, story } = scene;
  const visitors = scene.visitors!;
  await prepareWebhooks(scene);
  scene.before = new Map(await Promise.all(visitors.map(async (each) => [each.tenantId, await totals(each)] as const)));

  story.heading(`${list(visitors.map(({ tenantId }) => tenantId))} upload at the same time`);
  const pictures = await story.step(
    "Photographs are taken",
    async () =>
      new Map(
        await Promise.all(visitors.map(async ({ tenantId }, at) => [tenantId, await photographs(at + 1)] as const)),
      ),
    (made) =>
      list([...made.values()][0]!.map(({ fileName, data }) => `${fileName} ${Math.round(data.length / 1024)} KiB`)),
  );
  scene.uploads = await story.step(
    "Each is announced, uploaded to its signed URL and processed",
    async () => {
      const all = visitors.map(async (visitor) => {
        const { albumId } = await newAlbum(visitor);
        const taken = pictures.get(visitor.tenantId)!;
        return [visitor.tenantId, await Promise.all(taken.map((each) => upload(visitor, albumId, each)))] as const;
      });
      return new Map(await Promise.all(all));
    },
    (done) => `${[...done.values()].flat().length} photos of ${done.size} tenants`,
  );
  const done = [...scene.uploads.values()].flat();
  for (const uploaded of scene.uploads.get(SILO)!.filter(({ photograph }) => photograph.expected === "ready"))
    await story.step(
      `${uploaded.photograph.fileName} is ready; its thumbnails, decoded, stand upright and carry no metadata`,
      () => assertReady(uploaded),
      () => describe(uploaded),
    );
  await story.step("So are the other tenant's", async () => {
    for (const uploaded of scene.uploads!.get(POOLED)!)
      if (uploaded.photograph.expected === "ready") await assertReady(uploaded);
  });
  for (const uploaded of scene.uploads.get(SILO)!.filter(({ photograph }) => photograph.expected === "failed"))
    await story.step(
      `${uploaded.photograph.fileName} failed, with a reason`,
      async () => assertFailed(uploaded),
      (why) => why,
    );
  await story.step("The other tenant's bad files failed too", async () => {
    for (const uploaded of done) if (uploaded.photograph.expected === "failed") assertFailed(uploaded);
  });
  await story.step(
    "None of them is tried for ever",
    async () => {
      const left = Object.entries(await deadLetters(platform.outputs)).filter(([, count]) => count > 0);
      if (left.length > 0) throw new Error(`dead letters in ${list(left.map(([name]) => name))}`);
    },
    () => "the dead-letter queues are empty",
  );
  await story.step("A file larger than announced is refused by the signature", () => refuseLargerUpload(visitors[0]!));
};

async function newAlbum(visitor: Visitor): Promise<{ albumId: string }> {
  return visitor.ask(201, "/albums", { method: "POST", json: { title: `Demonstration ${new Date().toISOString()}` } });
}

function describe({ photo, photograph }: Uploaded): string {
  const sizes = photo.thumbnails.map(({ width, height }) => `${width} × ${height}`);
  const taken = photograph.camera === null ? "" : `, ${photograph.camera}`;
  return `${photo.format} ${photo.width} × ${photo.height}${taken} → ${list(sizes)}`;
}

async function refuseLargerUpload(visitor: Visitor): Promise<void> {
  const picture: Photograph = await uprightJpeg(99);
  const { albumId } = await newAlbum(visitor);
  const { upload: signed } = await announce(visitor, albumId, picture);
  const body = Buffer.concat([picture.data, Buffer.alloc(1)]);
  const headers = Object.fromEntries(
    Object.entries(signed.headers).map(([name, value]) => [
      name,
      /content-length/i.test(name) ? String(body.length) : value,
    ]),
  );
  const { status } = await http(signed.url, { method: signed.method, headers, body });
  if (status !== 403) throw new Error(`the upload answered ${status}, not 403`);
}

/** Points the silo tenant's webhook at a receiver of ours, with the secret that the lifecycle function made. */
async function prepareWebhooks(scene: Scene): Promise<void> {
  const { platform, story } = scene;
  const { outputs } = platform;
  const { GetParameterCommand, PutParameterCommand, SSMClient } = await import("@aws-sdk/client-ssm");
  const ssm = new SSMClient(clientConfig(outputs));
  const path = (name: string) => `/terrace/${outputs.stack}/tenants/${SILO}/${name}`;
  story.heading(`${SILO} wants webhooks`);
  scene.webhooks = await story.step(
    "A receiver listens, and its address is the tenant's setting",
    async () => {
      const secret = await ssm.send(new GetParameterCommand({ Name: path("webhook-secret"), WithDecryption: true }));
      const receiver = await webhookReceiver(secret.Parameter!.Value!, Number(new URL(outputs.aws.endpoint).port) + 1);
      const setting = { Name: path("webhook-url"), Value: receiver.url, Type: "String", Overwrite: true } as const;
      await ssm.send(new PutParameterCommand(setting));
      return receiver;
    },
    ({ url }) => url,
  );
}

async function totals(visitor: Visitor): Promise<Totals> {
  return (await visitor.ask<{ totals: Totals }>(200, "/usage")).totals;
}

export const eventsChapter: Chapter = async (scene) => {
  const { platform, story, webhooks } = scene;
  story.heading("Events reach every consumer");
  try {
    for (const visitor of scene.visitors!) {
      const done = scene.uploads!.get(visitor.tenantId)!;
      const ready = done.filter(({ photo }) => photo.status === "ready").length;
      await story.step(
        `Usage of ${visitor.tenantId} is metered`,
        () => metered(visitor, scene.before!.get(visitor.tenantId)!, ready, done.length - ready),
        (used) =>
          `${used["photos.processed"]} processed, ${used["photos.failed"]} failed, ${Math.round(used["storage.bytes"]! / 1024)} KiB stored`,
      );
    }
    await story.step(
      "The audit trail has every photo, in order, each entry chained to the one before",
      () => audited(scene),
      (count) => `${count} entries of ${SILO}`,
    );
    await story.step(
      `${SILO}'s receiver got signed webhooks for its photos, and nobody else's`,
      () => delivered(scene),
      (count) => `${count} deliveries, every signature verified`,
    );
  } finally {
    await webhooks?.stop();
    void platform;
  }
};

function metered(visitor: Visitor, before: Totals, ready: number, failed: number): Promise<Totals> {
  const gained = (now: Totals, metric: string) => (now[metric] ?? 0) - (before[metric] ?? 0);
  return until(`${ready} processed and ${failed} failed photos of ${visitor.tenantId} in GET /usage`, async () => {
    const now = await totals(visitor);
    return gained(now, "photos.processed") === ready && gained(now, "photos.failed") === failed ? now : undefined;
  });
}

async function audited({ platform, uploads }: Scene): Promise<number> {
  const tenant = platform.outputs.tenants[SILO]!;
  const expected = uploads!.get(SILO)!.map(({ photo }) => photo.photoId);
  return until("An audit entry for every photo", async () => {
    const rows = await sql(
      platform.outputs,
      tenant,
      "select sequence, event_type, payload, previous_hash, hash from audit_events order by sequence",
    );
    rows.forEach((row, at) => {
      if (at > 0 && row.previous_hash !== rows[at - 1]!.hash) throw new Error(`entry ${row.sequence} breaks the chain`);
    });
    const seen = JSON.stringify(
      rows.filter(({ event_type: type }) => type === "photo.ready" || type === "photo.failed"),
    );
    return expected.every((photoId) => seen.includes(photoId)) ? rows.length : undefined;
  });
}

/** A function remembers for a minute that a tenant has no webhook: where it does, that minute is waited out and events follow. */
async function delivered({ visitors, uploads, webhooks, story }: Scene): Promise<number> {
  const expected = uploads!.get(SILO)!.length;
  const outcomes = () =>
    webhooks!.received.filter(({ type }) => type === "photo.ready" || type === "photo.failed").length;
  try {
    await until("Webhooks", async () => outcomes() >= expected || undefined, 15_000);
  } catch {
    story.say("The notifier still remembers the former setting; it looks again every minute…");
    await until(
      "A webhook with the new setting",
      async () => {
        const before = webhooks!.received.length;
        await newAlbum(visitors![0]!);
        return until("One", async () => webhooks!.received.length > before || undefined, 10_000).catch(() => undefined);
      },
      90_000,
    );
  }
  const foreign = webhooks!.received.find(({ tenantId }) => tenantId !== SILO);
  if (foreign) throw new Error(`a webhook of ${foreign.tenantId} arrived`);
  if (webhooks!.refused > 0) throw new Error(`${webhooks!.refused} deliveries had a wrong signature`);
  return webhooks!.received.length;
}

export const isolationChapter: Chapter = async ({ platform, story, visitors, neighbour, uploads }) => {
  const { outputs } = platform;
  const victim = visitors!.find(({ tenantId }) => tenantId === POOLED)!;
  const target = uploads!.get(POOLED)!.find(({ photo }) => photo.status === "ready")!.photo;
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
  credentials: Parameters<typeof clientConfig>[1],
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
