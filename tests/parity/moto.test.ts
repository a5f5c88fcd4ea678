/**
 * Python's moto, another emulator, where it is installed. It knows no SQL and answers what it is given: so it is given what
 * the local Data API answered, and has to mean the same to the dialect.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type Kysely, sql } from "kysely";
import { httpTransport } from "../../data-api/index.ts";
import { type Backend, credentials, startBackend } from "../data-api/backend.ts";
import { TARGET } from "../local/rds-data/data-api-server.ts";

const isInstalled = spawnSync("python3", ["-c", "import moto.server"], { timeout: 60_000 }).status === 0;
const region = "eu-west-1";
const columnTypes = {
  everything: {
    ...{ id: "int4", big: "int8", price: "numeric", ratio: "float8", name: "text", active: "bool", day: "date" },
    ...{ at: "timestamptz", data: "jsonb", key: "uuid", tags: "text[]", bytes: "bytea" },
  },
};

if (!isInstalled) it.skip("compares with moto (python3 has none: pip install 'moto[server]')", () => {});
else
  describe("moto", () => {
    let moto: ChildProcess;
    let endpoint: string;
    let backend: Backend;
    // biome-ignore lint/suspicious/noExplicitAny: the table is made here
    let ours: Kysely<any>;
    // biome-ignore lint/suspicious/noExplicitAny: the same, of another server
    let theirs: Kysely<any>;

    beforeAll(async () => {
      [moto, backend] = await Promise.all([startMoto(), startBackend()]);
      ours = backend.connect(columnTypes);
      const transport = httpTransport({ endpoint, region, credentials });
      theirs = backend.connect(columnTypes, { transport });
      await sql`create table everything (id int4, big int8, price numeric, ratio float8, name text, active bool, day date,
        at timestamptz, data jsonb, key uuid, tags text[], bytes bytea)`.execute(ours);
    }, 60_000);
    afterAll(async () => {
      await backend?.stop();
      if (moto && moto.exitCode === null) {
        moto.kill();
        await once(moto, "exit");
      }
    });

    async function startMoto(): Promise<ChildProcess> {
      const child = spawn("python3", ["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      let log = "";
      child.stderr!.setEncoding("utf8").on("data", (chunk) => (log += chunk));
      const exited = once(child, "exit");
      while (!/Running on (http:\S+)/.test(log)) {
        await Promise.race([once(child.stderr!, "data"), exited]);
        if (child.exitCode !== null) throw new Error(`moto did not start: ${log}`);
      }
      endpoint = /Running on (http:\S+)/.exec(log)![1]!;
      return child;
    }

    /** What moto answers to the next statement that it has not heard. */
    async function teach(result: object): Promise<void> {
      const body = JSON.stringify({ account_id: "123456789012", region, results: [result] });
      const headers = { "content-type": "application/json" };
      const url = `${endpoint}/moto-api/static/rds-data/statement-results`;
      const { status } = await fetch(url, { method: "POST", headers, body });
      expect(status).toBe(201);
    }

    it("gives the rows that the local Data API gives, of every type and null", async () => {
      await ours
        .insertInto("everything")
        .values([
          {
            ...{ id: 1, big: 9007199254740993n, price: "1.50", ratio: 0.1, name: 'ü " \\', active: true },
            ...{ day: "2024-02-29", at: new Date(1e12), data: { a: [1, null] }, tags: ["a", null, 'b"'] },
            ...{ key: "3f1c9d1e-8f5b-4c59-9d5e-3a4b2c1d0e9f", bytes: Buffer.from([0, 255]) },
          },
          { id: 2 },
        ])
        .execute();
      const query = (db: typeof ours) => db.selectFrom("everything").selectAll().orderBy("id");
      const compiled = query(ours).compile();
      const more = { includeResultMetadata: true, resultSetOptions: { longReturnType: "STRING" } };
      await teach(await backend.transport("ExecuteStatement", { ...TARGET, sql: compiled.sql, ...more }));

      const rows = await query(theirs).execute();
      expect(rows).toEqual(await query(ours).execute());
      expect(rows[0]!.big).toBe("9007199254740993");
      expect(rows[1]).toEqual({ ...Object.fromEntries(Object.keys(rows[1]!).map((name) => [name, null])), id: 2 });
    });

    it("counts what a write changed, as the local Data API counts", async () => {
      const query = (db: typeof ours) => db.updateTable("everything").set({ name: "new" });
      const { sql: text } = query(ours).compile();
      const parameters = [{ name: "1", value: { stringValue: "new" } }];
      await teach(await backend.transport("ExecuteStatement", { ...TARGET, sql: text, parameters }));

      expect(await query(theirs).executeTakeFirst()).toEqual({ numUpdatedRows: 2n });
      expect(await query(ours).executeTakeFirst()).toEqual({ numUpdatedRows: 2n });
    });
  });
