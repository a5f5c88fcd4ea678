/**
 * What CloudFront has, by kind and id: what the program declares, again at each start, and what came through the API, kept in
 * the database. AWS's own policies stand among them.
 */
import { randomBytes } from "node:crypto";
import { AwsError, type Cloud } from "../../service.ts";
import { MANAGED } from "./managed-policies.ts";
import type { Shape } from "./shapes.ts";

export interface Kept {
  kind: string;
  id: string;
  /** In the API's own form. */
  config: Shape;
  etag: string;
  created: number;
  modified: number;
  origin: "program" | "api" | "aws";
  /** Beyond the settings: a function's stages, a distribution's domain name. */
  more: Shape;
}

export interface Store {
  get(kind: string, id: string): Kept | undefined;
  all(kind: string): Kept[];
  /** Creates it, or gives it other settings; a new version either way. */
  put(thing: Pick<Kept, "kind" | "id" | "config" | "origin"> & { more?: Shape }): Kept;
  /** Saves what was changed of its further properties. */
  save(thing: Kept): void;
  remove(thing: Kept): void;
}

export function storeOf({ database, clock }: Cloud): Store {
  database.exec(
    "CREATE TABLE IF NOT EXISTS cloudfront_kept (kind TEXT, id TEXT, thing TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT",
  );
  const insert = database.prepare("INSERT OR REPLACE INTO cloudfront_kept VALUES (?, ?, ?)");
  const drop = database.prepare("DELETE FROM cloudfront_kept WHERE kind = ? AND id = ?");
  const kinds = new Map<string, Map<string, Kept>>();

  function ofKind(kind: string): Map<string, Kept> {
    const known = kinds.get(kind);
    if (known) return known;
    const made = new Map<string, Kept>();
    for (const [id, config] of Object.entries(MANAGED[kind] ?? {})) {
      made.set(id, { kind, id, config, etag: "ETVMANAGED", created: 0, modified: 0, origin: "aws", more: {} });
    }
    kinds.set(kind, made);
    return made;
  }

  for (const { thing } of database.prepare("SELECT thing FROM cloudfront_kept").all()) {
    const kept = JSON.parse(String(thing)) as Kept;
    ofKind(kept.kind).set(kept.id, kept);
  }

  function save(thing: Kept): void {
    ofKind(thing.kind).set(thing.id, thing);
    if (thing.origin === "api") insert.run(thing.kind, thing.id, JSON.stringify(thing));
  }

  return {
    get: (kind, id) => ofKind(kind).get(id),
    all: (kind) => [...ofKind(kind).values()],
    put({ kind, id, config, origin, more }) {
      const before = ofKind(kind).get(id);
      const now = clock.now();
      const thing: Kept = {
        ...{ kind, id, config, origin, etag: newId(), created: before?.created ?? now, modified: now },
        more: { ...before?.more, ...more },
      };
      save(thing);
      return thing;
    },
    save,
    remove({ kind, id }) {
      ofKind(kind).delete(id);
      drop.run(kind, id);
    },
  };
}

/** `E` or `K`, and thirteen letters and digits. */
export function newId(prefix = "E"): string {
  const letters = BigInt(`0x${randomBytes(10).toString("hex")}`)
    .toString(36)
    .toUpperCase();
  return prefix + letters.padStart(13, "0").slice(0, 13);
}

/** A change names the version that it was made of. @throws AwsError InvalidIfMatchVersion or PreconditionFailed */
export function checkVersion({ etag }: Kept, given: string | undefined): void {
  if (given === undefined) {
    throw new AwsError("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.", 400);
  }
  if (given === etag) return;
  throw new AwsError(
    "PreconditionFailed",
    "The request failed because it didn't meet the preconditions in one or more request-header fields.",
    412,
  );
}
