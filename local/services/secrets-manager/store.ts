/** Secrets and their versions in SQLite; values are sealed. */
import { createHash } from "node:crypto";
import { keyring } from "../../keyring.ts";
import type { Cloud } from "../../service.ts";
import type { Rotation } from "./rotation.ts";

export interface Secret {
  arn: string;
  name: string;
  description?: string;
  kmsKeyId?: string;
  /** Data keys under a customer's key (base64), by version. */
  dataKeys?: Record<string, string>;
  tags: Record<string, string>;
  policy?: string;
  owningService?: string;
  rotation?: Rotation;
  createdAt: number;
  changedAt: number;
  deletedAt?: number;
  /** When a deleted secret is gone for good, ms since the epoch. */
  purgeAt?: number;
}

export interface SecretVersion {
  id: string;
  stages: string[];
  createdAt: number;
  /** Absent in a version that a rotation has only announced. */
  value?: SecretValue;
}

export type SecretValue = { text: string } | { bytes: Uint8Array };

export interface SecretStore {
  /** By ARN, ARN without its suffix, or name. */
  find(id: string): Secret | undefined;
  list(): Secret[];
  save(secret: Secret): void;
  remove(arn: string): void;
  versions(arn: string): SecretVersion[];
  version(arn: string, match: { id?: string; stage?: string }): SecretVersion | undefined;
  /** Adds a version and moves `stages` to it; what was AWSCURRENT becomes AWSPREVIOUS. */
  addVersion(arn: string, id: string, value: SecretValue, stages: string[]): void;
  /** Announces a version without a value, as AWSPENDING. */
  addPending(arn: string, id: string): void;
  setValue(arn: string, id: string, value: SecretValue): void;
  moveStage(arn: string, stage: string, from: string | undefined, to: string | undefined): void;
  arnOf(name: string): string;
}

/** In the column that says whether a value is text: there is none yet. */
const ANNOUNCED = 2;

export function secretStore(cloud: Cloud): SecretStore {
  const { database, clock } = cloud;
  const keys = keyring(cloud.directory);
  database.exec(`
    CREATE TABLE IF NOT EXISTS secrets_manager_secrets (
      arn TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, purge_at INTEGER, record TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS secrets_manager_versions (
      arn TEXT NOT NULL, id TEXT NOT NULL, stages TEXT NOT NULL, created_at INTEGER NOT NULL, is_text INTEGER NOT NULL,
      sealed BLOB NOT NULL, PRIMARY KEY (arn, id)
    ) STRICT, WITHOUT ROWID`);
  const sql = {
    find: database.prepare("SELECT record FROM secrets_manager_secrets WHERE arn = ? OR name = ?"),
    partial: database.prepare("SELECT record FROM secrets_manager_secrets WHERE substr(arn, 1, length(arn) - 7) = ?"),
    list: database.prepare("SELECT record FROM secrets_manager_secrets ORDER BY name"),
    save: database.prepare("INSERT OR REPLACE INTO secrets_manager_secrets VALUES (?, ?, ?, ?)"),
    due: database.prepare("SELECT arn FROM secrets_manager_secrets WHERE purge_at <= ?"),
    nextDue: database.prepare("SELECT min(purge_at) AS at FROM secrets_manager_secrets"),
    remove: database.prepare("DELETE FROM secrets_manager_secrets WHERE arn = ?"),
    removeVersions: database.prepare("DELETE FROM secrets_manager_versions WHERE arn = ?"),
    versions: database.prepare("SELECT * FROM secrets_manager_versions WHERE arn = ? ORDER BY created_at, id"),
    addVersion: database.prepare("INSERT INTO secrets_manager_versions VALUES (?, ?, ?, ?, ?, ?)"),
    setValue: database.prepare("UPDATE secrets_manager_versions SET is_text = ?, sealed = ? WHERE arn = ? AND id = ?"),
    setStages: database.prepare("UPDATE secrets_manager_versions SET stages = ? WHERE arn = ? AND id = ?"),
    removeVersion: database.prepare("DELETE FROM secrets_manager_versions WHERE arn = ? AND id = ?"),
  };
  const secretOf = (row: Record<string, unknown> | undefined) => row && (JSON.parse(String(row.record)) as Secret);

  // Every query of every function reads a secret here: what is asked over and over is kept until something changes.
  const opened = new Map<string, SecretVersion[]>();
  let nextDue: number | undefined;

  function remove(arn: string): void {
    opened.delete(arn);
    sql.removeVersions.run(arn);
    sql.remove.run(arn);
    nextDue = undefined;
  }

  function purgeDue(): void {
    nextDue ??= Number(sql.nextDue.get()!.at ?? Number.POSITIVE_INFINITY);
    if (clock.now() < nextDue) return;
    for (const { arn } of sql.due.all(clock.now())) remove(String(arn));
  }

  function versionOf(row: Record<string, unknown>): SecretVersion {
    const text = keys.open(row.sealed as Uint8Array);
    const value = row.is_text ? { text } : { bytes: new Uint8Array(Buffer.from(text, "base64")) };
    return {
      id: String(row.id),
      stages: JSON.parse(String(row.stages)),
      createdAt: Number(row.created_at),
      ...(row.is_text === ANNOUNCED ? {} : { value }),
    };
  }

  function versionsOf(arn: string): SecretVersion[] {
    let versions = opened.get(arn);
    if (!versions) {
      versions = sql.versions.all(arn).map(versionOf);
      opened.set(arn, versions);
    }
    return versions;
  }

  /** Moves stages about. A version that lost its last one is deprecated: AWS drops it soon, here at once. */
  function restage(arn: string, change: (stages: Map<string, string[]>) => void): void {
    opened.delete(arn);
    const after = new Map(versionsOf(arn).map(({ id, stages }) => [id, [...stages]]));
    change(after);
    opened.delete(arn);
    for (const [id, stages] of after) {
      if (stages.length > 0) sql.setStages.run(JSON.stringify(stages), arn, id);
      else sql.removeVersion.run(arn, id);
    }
  }

  return {
    find(id) {
      purgeDue();
      return secretOf(sql.find.get(id, id) ?? (id.startsWith("arn:") ? sql.partial.get(id) : undefined));
    },
    list() {
      purgeDue();
      return sql.list.all().map((row) => secretOf(row)!);
    },
    save(secret) {
      sql.save.run(secret.arn, secret.name, secret.purgeAt ?? null, JSON.stringify(secret));
      nextDue = undefined;
    },
    remove,
    versions: versionsOf,
    version(arn, match) {
      return versionsOf(arn).find(
        ({ id, stages }) => (match.id ?? id) === id && (match.stage === undefined || stages.includes(match.stage)),
      );
    },
    addVersion(arn, id, value, stages) {
      sql.addVersion.run(arn, id, "[]", clock.now(), "text" in value ? 1 : 0, keys.seal(textOf(value)));
      restage(arn, (all) => {
        for (const stage of stages) giveStage(all, stage, id);
      });
    },
    addPending(arn, id) {
      if (!versionsOf(arn).some((version) => version.id === id)) {
        sql.addVersion.run(arn, id, "[]", clock.now(), ANNOUNCED, keys.seal(""));
      }
      restage(arn, (all) => giveStage(all, "AWSPENDING", id));
    },
    setValue(arn, id, value) {
      opened.delete(arn);
      sql.setValue.run("text" in value ? 1 : 0, keys.seal(textOf(value)), arn, id);
    },
    moveStage(arn, stage, from, to) {
      restage(arn, (all) => {
        if (to !== undefined) giveStage(all, stage, to);
        else if (from !== undefined) all.set(from, without(all.get(from) ?? [], stage));
      });
    },
    arnOf(name) {
      // AWS's six characters are random; here the same name has the same ARN after every --fresh.
      const suffix = createHash("sha256")
        .update(name)
        .digest("base64")
        .replace(/[^A-Za-z0-9]/g, "")
        .slice(0, 6);
      return `arn:aws:secretsmanager:${cloud.region}:${cloud.account}:secret:${name}-${suffix}`;
    },
  };
}

function textOf(value: SecretValue): string {
  return "text" in value ? value.text : Buffer.from(value.bytes).toString("base64");
}

/** A stage is on one version at a time; the version that loses AWSCURRENT gets AWSPREVIOUS. */
function giveStage(all: Map<string, string[]>, stage: string, to: string): void {
  const holder = [...all].find(([, stages]) => stages.includes(stage))?.[0];
  if (holder === to) return;
  if (holder !== undefined) {
    all.set(holder, without(all.get(holder)!, stage));
    if (stage === "AWSCURRENT") {
      for (const [id, stages] of all) all.set(id, without(stages, "AWSPREVIOUS"));
      all.get(holder)!.push("AWSPREVIOUS");
    }
  }
  all.set(to, [...all.get(to)!, stage]);
}

function without(stages: string[], stage: string): string[] {
  return stages.filter((name) => name !== stage);
}
