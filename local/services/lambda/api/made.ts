/**
 * What the API made, in the form in which a program declares it: both doors lead through the same provisioning. It is kept in
 * the database and laid out again at each start; what the API changes about something that the program declares lasts until
 * the program is evaluated again.
 */
import type { Resource, Value } from "../../../../engine/graph.ts";
import type { AwsError, Cloud } from "../../../service.ts";

/** A Pulumi type's name, or `version`, which has none. */
export type Kind =
  | "function"
  | "version"
  | "alias"
  | "permission"
  | "layerVersion"
  | "eventSourceMapping"
  | "functionUrl"
  | "functionEventInvokeConfig"
  | "functionRecursionConfig"
  | "provisionedConcurrencyConfig"
  | "codeSigningConfig"
  | "layerVersionPermission";

/** @param isKnown It was accepted in an earlier run: what it leads to may be declared later in this one. */
export type Provisioners = Record<Kind, (resource: Resource, isKnown: boolean) => unknown>;

export interface Made {
  /** Provisions something new, and keeps it. */
  create(kind: Kind, key: string, parts: Parts): Promise<void>;
  /** Provisions it anew; it is kept where the API made it. */
  change(kind: Kind, key: string, parts: Parts): Promise<void>;
  forget(kind: Kind, key: string): void;
  /** All of a function: its keys begin with its name. */
  forgetFunction(name: string): void;
  /** Lays out what earlier runs kept; what something is missing for waits for `declared`. */
  restore(): Promise<void>;
  /** The program has declared something that kept things may have waited for. */
  declared(): Promise<void>;
}

interface Parts {
  inputs: Resource["inputs"];
  outputs: Resource["outputs"];
  /** Of what the program declared, where that is changed. */
  urn?: string;
}

export function madeOf({ database, log }: Cloud, provisioners: Provisioners): Made {
  database.exec(
    "CREATE TABLE IF NOT EXISTS lambda_made (kind TEXT, key TEXT, parts TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT",
  );
  const save = database.prepare(
    "INSERT INTO lambda_made VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET parts = excluded.parts",
  );
  const known = database.prepare("SELECT 1 FROM lambda_made WHERE kind = ? AND key = ?");
  const drop = database.prepare("DELETE FROM lambda_made WHERE kind = ? AND key = ?");
  const dropOf = database.prepare(
    "DELETE FROM lambda_made WHERE key = ?1 OR substr(key, 1, length(?1) + 1) = ?1 || ':'",
  );
  let waiting: { kind: Kind; key: string; parts: Parts }[] = [];

  async function layOut(kept: typeof waiting): Promise<void> {
    waiting = [];
    for (const each of kept) {
      try {
        await provisioners[each.kind](resourceOf(each.kind, each.key, each.parts), true);
      } catch (error) {
        const { code, message } = error as AwsError;
        if (code === "ResourceNotFoundException") waiting.push(each);
        else
          log({
            level: "warn",
            source: "lambda",
            message: `${each.kind} ${each.key} is not laid out again: ${message}`,
          });
      }
    }
  }

  return {
    async create(kind, key, parts) {
      await provisioners[kind](resourceOf(kind, key, parts), false);
      save.run(kind, key, JSON.stringify(parts));
    },
    async change(kind, key, parts) {
      await provisioners[kind](resourceOf(kind, key, parts), false);
      if (known.get(kind, key)) save.run(kind, key, JSON.stringify(parts));
    },
    forget: (kind, key) => void drop.run(kind, key),
    forgetFunction: (name) => void dropOf.run(name),
    async restore() {
      const rows = database.prepare("SELECT kind, key, parts FROM lambda_made ORDER BY rowid").all();
      await layOut(
        rows.map(({ kind, key, parts }) => ({
          ...{ kind: kind as Kind, key: String(key), parts: JSON.parse(String(parts)) },
        })),
      );
    },
    async declared() {
      if (waiting.length > 0) await layOut(waiting);
    },
  };
}

function resourceOf(kind: Kind, key: string, { inputs, outputs, urn }: Parts): Resource {
  return {
    ...{ urn: urn ?? `api:lambda:${kind}:${key}`, type: `aws:lambda/${kind}`, name: key, id: key, custom: true },
    ...{ inputs, outputs: { ...inputs, ...outputs } },
    ...{ secrets: [], dependencies: [], propertyDependencies: {}, options: {} },
  };
}

/** Members whose names are the user's own. */
const VERBATIM = new Set(["Variables", "Tags", "AdditionalVersionWeights"]);

/** An API's input as a program would have it: `MemorySize` is `memorySize`. Nothing is in it that was not given. */
export function inputsOf(input: object): Record<string, Value> {
  const found: Record<string, Value> = {};
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || value === null) continue;
    found[name[0]!.toLowerCase() + name.slice(1)] = VERBATIM.has(name) ? value : valueOf(value);
  }
  return found;
}

function valueOf(value: unknown): Value {
  if (Array.isArray(value)) return value.map(valueOf);
  if (value instanceof Date) return value.toISOString();
  return value !== null && typeof value === "object" ? inputsOf(value) : (value as Value);
}
