/**
 * A real PostgreSQL server as a child of this process, from npm's binaries: one per data directory, reached over a
 * unix socket that only this user can open (on Windows a loopback port).
 *
 * The server never outlives this process. It runs under a small shell that waits on a pipe from here; when the pipe
 * closes, be it by `stop`, by an exit or by `kill -9`, the shell shuts the server down. Windows has no such shell: there
 * an orphan is stopped by the next start. What was committed survives a kill of any of these processes; it need not
 * survive a power cut (fsync is off).
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Binaries, findBinaries } from "./postgres/binaries.ts";
import { prepareDataDirectory, SUPERUSER } from "./postgres/data-directory.ts";
import { canReach, type Identity } from "./postgres/identity.ts";
import { stopOrphan } from "./postgres/orphan.ts";

export interface PostgresOptions {
  /** The server's state folder; made when missing. */
  directory: string;
  /** Further server settings (`{ max_connections: "50" }`), over the defaults below. */
  settings?: Record<string, string>;
  /** Milliseconds to wait for the server to accept connections. @default 30000 */
  startTimeoutMs?: number;
}

export interface PostgresServer {
  /** What `pg` calls host: the socket's directory, or 127.0.0.1. */
  host: string;
  port: number;
  /** The superuser of this server. */
  user: string;
  password: string;
  /** The server's process, for figures. */
  pid: number;
  /** Settles when the server has ended, with what it last logged when nobody asked it to. */
  ended: Promise<string | undefined>;
  /** Shuts down: running statements are cancelled, connections closed. Resolves when the processes are gone. */
  stop(): Promise<void>;
}

/** Small: a laptop runs one server per cell. What is off here guards against power cuts or serves replicas. */
const SETTINGS: Record<string, string> = {
  max_connections: "120",
  shared_buffers: "16MB",
  work_mem: "4MB",
  maintenance_work_mem: "32MB",
  fsync: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  wal_buffers: "1MB",
  min_wal_size: "2MB",
  max_wal_size: "128MB",
  max_worker_processes: "2",
  max_parallel_workers: "0",
  max_parallel_workers_per_gather: "0",
  max_logical_replication_workers: "0",
  autovacuum_max_workers: "1",
  huge_pages: "off",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  datestyle: "ISO, MDY",
  lc_messages: "C",
  password_encryption: "scram-sha-256",
  // Passwords made here are long and random: stretching them only costs every new connection.
  scram_iterations: "64",
  log_checkpoints: "off",
};

const READY = "database system is ready to accept connections";

/** Keeps the server's life within that of this process: see the head of this file. */
const WATCHDOG = `
sockets=$1; server=$2; shift 2
"$server" "$@" </dev/null & pid=$!
trap 'kill -INT $pid 2>/dev/null' TERM INT HUP
exec >/dev/null 2>&1
echo $pid >&3; exec 3>&-
read -r _
kill -INT $pid 2>/dev/null
wait $pid
rmdir "$sockets"
`;

/** Unix socket addresses end at 103 characters on macOS, 107 on Linux. */
const LONGEST_SOCKET_DIRECTORY = 80;

/**
 * Starts the server on `directory`, making its data first when there is none.
 * @throws when another live process uses the directory, or the server does not come up (with its log).
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const binaries = findBinaries();
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true });
  await stopOrphan(directory);
  const data = await prepareDataDirectory(directory, binaries);
  const address = process.platform === "win32" ? await loopbackAddress() : socketAddress(binaries.identity);
  const settings = { ...SETTINGS, ...options.settings, ...address.settings };
  const args = ["-D", data.path, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];

  const server = launch(binaries, address.host, args);
  const log = new ServerLog(server.stderr!);
  const ended = Promise.all([once(server, "exit"), log.closed]).then(() => {
    address.release();
    return stopping ? undefined : log.tail();
  });
  let stopping = false;
  const stop = async () => {
    stopping = true;
    server.ref();
    if (process.platform === "win32") server.kill();
    else server.stdin!.end();
    await ended;
  };

  let timer: NodeJS.Timeout | undefined;
  const failed = Promise.race([
    log.closed,
    new Promise<void>((done) => {
      timer = setTimeout(done, options.startTimeoutMs ?? 30_000);
    }),
  ]);
  const ready = await Promise.race([log.ready.then(() => true), failed.then(() => false)]);
  clearTimeout(timer);
  if (!ready) {
    await stop();
    throw new Error(`PostgreSQL did not start in ${directory}:\n${log.tail()}`);
  }
  const pid = await server.serverPid;
  writeFileSync(join(directory, "owner.json"), JSON.stringify({ owner: process.pid, server: pid }));
  // A process that forgets to stop its server ends all the same, and the server with it.
  server.unref();
  for (const stream of [server.stdin, server.stderr]) (stream as unknown as { unref?(): void } | null)?.unref?.();
  // When the server goes first, the shell that waits for us has nothing left to guard.
  void log.closed.then(() => server.stdin?.end());
  return {
    host: address.host,
    port: address.port,
    user: SUPERUSER,
    password: data.superuserPassword,
    pid,
    ended,
    stop,
  };
}

function launch(binaries: Binaries, sockets: string, args: string[]): ChildProcess & { serverPid: Promise<number> } {
  const env = { ...binaries.env, PATH: process.env.PATH, TZ: "UTC", LC_ALL: "C" };
  const options = { env, cwd: process.platform === "win32" ? undefined : "/", ...binaries.identity };
  if (process.platform === "win32") {
    const server = spawn(binaries.postgres, args, { ...options, stdio: ["pipe", "ignore", "pipe"], windowsHide: true });
    return Object.assign(server, { serverPid: Promise.resolve(server.pid!) });
  }
  // A process group of its own: Ctrl-C at the terminal is for us, who then stop the server in good order.
  const server = spawn("/bin/sh", ["-c", WATCHDOG, "terrace-postgres", sockets, binaries.postgres, ...args], {
    ...options,
    stdio: ["pipe", "ignore", "pipe", "pipe"],
    detached: true,
  });
  // The shell may be gone when we close its pipe; that is what closing it was for.
  server.stdin!.on("error", () => {});
  const announced = server.stdio[3] as NodeJS.ReadableStream;
  const serverPid = once(announced, "data").then(([data]) => Number(String(data)));
  return Object.assign(server, { serverPid });
}

/** The last lines of the server's log, and the one that says it is ready. */
class ServerLog {
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  #lines: string[] = [];

  constructor(stream: NodeJS.ReadableStream) {
    let rest = "";
    let announce = () => {};
    this.ready = new Promise((done) => {
      announce = done;
    });
    this.closed = new Promise((done) => {
      stream.on("close", () => done());
    });
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.includes(READY)) announce();
        this.#lines.push(line);
      }
      this.#lines = this.#lines.slice(-30);
    });
  }

  tail(): string {
    return this.#lines.join("\n");
  }
}

interface Address {
  host: string;
  port: number;
  settings: Record<string, string>;
  release(): void;
}

/** A directory that only this user and the server's user can enter. */
function socketAddress(identity: Identity | undefined): Address {
  const usable = tmpdir().length <= LONGEST_SOCKET_DIRECTORY - 20 && (!identity || canReach(tmpdir(), identity));
  const host = mkdtempSync(join(usable ? tmpdir() : "/tmp", "terrace-pg-"));
  chmodSync(host, 0o700);
  if (identity) chownSync(host, identity.uid, identity.gid);
  return {
    host,
    port: 5432,
    settings: { listen_addresses: "", unix_socket_directories: host, port: "5432" },
    release: () => rmSync(host, { recursive: true, force: true }),
  };
}

async function loopbackAddress(): Promise<Address> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  const settings = { listen_addresses: "127.0.0.1", port: String(port) };
  return { host: "127.0.0.1", port, settings, release: () => {} };
}
