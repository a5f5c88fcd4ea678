/**
 * One suite, several backends: kysely's own dialect over `pg`, and ours over the local Data API by both its transports, all
 * against the same PostgreSQL server; and a cluster on AWS where the environment names one:
 *
 *     TERRACE_TEST_CLUSTER_ARN=… TERRACE_TEST_SECRET_ARN=… npm test -- parity
 *
 * Each backend has a database of its own, which goes with it.
 */

import { randomUUID } from "node:crypto";
import { type Compilable, Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import Cursor from "pg-cursor";
import { DataApiDialect, type DataApiDialectConfig } from "../../data-api/index.ts";
import { sdkTransport } from "../../data-api/transport/sdk-transport.ts";
import { MASTER_SECRET, startDataApi, TARGET, type TestServer } from "../local/rds-data/data-api-server.ts";
import { columnTypes, createKennel, fillKennel, type Kennel } from "./kennel.ts";

export interface Backend {
  name: string;
  isDataApi: boolean;
  readonly db: Kysely<Kennel>;
  /** Compares what the query compiles to, then what it gives. */
  same(query: Query, expected: Expected): Promise<void>;
}

export interface Expected {
  /** As our dialect writes it; kysely's own has `$1` where this has `:1::uuid`. Both, where they differ otherwise. */
  sql: string | { pg: string; dataApi: string };
  rows: unknown;
}

type Query = Compilable & { execute(): Promise<unknown> };

interface Opened {
  db: Kysely<Kennel>;
  close(): Promise<void>;
}

const { TERRACE_TEST_CLUSTER_ARN, TERRACE_TEST_SECRET_ARN } = process.env;

/** What a local backend is made of. */
interface Server extends TestServer {
  /** Where `pg` finds the database behind the Data API. */
  address: { host: string; port: string };
}

const LOCAL: Record<string, (server: Server, database: string) => Kysely<Kennel>> = {
  "kysely's own dialect over pg": viaPg,
  "this dialect, its own transport": (server, database) => viaDataApi(server, { database }),
  "this dialect, the SDK's client": (server, database) =>
    viaDataApi(server, { database, transport: sdkTransport(server.client) }),
};

/** Runs `tests` once on each backend, with the kennel as it was before each test. */
export function onEveryBackend(tests: (backend: Backend) => void): void {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  for (const [name, connect] of Object.entries(LOCAL)) {
    const isDataApi = connect !== viaPg;
    describe(name, () => suite(tests, { name, isDataApi }, () => openLocal(server, connect)));
  }
  if (TERRACE_TEST_CLUSTER_ARN && TERRACE_TEST_SECRET_ARN) {
    describe("AWS", () => suite(tests, { name: "AWS", isDataApi: true }, openOnAws));
  } else {
    it.skip("AWS (set TERRACE_TEST_CLUSTER_ARN and TERRACE_TEST_SECRET_ARN to run there)", () => {});
  }
}

function suite(
  tests: (backend: Backend) => void,
  { name, isDataApi }: { name: string; isDataApi: boolean },
  open: () => Promise<Opened>,
): void {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open();
    await createKennel(opened.db);
  });
  beforeEach(() => fillKennel(opened.db));
  afterAll(() => opened?.close());
  tests({
    name,
    isDataApi,
    get db() {
      return opened.db;
    },
    async same(query, { sql: text, rows }) {
      const expected = typeof text === "string" ? { dataApi: text, pg: asKyselyWrites(text) } : text;
      expect(query.compile().sql).toBe(isDataApi ? expected.dataApi : expected.pg);
      expect(await query.execute()).toEqual(rows);
    },
  });
}

function asKyselyWrites(text: string): string {
  return text.replace(/:(\d+)(?:::\w+(?:\[\])?)?/g, (_, number) => `$${number}`);
}

async function startServer(): Promise<Server> {
  const server = await startDataApi();
  await server.provision();
  const { rows } = await sql<Server["address"]>`
    select current_setting('unix_socket_directories') as host, current_setting('port') as port`.execute(
    viaDataApi(server, {}),
  );
  return { ...server, address: rows[0]! };
}

let databases = 0;

async function openLocal(server: Server, connect: (server: Server, database: string) => Kysely<Kennel>) {
  const database = `kennel_${++databases}`;
  await sql`create database ${sql.id(database)}`.execute(viaDataApi(server, {}));
  const db = connect(server, database);
  return { db, close: () => db.destroy() };
}

async function openOnAws(): Promise<Opened> {
  const target = { resourceArn: TERRACE_TEST_CLUSTER_ARN!, secretArn: TERRACE_TEST_SECRET_ARN! };
  const database = `parity_${randomUUID().replaceAll("-", "")}`;
  const admin = new Kysely<never>({ dialect: new DataApiDialect({ ...target, database: "postgres" }) });
  await sql`create database ${sql.id(database)}`.execute(admin);
  const db = new Kysely<Kennel>({ dialect: new DataApiDialect({ ...target, database, columnTypes }) });
  return { db, close: async () => void (await sql`drop database ${sql.id(database)} with (force)`.execute(admin)) };
}

const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "example" };

/** An instance on a test's own server. */
export function viaDataApi(server: TestServer, more: Partial<DataApiDialectConfig>): Kysely<Kennel> {
  const dialect = new DataApiDialect({ ...TARGET, endpoint: server.endpoint, credentials, columnTypes, ...more });
  return new Kysely<Kennel>({ dialect });
}

/** Types that `pg` makes into objects in local time, or rounds: both sides give their text here. */
const AS_TEXT = new Set([1082, 1083, 1114, 1186, 600, 718, 1182, 1183, 1115, 1187, 1231]);
const ELEMENTS = new Set([1182, 1183, 1115, 1187, 1231]);

function viaPg({ secrets, address }: Server, database: string): Kysely<Kennel> {
  const { username, password } = JSON.parse(secrets.get(MASTER_SECRET)!);
  const textArray = pg.types.getTypeParser(1009 as never);
  const pool = new pg.Pool({
    host: address.host || "127.0.0.1",
    port: Number(address.port),
    user: username,
    password,
    database,
    max: 4,
    types: {
      getTypeParser: ((oid: number, format: "text") => {
        if (ELEMENTS.has(oid)) return textArray;
        return AS_TEXT.has(oid) ? String : pg.types.getTypeParser(oid, format);
      }) as never,
    },
  });
  pool.on("error", () => undefined);
  return new Kysely<Kennel>({ dialect: new PostgresDialect({ pool, cursor: Cursor as never }) });
}
