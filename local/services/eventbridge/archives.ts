/** Archives keep what passed a bus; a replay brings it there again. Both are there after a restart. */
import type { CreateArchiveCommandInput, StartReplayCommandInput } from "@aws-sdk/client-eventbridge";
import { type Json, matchesPattern, type Pattern } from "../../event-pattern.ts";
import { AwsError, type Cloud } from "../../service.ts";
import { atomically } from "./atomically.ts";
import type { Event } from "./event.ts";
import { type Bus, busNameOf, notFound, type Registry } from "./registry.ts";
import { type Rules, readPattern } from "./rules.ts";

export interface Archive {
  name: string;
  arn: string;
  sourceArn: string;
  description?: string;
  /** JSON */
  eventPattern?: string;
  pattern?: Pattern;
  /** 0: for good. */
  retentionDays: number;
  createdAt: number;
}

export interface Replay {
  name: string;
  arn: string;
  archiveArn: string;
  description?: string;
  destination: { Arn: string; FilterArns?: string[] };
  from: number;
  to: number;
  startedAt: number;
  lastEventAt?: number;
}

export interface Archives {
  all(): Archive[];
  /** @throws AwsError ResourceNotFoundException */
  find(name: string): Archive;
  put(input: CreateArchiveCommandInput, isDeclared: boolean): Archive;
  remove(name: string): void;
  count(name: string): { events: number; bytes: number };
  /** Keeps an event in every archive of the bus whose pattern it matches. */
  keep(bus: Bus, event: Event): void;
  replays(): Replay[];
  replay(name: string): Replay;
  /** All of it is on its way, durably, when this returns. */
  startReplay(input: StartReplayCommandInput): Replay;
}

const DAY_MS = 86_400_000;

export function archivesOf({ database, clock }: Cloud, registry: Registry, rules: Rules): Archives {
  const archives = new Map<string, Archive>();
  database.exec(`
    CREATE TABLE IF NOT EXISTS events_archives (name TEXT PRIMARY KEY, archive TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS events_replays (name TEXT PRIMARY KEY, replay TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS events_archived (
      archive TEXT NOT NULL, at INTEGER NOT NULL, received_at INTEGER NOT NULL, event TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS events_archived_by_time ON events_archived (archive, at);`);
  const save = database.prepare(
    "INSERT INTO events_archives VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET archive = excluded.archive",
  );
  const drop = database.prepare("DELETE FROM events_archives WHERE name = ?");
  const insert = database.prepare("INSERT INTO events_archived VALUES (?, ?, ?, ?)");
  const forget = database.prepare("DELETE FROM events_archived WHERE archive = ? AND received_at <= ?");
  const counted = database.prepare(
    "SELECT count(*) AS events, coalesce(sum(length(event)), 0) AS bytes FROM events_archived WHERE archive = ?",
  );
  const between = database.prepare(
    "SELECT event FROM events_archived WHERE archive = ? AND at >= ? AND at < ? ORDER BY at, rowid",
  );
  const saveReplay = database.prepare("INSERT INTO events_replays VALUES (?, ?)");

  for (const row of database.prepare("SELECT archive FROM events_archives").all()) {
    const stored = JSON.parse(String(row.archive)) as Archive;
    archives.set(stored.name, {
      ...stored,
      pattern: stored.eventPattern ? readPattern(stored.eventPattern) : undefined,
    });
  }
  const replays = new Map<string, Replay>(
    database
      .prepare("SELECT replay FROM events_replays")
      .all()
      .map((row) => JSON.parse(String(row.replay)) as Replay)
      .map((replay) => [replay.name, replay]),
  );

  function forgetOld({ name, retentionDays }: Archive): void {
    if (retentionDays > 0) forget.run(name, clock.now() - retentionDays * DAY_MS);
  }

  const self: Archives = {
    all: () => [...archives.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    find(name) {
      const archive = archives.get(name);
      if (!archive) throw notFound(`Archive ${name}`);
      return archive;
    },
    put({ ArchiveName: name = "", EventSourceArn = "", Description, EventPattern, RetentionDays = 0 }, isDeclared) {
      if (!/^[.\w-]{1,48}$/.test(name)) throw invalid(`Parameter ArchiveName ${name} is not valid.`);
      registry.bus(EventSourceArn);
      const pattern = EventPattern ? readPattern(EventPattern) : undefined;
      const archive: Archive = {
        name,
        arn: registry.arnOf("archive", name),
        sourceArn: EventSourceArn,
        description: Description,
        eventPattern: EventPattern || undefined,
        pattern,
        retentionDays: RetentionDays,
        createdAt: archives.get(name)?.createdAt ?? clock.now(),
      };
      archives.set(name, archive);
      // What it has kept stays, whoever declares it.
      if (isDeclared) drop.run(name);
      else save.run(name, JSON.stringify({ ...archive, pattern: undefined }));
      forgetOld(archive);
      return archive;
    },
    remove(name) {
      self.find(name);
      archives.delete(name);
      drop.run(name);
      forget.run(name, Number.MAX_SAFE_INTEGER);
    },
    count(name) {
      forgetOld(self.find(name));
      return counted.get(name) as { events: number; bytes: number };
    },
    keep(bus, event) {
      if (event["replay-name"] !== undefined) return;
      for (const archive of archives.values()) {
        if (archive.sourceArn !== bus.arn) continue;
        if (archive.pattern && !matchesPattern(archive.pattern, event as unknown as Json)) continue;
        insert.run(archive.name, Date.parse(event.time), clock.now(), JSON.stringify(event));
      }
    },
    replays: () => [...replays.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    replay(name) {
      const replay = replays.get(name);
      if (!replay) throw notFound(`Replay ${name}`);
      return replay;
    },
    startReplay({
      ReplayName: name = "",
      EventSourceArn = "",
      Destination,
      EventStartTime,
      EventEndTime,
      Description,
    }) {
      if (!/^[.\w-]{1,64}$/.test(name)) throw invalid(`Parameter ReplayName ${name} is not valid.`);
      if (replays.has(name)) throw new AwsError("ResourceAlreadyExistsException", `Replay ${name} already exists.`);
      const bus = registry.bus(Destination?.Arn);
      const archive = archives.get(busNameOf(EventSourceArn));
      if (!archive) {
        const missing = `Archive ${busNameOf(EventSourceArn)} does not exist.`;
        throw invalid(`Parameter EventSourceArn is not valid. Reason: ${missing}`);
      }
      if (archive.sourceArn !== bus.arn) {
        throw invalid("Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.");
      }
      const [from, to] = [Number(EventStartTime), Number(EventEndTime)];
      if (!(from < to)) {
        throw invalid("Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.");
      }
      const destination = { Arn: bus.arn, FilterArns: Destination?.FilterArns };
      const replay: Replay = {
        ...{ name, arn: registry.arnOf("replay", name), archiveArn: archive.arn, description: Description },
        ...{ destination, from, to, startedAt: clock.now() },
      };
      forgetOld(archive);
      atomically(database, () => {
        for (const row of between.all(archive.name, from, to)) {
          const { version, id, source, account, time, region, resources, detail, ...type } = JSON.parse(
            String(row.event),
          );
          const again = { version, id, ...type, source, account, time, region, "replay-name": name, resources, detail };
          rules.dispatch(bus, again as Event, destination.FilterArns);
          replay.lastEventAt = Date.parse(time);
        }
        saveReplay.run(name, JSON.stringify(replay));
      });
      replays.set(name, replay);
      return replay;
    },
  };
  return self;
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
