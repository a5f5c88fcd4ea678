import { type Kysely, sql } from "kysely";
import { migrateToLatest } from "../../migrations/index.ts";
import type { Database } from "../../migrations/schema.ts";
import { startDataApi, type TestServer } from "../local/rds-data/data-api-server.ts";
import { addTenant, connect, connectAsMaster, failure, tenantSecret } from "./tenant-role.ts";

let server: TestServer;
let master: Kysely<Database>;
let acme: Kysely<Database>;
let globex: Kysely<Database>;

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
  master = connectAsMaster(server);
  await migrateToLatest({ db: master });
  acme = await addTenant(server, "acme");
  globex = await addTenant(server, "globex");
});
afterAll(() => server.stop());

describe("a tenant's role", () => {
  it("writes rows of its own tenant without naming it, and only it can read them", async () => {
    const { album_id, tenant_id } = await acme
      .insertInto("albums")
      .values({ title: "Terraces" })
      .returningAll()
      .executeTakeFirstOrThrow();

    const own = await acme.selectFrom("albums").selectAll().where("album_id", "=", album_id).execute();
    const others = await globex.selectFrom("albums").selectAll().where("album_id", "=", album_id).execute();

    expect(tenant_id).toBe("acme");
    expect(own).toHaveLength(1);
    expect(others).toEqual([]);
  });

  it("can not write, change or delete another tenant's rows", async () => {
    const { album_id } = await acme
      .insertInto("albums")
      .values({ title: "Mine" })
      .returning("album_id")
      .executeTakeFirstOrThrow();

    const insert = await failure(globex.insertInto("albums").values({ tenant_id: "acme", title: "Planted" }).execute());
    const update = await globex
      .updateTable("albums")
      .set({ title: "Taken" })
      .where("album_id", "=", album_id)
      .execute();
    const remove = await globex.deleteFrom("albums").where("album_id", "=", album_id).execute();

    expect(insert.message).toContain("row-level security");
    expect(update[0]!.numUpdatedRows).toBe(0n);
    expect(remove[0]!.numDeletedRows).toBe(0n);
    expect(await acme.selectFrom("albums").select("title").where("album_id", "=", album_id).execute()).toEqual([
      { title: "Mine" },
    ]);
  });

  it.each([
    "set role terrace_tenant",
    'set role "t_acme"',
    'set session authorization "t_acme"',
    "set row_security = off",
  ])("gains nothing by %s", async (attempt) => {
    await acme.insertInto("albums").values({ title: "Secret" }).execute();

    const rows = globex.transaction().execute(async (transaction) => {
      await sql.raw(attempt).execute(transaction);
      return transaction.selectFrom("albums").select("title").where("tenant_id", "=", "acme").execute();
    });

    expect(await rows.catch(() => "refused")).toEqual("refused");
  });

  it("can not reference another tenant's album from its photo", async () => {
    const { album_id } = await acme
      .insertInto("albums")
      .values({ title: "Far" })
      .returning("album_id")
      .executeTakeFirstOrThrow();

    const photo = { album_id, file_name: "a.jpg", content_type: "image/jpeg", announced_bytes: 1 };
    const insert = await failure(globex.insertInto("photos").values(photo).execute());

    expect(insert).toMatchObject({ sqlState: "23503", constraint: "photos_album" });
  });

  it("can add to the audit trail but neither change nor remove what is there", async () => {
    const event_id = crypto.randomUUID();
    const event = { event_id, event_type: "album.created", occurred_at: new Date(), payload: { title: "A" } };
    const link = { sequence: 1, previous_hash: "0".repeat(64), hash: "1".repeat(64) };
    await acme
      .insertInto("audit_events")
      .values({ ...event, ...link })
      .execute();

    const change = await failure(
      acme.updateTable("audit_events").set({ actor: "nobody" }).where("event_id", "=", event_id).execute(),
    );
    const remove = await failure(acme.deleteFrom("audit_events").where("event_id", "=", event_id).execute());

    expect(change).toMatchObject({ sqlState: "42501" });
    expect(remove).toMatchObject({ sqlState: "42501" });
  });

  it("can not connect to a database of another tenant", async () => {
    await sql`create database t_hooli`.execute(master);
    await migrateToLatest({ db: connectAsMaster(server, "t_hooli") });
    await addTenant(server, "hooli", "t_hooli");

    const stray = connect(server, tenantSecret("acme"), "t_hooli").selectFrom("albums").selectAll();

    expect(await failure(stray.execute())).toMatchObject({ sqlState: "42501" });
  });
});

describe("the catalogue", () => {
  const list = async (query: ReturnType<typeof sql<{ name: string }>>) =>
    (await query.execute(master)).rows.map(({ name }) => name);
  const inPublic = sql`c.relnamespace = 'public'::regnamespace`;

  it("has row security, forced, and a policy on every table", async () => {
    const open = await list(sql<{ name: string }>`
      select c.relname::text as name from pg_class c where ${inPublic} and c.relkind in ('r', 'p')
        and not (c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))`);
    expect(open).toEqual([]);
  });

  it("has the tenant in every primary key, unique index and foreign key", async () => {
    const without = await list(sql<{ name: string }>`
      select i.indexrelid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indrelid
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
      where ${inPublic} and i.indisunique and not a.attnum = any (i.indkey::int2[])
      union all
      select k.conname::text from pg_constraint k join pg_class c on c.oid = k.conrelid
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
      where ${inPublic} and k.contype = 'f' and not a.attnum = any (k.conkey)
      union all
      select c.relname::text from pg_class c where ${inPublic} and c.relkind in ('r', 'p')
        and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
      union all
      select c.relname::text from pg_class c where ${inPublic} and c.relkind in ('r', 'p')
        and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)`);
    expect(without).toEqual([]);
  });

  it("has no SECURITY DEFINER function, no materialised view, and no view without security_invoker", async () => {
    const found = await list(sql<{ name: string }>`
      select p.proname::text as name from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
      union all
      select c.relname::text from pg_class c where ${inPublic} and (c.relkind = 'm'
        or c.relkind = 'v' and not coalesce(c.reloptions @> array['security_invoker=true'], false))`);
    expect(found).toEqual([]);
  });

  it("gives PUBLIC nothing in the database, the schema and its tables", async () => {
    const { rows } = await sql<{ granted: boolean }>`
      select has_database_privilege('public', current_database(), 'connect')
        or has_schema_privilege('public', 'public', 'usage')
        or exists (select from pg_class c, aclexplode(c.relacl) a where ${inPublic} and a.grantee = 0) as granted`.execute(
      master,
    );
    expect(rows).toEqual([{ granted: false }]);
  });
});
