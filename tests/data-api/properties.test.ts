import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { sql } from "kysely";
import { type Backend, startBackend } from "./backend.ts";

let backend: Backend;

beforeAll(async () => {
  backend = await startBackend();
  const db = backend.connect();
  await sql`create type mood as enum ('sad', 'it''s "ok"', 'ü, {}')`.execute(db);
  await sql`create type address as (street text, zip int4, parts text[])`.execute(db);
});
afterAll(() => backend.stop());

describe("random values of every type come back as they were written", () => {
  it.each([
    ["UTC", 0],
    ["America/St_Johns", 210],
    ["Asia/Kathmandu", -330],
  ])("at %s", async (TZ, offset) => {
    const script = join(import.meta.dirname, "properties.ts");
    const table = `random_${TZ.replace("/", "_").toLowerCase()}`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", script, backend.server.endpoint, table],
      { env: { ...process.env, TZ } },
    ).catch((error) => {
      throw new Error(`${error.stderr}`.slice(0, 5000));
    });

    expect(stdout).toMatch(new RegExp(`^[1-9]\\d{3,} values round-tripped at ${offset} minutes\n$`));
  });
});
