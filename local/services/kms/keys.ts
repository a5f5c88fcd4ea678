/** Keys, their material and their aliases in SQLite; the material is sealed under the state folder's own key. */
import { randomUUID } from "node:crypto";
import { keyring } from "../../keyring.ts";
import { AwsError, type Cloud } from "../../service.ts";
import { isManagedAlias, managedKeyId, managedPolicy } from "./managed-keys.ts";
import { type KeySpec, type KeyUsage, makeMaterial } from "./material.ts";

export interface Key {
  id: string;
  arn: string;
  spec: KeySpec;
  usage: KeyUsage;
  policy: string;
  description: string;
  enabled: boolean;
  /** AWS's own, made when a service first needs it; nobody changes it. */
  managed: boolean;
  tags: Record<string, string>;
  /** ms since the epoch */
  createdAt: number;
  /** From then on the key and what it encrypted are gone, ms since the epoch. */
  deletedAt?: number;
  pendingWindowDays?: number;
  rotation?: { periodDays: number; since: number };
  /** When new material came: automatically or on demand. */
  rotations: { at: number; type: "AUTOMATIC" | "ON_DEMAND" }[];
}

export type NewKey = Partial<Key> & Pick<Key, "spec" | "usage" | "policy">;

export interface Alias {
  name: string;
  keyId: string;
  createdAt: number;
  updatedAt: number;
}

export type Keys = ReturnType<typeof keyStore>;

const DAY_MS = 86_400_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function keyStore(cloud: Cloud) {
  const { database, clock, region, account } = cloud;
  const seals = keyring(cloud.directory);
  database.exec(`
    CREATE TABLE IF NOT EXISTS kms_keys (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS kms_material (
      key_id TEXT NOT NULL, version INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (key_id, version)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS kms_aliases (
      name TEXT PRIMARY KEY, key_id TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;`);
  const sql = {
    find: database.prepare("SELECT record FROM kms_keys WHERE id = ?"),
    list: database.prepare("SELECT record FROM kms_keys ORDER BY id"),
    save: database.prepare("INSERT OR REPLACE INTO kms_keys VALUES (?, ?)"),
    remove: database.prepare("DELETE FROM kms_keys WHERE id = ?"),
    material: database.prepare("SELECT sealed FROM kms_material WHERE key_id = ? AND version = ?"),
    addMaterial: database.prepare("INSERT OR IGNORE INTO kms_material VALUES (?, ?, ?)"),
    removeMaterial: database.prepare("DELETE FROM kms_material WHERE key_id = ?"),
    alias: database.prepare("SELECT * FROM kms_aliases WHERE name = ?"),
    aliases: database.prepare("SELECT * FROM kms_aliases ORDER BY name"),
    saveAlias: database.prepare("INSERT OR REPLACE INTO kms_aliases VALUES (?, ?, ?, ?)"),
    removeAlias: database.prepare("DELETE FROM kms_aliases WHERE name = ?"),
    removeAliases: database.prepare("DELETE FROM kms_aliases WHERE key_id = ?"),
  };
  const arnOf = (resource: string) => `arn:aws:kms:${region}:${account}:${resource}`;
  const aliasOf = (row: Record<string, unknown>): Alias => ({
    name: String(row.name),
    keyId: String(row.key_id),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  });

  function save(key: Key): Key {
    sql.save.run(key.id, JSON.stringify(key));
    return key;
  }

  /** A key whose waiting time is over is gone, and with it what only its material could open. */
  function live(row: Record<string, unknown> | undefined): Key | undefined {
    if (!row) return undefined;
    const key = JSON.parse(String(row.record)) as Key;
    if (key.deletedAt === undefined || key.deletedAt > clock.now()) return rotated(key);
    remove(key);
    return undefined;
  }

  function remove({ id }: Key): void {
    sql.remove.run(id);
    sql.removeMaterial.run(id);
    sql.removeAliases.run(id);
  }

  /** New material is due once a period; what older material encrypted stays readable. */
  function rotated(key: Key): Key {
    const { rotation } = key;
    if (!rotation || !key.enabled || key.deletedAt !== undefined) return key;
    const last = Math.max(rotation.since, key.rotations.at(-1)?.at ?? 0);
    const periods = Math.floor((clock.now() - last) / (rotation.periodDays * DAY_MS));
    if (periods < 1) return key;
    const at = last + periods * rotation.periodDays * DAY_MS;
    return rotate(key, "AUTOMATIC", at);
  }

  function rotate(key: Key, type: "AUTOMATIC" | "ON_DEMAND", at = clock.now()): Key {
    const rotations = [...key.rotations, { at, type }];
    sql.addMaterial.run(key.id, rotations.length, seals.seal(makeMaterial.symmetric()));
    return save({ ...key, rotations });
  }

  function createWith(properties: NewKey, material: string): Key {
    const id = properties.id ?? randomUUID();
    // Material that is there is never replaced: what it encrypted would be lost.
    sql.addMaterial.run(id, 0, seals.seal(material));
    return save({
      arn: arnOf(`key/${id}`),
      description: "",
      enabled: true,
      managed: false,
      tags: {},
      createdAt: clock.now(),
      rotations: [],
      ...properties,
      id,
    });
  }

  /** `alias/aws/s3` and its like come into being when they are first asked for. */
  function managedKey(name: string): Key {
    const id = managedKeyId(name);
    sql.saveAlias.run(name, id, clock.now(), clock.now());
    const properties: NewKey = {
      id,
      spec: "SYMMETRIC_DEFAULT",
      usage: "ENCRYPT_DECRYPT",
      policy: managedPolicy(name, region, account),
      description: `Default key that protects my ${name.slice("alias/aws/".length)} data when no other key is defined`,
      managed: true,
      rotation: { periodDays: 365, since: clock.now() },
    };
    return createWith(properties, makeMaterial.symmetric());
  }

  /** By id, key ARN, alias or alias ARN. Undefined where there is none; throws where it names nothing. */
  function find(id: string | undefined): Key | undefined {
    const name = nameIn(id);
    if (!name.startsWith("alias/")) return live(sql.find.get(name));
    const alias = sql.alias.get(name);
    if (!alias) return isManagedAlias(name) ? managedKey(name) : undefined;
    return live(sql.find.get(String(alias.key_id)));
  }

  return {
    arnOf,
    save,
    remove,
    rotate,
    async create(properties: NewKey): Promise<Key> {
      return createWith(properties, await makeMaterial.of(properties.spec));
    },
    find,

    get(id: string | undefined): Key {
      const key = find(id);
      if (key) return key;
      const name = nameIn(id);
      throw new AwsError(
        "NotFoundException",
        name.startsWith("alias/")
          ? `Alias ${arnOf(name)} is not found.`
          : `Key '${arnOf(`key/${name}`)}' does not exist`,
      );
    },

    list: (): Key[] => sql.list.all().flatMap((row) => live(row) ?? []),

    /** @throws where the key has no such material: it was altered, or is another key's. */
    material(key: Key, version = key.rotations.length): string | undefined {
      const row = sql.material.get(key.id, version);
      return row && seals.open(row.sealed as Uint8Array);
    },

    alias(name: string): Alias | undefined {
      const row = sql.alias.get(name);
      return row && aliasOf(row);
    },
    aliases: (): Alias[] => sql.aliases.all().map(aliasOf),
    saveAlias({ name, keyId, createdAt, updatedAt }: Alias): void {
      sql.saveAlias.run(name, keyId, createdAt, updatedAt);
    },
    removeAlias: (name: string): void => void sql.removeAlias.run(name),
  };
}

/** The id or alias in whatever a request names a key by. */
function nameIn(id: string | undefined): string {
  if (typeof id !== "string") {
    const message =
      "1 validation error detected: Value at 'keyId' failed to satisfy constraint: Member must not be null";
    throw new AwsError("ValidationException", message);
  }
  const text = id;
  const resource = /^arn:[\w-]+:kms:[\w-]*:\d{12}:(.+)$/.exec(text)?.[1];
  if (text.startsWith("arn:") && resource === undefined)
    throw new AwsError("InvalidArnException", `Invalid arn ${text}`);
  const name = resource?.replace(/^key\//, "") ?? text;
  if (!UUID.test(name) && !/^alias\/[\w/-]+$/.test(name))
    throw new AwsError("NotFoundException", `Invalid keyId '${text}'`);
  return name;
}
