/** The streams of an account, with their shards; all of it is there after a restart, once the program declares it again. */
import { type Access, AwsError, type Call, type Cloud } from "../../service.ts";
import { type RecordLog, recordLog } from "./record-log.ts";
import { owns, ranges, type Shard } from "./shards.ts";

export interface Stream {
  name: string;
  arn: string;
  mode: "ON_DEMAND" | "PROVISIONED";
  shards: Shard[];
  retentionHours: number;
  maxRecordKiB: number;
  /** A key of KMS: callers are asked for it, and nothing is encrypted with it here. */
  keyId?: string;
  /** JSON */
  policy?: string;
  tags: Record<string, string>;
  createdAt: number;
  /** By the program, which declares it again at the next start. */
  isDeclared: boolean;
}

/** Either may name a stream; a StreamARN decides. */
export interface StreamReference {
  StreamName?: string;
  StreamARN?: string;
}

export interface Streams {
  log: RecordLog;
  all(): Stream[];
  arnOf(name: string): string;
  nameOf(reference: StreamReference): string;
  get(name: string): Stream | undefined;
  /** @throws AwsError ResourceNotFoundException */
  find(reference: StreamReference): Stream;
  create(name: string, options: { mode: Stream["mode"]; shards?: number; isDeclared?: boolean }): Stream;
  /** What an earlier run kept of a stream that the program declares, or a new one. */
  declare(name: string, options: { mode: Stream["mode"]; shards?: number }): Stream;
  changed(stream: Stream): void;
  remove(stream: Stream): void;
  /** Closes shards and opens others in their place. */
  reshard(stream: Stream, closed: Shard[], opened: Pick<Shard, "from" | "to">[]): void;
  /** So many equal shards. */
  resize(stream: Stream, count: number): void;
  /** ms since the epoch: what arrived until then is gone. */
  horizon(stream: Stream): number;
  /** What IAM is asked: the stream's own policy decides with the caller's. */
  access(action: string): (reference: StreamReference, call?: Call) => Access;
}

/** What an on-demand stream begins with. */
const ON_DEMAND_SHARDS = 4;
const MAX_SHARDS = 1_000;

export function streamsOf({ account, region, clock, database }: Cloud): Streams {
  const log = recordLog(database);
  const streams = new Map<string, Stream>();
  const dormant = new Map<string, Stream>();
  database.exec("CREATE TABLE IF NOT EXISTS kinesis_streams (name TEXT PRIMARY KEY, stream TEXT NOT NULL) STRICT");
  const save = database.prepare(
    "INSERT INTO kinesis_streams VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET stream = excluded.stream",
  );
  const drop = database.prepare("DELETE FROM kinesis_streams WHERE name = ?");
  const arnOf = (name: string) => `arn:aws:kinesis:${region}:${account}:stream/${name}`;
  const nameOf = ({ StreamARN, StreamName = "" }: StreamReference) =>
    StreamARN ? StreamARN.slice(StreamARN.indexOf("/") + 1) : StreamName;

  for (const row of database.prepare("SELECT stream FROM kinesis_streams").all()) {
    const stream = JSON.parse(String(row.stream)) as Stream;
    (stream.isDeclared ? dormant : streams).set(stream.name, stream);
  }

  function open(stream: Stream, parts: Pick<Shard, "from" | "to">[], parents: Shard[]): void {
    const now = clock.now();
    for (const part of parts) {
      const from = parents.filter((parent) => owns(parent, BigInt(part.from)) || owns(parent, BigInt(part.to)));
      const [parent, adjacentParent] = from.map(({ index }) => index);
      const index = stream.shards.length;
      stream.shards.push({ index, ...part, parent, adjacentParent, firstNumber: log.next(), openedAt: now });
    }
  }

  const self: Streams = {
    log,
    all: () => [...streams.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    arnOf,
    nameOf,
    get: (name) => streams.get(name),
    find(reference) {
      const name = nameOf(reference);
      const stream = streams.get(name);
      if (stream) return stream;
      const message = `Stream ${name} under account ${account} not found.`;
      throw new AwsError("ResourceNotFoundException", message);
    },
    create(name, { mode, shards, isDeclared = false }) {
      const stream: Stream = {
        ...{ name, arn: arnOf(name), mode, shards: [], retentionHours: 24, maxRecordKiB: 1024, tags: {} },
        ...{ createdAt: clock.now(), isDeclared },
      };
      open(stream, ranges(mode === "ON_DEMAND" ? ON_DEMAND_SHARDS : checkedCount(shards)), []);
      streams.set(name, stream);
      self.changed(stream);
      return stream;
    },
    declare(name, options) {
      const known = streams.get(name) ?? dormant.get(name);
      const stream = known ?? self.create(name, { ...options, isDeclared: true });
      // What a resource of its own declares: at a start that resource follows, later only where it changed.
      if (dormant.delete(name)) stream.policy = undefined;
      streams.set(name, stream);
      stream.isDeclared = true;
      stream.mode = options.mode;
      if (options.mode === "PROVISIONED") self.resize(stream, checkedCount(options.shards));
      return stream;
    },
    changed: (stream) => void save.run(stream.name, JSON.stringify(stream)),
    remove(stream) {
      streams.delete(stream.name);
      drop.run(stream.name);
      log.drop(stream.name);
    },
    reshard(stream, closed, opened) {
      const lastNumber = log.next() - 1;
      for (const shard of closed) Object.assign(shard, { lastNumber, closedAt: clock.now() });
      open(stream, opened, closed);
      self.changed(stream);
    },
    resize(stream, count) {
      checkedCount(count);
      const current = openShards(stream);
      if (current.length !== count) self.reshard(stream, current, ranges(count));
    },
    horizon: ({ retentionHours }) => clock.now() - retentionHours * 3_600_000,
    access: (action) => (reference) => {
      const name = nameOf(reference);
      return { action: `kinesis:${action}`, resource: arnOf(name), resourcePolicy: streams.get(name)?.policy };
    },
  };
  return self;
}

export function openShards({ shards }: Stream): Shard[] {
  return shards.filter(({ lastNumber }) => lastNumber === undefined);
}

function checkedCount(count: number | undefined): number {
  if (count !== undefined && Number.isInteger(count) && count >= 1 && count <= MAX_SHARDS) return count;
  throw new AwsError("ValidationException", `ShardCount ${count ?? "is missing; it"} must be 1 to ${MAX_SHARDS}.`);
}
