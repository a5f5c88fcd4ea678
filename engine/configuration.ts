/** Project and stack configuration, read from the Pulumi files as the Pulumi CLI reads them. */
import { createDecipheriv, pbkdf2Sync } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";

export interface Configuration {
  project: string;
  /** Absolute path of the program's entry. */
  main: string;
  /** Namespaced keys, secrets in plain text. Structured values are JSON, as `Config.getObject` expects. */
  config: Record<string, string>;
  secretKeys: string[];
}

interface ProjectFile {
  name?: string;
  main?: string;
  config?: Record<string, unknown>;
}

interface StackFile {
  config?: Record<string, unknown>;
  encryptionsalt?: string;
  secretsprovider?: string;
}

/** Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml`. `overrides` replace single keys, as `pulumi config set` would. */
export function readConfiguration(
  directory: string,
  stack: string,
  overrides: Record<string, string> = {},
  passphrase = process.env.PULUMI_CONFIG_PASSPHRASE,
): Configuration {
  const project = readYaml<ProjectFile>(join(directory, "Pulumi.yaml"));
  if (!project?.name) throw new Error(`${join(directory, "Pulumi.yaml")} does not name a project.`);
  const stackPath = join(directory, `Pulumi.${stack}.yaml`);
  const stackFile = existsSync(stackPath) ? readYaml<StackFile>(stackPath) : undefined;
  if (!stackFile)
    throw new Error(`There is no Pulumi.${stack}.yaml; stacks here: ${stacksIn(directory).join(", ") || "none"}.`);

  const config: Record<string, string> = {};
  const secretKeys: string[] = [];
  const namespaced = (key: string) => (key.includes(":") ? key : `${project.name}:${key}`);
  for (const [key, declared] of Object.entries(project.config ?? {})) {
    const value = projectValue(declared);
    if (value !== undefined) config[namespaced(key)] = toText(value);
  }
  const decrypt = decrypter(stackFile, passphrase);
  for (const [written, value] of Object.entries(stackFile.config ?? {})) {
    const key = namespaced(written);
    if (Object.hasOwn(overrides, key)) continue;
    let isSecret = false;
    const plain = reveal(value, (cipher) => {
      isSecret = true;
      return decrypt(key, cipher);
    });
    config[key] = toText(plain);
    if (isSecret) secretKeys.push(key);
  }
  for (const [key, value] of Object.entries(overrides)) config[namespaced(key)] = value;
  return { project: project.name, main: join(directory, project.main ?? "index.ts"), config, secretKeys };
}

function readYaml<T>(path: string): T | undefined {
  if (!existsSync(path)) throw new Error(`${path} is missing.`);
  try {
    return (loadAll(readFileSync(path, "utf8"))[0] ?? {}) as T;
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message.split("\n")[0]}`);
  }
}

function stacksIn(directory: string): string[] {
  return readdirSync(directory).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
}

/** A project's `config` entry is a plain value, `{ value }`, or a declaration with a `default`. */
function projectValue(declared: unknown): unknown {
  if (declared === null || typeof declared !== "object" || Array.isArray(declared)) return declared ?? undefined;
  const { value, default: byDefault } = declared as { value?: unknown; default?: unknown };
  return value ?? byDefault;
}

/** As the CLI hands structured values to a program: JSON, the keys of objects in order. */
function toText(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value, inOrder) : String(value);
}

function inOrder(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Replaces every `{ secure: … }` by its plain text, at any depth. */
function reveal(value: unknown, decrypt: (cipher: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => reveal(item, decrypt));
  if (value === null || typeof value !== "object") return value;
  const { secure } = value as { secure?: unknown };
  if (typeof secure === "string" && Object.keys(value).length === 1) return decrypt(secure);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reveal(item, decrypt)]));
}

const ITERATIONS = 1_000_000;

/** Pulumi's passphrase provider: AES-256-GCM under a PBKDF2 key, `v1:<nonce>:<ciphertext and tag>`, base64. */
function decrypter(file: StackFile, passphrase: string | undefined): (key: string, cipher: string) => string {
  let derived: Buffer | undefined;
  return (key, cipher) => {
    const remedy = `Set PULUMI_CONFIG_PASSPHRASE, or pass the value with --config ${key}=<value>.`;
    if (!file.encryptionsalt) {
      throw new Error(
        `${key} is encrypted by ${file.secretsprovider ?? "a secrets provider"}, which only the Pulumi CLI can ask. ${remedy}`,
      );
    }
    if (passphrase === undefined)
      throw new Error(`${key} is a secret of the stack's file, and there is no passphrase. ${remedy}`);
    const salt = Buffer.from(file.encryptionsalt.split(":")[1] ?? "", "base64");
    derived ??= pbkdf2Sync(passphrase, salt, ITERATIONS, 32, "sha256");
    const [version, nonce = "", body = ""] = cipher.split(":");
    if (version !== "v1") throw new Error(`${key}: secrets of form "${version}" are not known here. ${remedy}`);
    const bytes = Buffer.from(body, "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", derived, Buffer.from(nonce, "base64"));
      decipher.setAuthTag(bytes.subarray(-16));
      return decipher.update(bytes.subarray(0, -16), undefined, "utf8") + decipher.final("utf8");
    } catch {
      throw new Error(`${key}: the passphrase does not fit this secret. ${remedy}`);
    }
  };
}
