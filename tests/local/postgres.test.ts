import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type PostgresServer, startPostgres } from "../../local/postgres.ts";

const running: PostgresServer[] = [];
const directories: string[] = [];

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "terrace-postgres-"));
  directories.push(directory);
  return directory;
}

async function start(directory: string): Promise<PostgresServer> {
  const server = await startPostgres({ directory });
  running.push(server);
  return server;
}

async function query(server: PostgresServer, text: string, credentials: object = {}): Promise<pg.QueryResult> {
  const { host, port, user, password } = server;
  const client = new pg.Client({ host, port, user, password, database: "postgres", ...credentials });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A process of its own that starts a server, says its number and waits. */
async function startInChild(directory: string): Promise<{ child: ChildProcess; server: number }> {
  const program = `
    import { startPostgres } from ${JSON.stringify(join(import.meta.dirname, "../../local/postgres.ts"))};
    const server = await startPostgres({ directory: ${JSON.stringify(directory)} });
    console.log(server.pid);
    setInterval(() => {}, 60_000);`;
  const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript"];
  const child = spawn(process.execPath, [...flags, "--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [data] = await once(child.stdout!, "data");
  return { child, server: Number(String(data)) };
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

describe("startPostgres", () => {
  it("serves PostgreSQL 17 on a fresh directory, and keeps its data for the next start", async () => {
    const directory = newDirectory();
    const first = await start(directory);
    const version = await query(first, "show server_version");
    await query(first, "create table kept as select 1 as one");
    await first.stop();

    const second = await start(directory);

    expect(version.rows[0].server_version).toMatch(/^17\./);
    expect((await query(second, "select one from kept")).rows).toEqual([{ one: 1 }]);
  });

  it("leaves no process and no socket when stopped, even with a connection open", async () => {
    const server = await start(newDirectory());
    const { host, port, user, password } = server;
    const client = new pg.Client({ host, port, user, password, database: "postgres" });
    client.on("error", () => {});
    await client.connect();

    await server.stop();

    expect(isAlive(server.pid)).toBe(false);
    expect(existsSync(host)).toBe(host === "127.0.0.1");
  });

  it("ends with its parent when that is killed, and the next start finds what was committed", async () => {
    const directory = newDirectory();
    const { child, server } = await startInChild(directory);

    child.kill("SIGKILL");
    await once(child, "exit");
    const next = await start(directory);

    expect(isAlive(server)).toBe(false);
    expect((await query(next, "select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  it("recovers from a kill of the server itself, stale lock file and all", async () => {
    const directory = newDirectory();
    const { child, server } = await startInChild(directory);
    // The watching shell first, so that nothing is left to shut the server down in order.
    const shell = Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${server}/status`, "utf8"))?.[1]);
    for (const pid of [shell, server, child.pid!]) process.kill(pid, "SIGKILL");
    await Promise.all([shell, server].map(untilGone));
    expect(existsSync(join(directory, "data", "postmaster.pid"))).toBe(true);

    const next = await start(directory);

    expect((await query(next, "select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  it("stops a server that outlived its run before it takes the directory", async () => {
    const directory = newDirectory();
    const { child, server } = await startInChild(directory);
    const shell = Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${server}/status`, "utf8"))?.[1]);
    process.kill(shell, "SIGKILL");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isAlive(server)).toBe(true);

    const next = await start(directory);

    expect(isAlive(server)).toBe(false);
    expect(next.pid).not.toBe(server);
  });

  it("refuses a directory that another live process uses, and names it", async () => {
    const directory = newDirectory();
    const { child, server } = await startInChild(directory);
    try {
      await expect(startPostgres({ directory })).rejects.toThrow(`in use by process ${child.pid}`);
      expect(isAlive(server)).toBe(true);
    } finally {
      child.kill("SIGKILL");
      await untilGone(server);
    }
  });

  it("says what PostgreSQL logged when it does not come up", async () => {
    const settings = { shared_buffers: "no such size" };
    await expect(startPostgres({ directory: newDirectory(), settings })).rejects.toThrow(
      /did not start[\s\S]*shared_buffers/,
    );
  });

  it("lets nobody in without a password", async () => {
    const server = await start(newDirectory());

    await expect(query(server, "select 1", { password: "wrong" })).rejects.toThrow("password authentication failed");
  });

  it("works in a folder that only root may enter", async () => {
    const directory = newDirectory();
    chmodSync(directory, 0o700);

    const server = await start(join(directory, "state"));

    expect((await query(server, "select 1 as one")).rows).toEqual([{ one: 1 }]);
  });
});
