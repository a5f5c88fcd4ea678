import { Kysely, sql } from "kysely";
import { DataApiDialect, httpTransport } from "../../data-api/index.ts";
import { CLUSTER_ARN } from "../local/rds-data/data-api-server.ts";
import { type Backend, credentials, failure, startBackend } from "./backend.ts";

const secret = (tenant: string) => `arn:aws:secretsmanager:eu-west-1:000000000000:secret:${tenant}-AbCdEf`;

let backend: Backend;

beforeAll(async () => {
  backend = await startBackend();
  const admin = backend.connect();
  await sql`create table note (tenant text default current_user, text text)`.execute(admin);
  await sql`alter table note enable row level security`.execute(admin);
  await sql`create policy own on note using (tenant = current_user)`.execute(admin);
  for (const tenant of ["acme", "globex"]) {
    await sql`create role ${sql.id(tenant)} login password ${sql.lit(tenant)}`.execute(admin);
    await sql`grant select, insert on note to ${sql.id(tenant)}`.execute(admin);
    backend.server.secrets.set(secret(tenant), JSON.stringify({ username: tenant, password: tenant }));
  }
});
afterAll(() => backend.stop());

describe("an instance for each tenant", () => {
  it("runs as the role of its tenant's secret, over one transport for all", async () => {
    const transport = httpTransport({ endpoint: backend.server.endpoint, region: "eu-west-1", credentials });
    const forTenant = (tenant: string) =>
      new Kysely<{ note: { tenant: string | undefined; text: string } }>({
        dialect: new DataApiDialect({ resourceArn: CLUSTER_ARN, secretArn: secret(tenant), transport }),
      });
    const [acme, globex] = [forTenant("acme"), forTenant("globex")];
    const write = (on: typeof acme, text: string) =>
      on.insertInto("note").values({ text, tenant: undefined }).execute();
    await Promise.all([write(acme, "a"), write(globex, "g"), write(acme, "b")]);

    const read = (on: typeof acme) => on.selectFrom("note").selectAll().orderBy("text").execute();
    expect(await read(acme)).toEqual([
      { tenant: "acme", text: "a" },
      { tenant: "acme", text: "b" },
    ]);
    expect(await read(globex)).toEqual([{ tenant: "globex", text: "g" }]);
    const foreign = globex.insertInto("note").values({ tenant: "acme", text: "planted" });
    expect(await failure(foreign.execute())).toMatchObject({ sqlState: "42501" });
  });

  it("does not end another tenant's transaction, or speak in it", async () => {
    const acme = backend.connect(undefined, { secretArn: secret("acme") });
    let id = "";
    const eavesdropping = backend.connect(undefined, {
      secretArn: secret("acme"),
      transport: async (operation, input, options) => {
        const answer = await backend.transport(operation, input, options);
        id ||= answer.transactionId ?? "";
        return answer;
      },
    });
    const transaction = await eavesdropping.startTransaction().execute();
    await transaction.insertInto("note").values({ text: "secret" }).execute();
    const target = { resourceArn: CLUSTER_ARN, secretArn: secret("globex"), transactionId: id };
    const speak = backend.transport("ExecuteStatement", { ...target, sql: "select * from note" });
    const end = backend.transport("RollbackTransaction", target);

    expect(await failure(speak)).toMatchObject({ code: "BadRequestException" });
    expect(await failure(end)).toMatchObject({ code: "BadRequestException" });
    await transaction.commit().execute();
    expect(await acme.selectFrom("note").selectAll().where("text", "=", "secret").execute()).toHaveLength(1);
  });
});
