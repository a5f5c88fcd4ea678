/** The rules that operations and declared resources share: finding, changing and giving values to secrets. */
import { randomUUID } from "node:crypto";
import { AwsError, type Cloud } from "../../service.ts";
import type { Tag } from "./access.ts";
import { type Secret, type SecretStore, type SecretValue, secretStore } from "./store.ts";

export interface ValueInput {
  ClientRequestToken?: string;
  SecretString?: string;
  SecretBinary?: Uint8Array;
  VersionStages?: string[];
}

export interface Secrets {
  store: SecretStore;
  now(): number;
  /** Throws when there is none. */
  found(id: string): Secret;
  /** Throws also when it waits for its deletion. */
  usable(id: string): Secret;
  changed(secret: Secret, changes: Partial<Secret>): Secret;
  /** Adds a version unless the token names one with the same value (retries are harmless); answers its id. */
  putValue(secret: Secret, input: ValueInput, value: SecretValue): string;
  /** Creates or updates a secret under an ARN that is already known: the graph's own, or one that a service manages. */
  declare(arn: string, name: string, changes: Partial<Secret>): Secret;
  /** Makes `text` the current value; nothing happens when it already is. */
  declareValue(secret: Secret, text: string): string;
}

export function secrets(cloud: Cloud): Secrets {
  const store = secretStore(cloud);
  const now = () => cloud.clock.now();

  function found(id: string): Secret {
    const secret = store.find(String(id));
    if (!secret) throw new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    return secret;
  }

  function usable(id: string): Secret {
    const secret = found(id);
    if (secret.deletedAt === undefined) return secret;
    throw new AwsError(
      "InvalidRequestException",
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  }

  function changed(secret: Secret, changes: Partial<Secret>): Secret {
    const saved = { ...secret, ...changes, changedAt: now() };
    store.save(saved);
    return saved;
  }

  function putValue(secret: Secret, input: ValueInput, value: SecretValue): string {
    const id = input.ClientRequestToken ?? randomUUID();
    const same = store.version(secret.arn, { id });
    const stages = input.VersionStages ?? ["AWSCURRENT"];
    if (same === undefined) store.addVersion(secret.arn, id, value, stages);
    else if (same.value === undefined) {
      store.setValue(secret.arn, id, value);
      for (const stage of stages) store.moveStage(secret.arn, stage, undefined, id);
    } else if (!sameValue(same.value, value)) {
      throw new AwsError("ResourceExistsException", `The version ${id} already exists with another value.`);
    }
    return id;
  }

  return {
    store,
    now,
    found,
    usable,
    changed,
    putValue,
    declare(arn, name, changes) {
      const secret = store.find(arn) ?? store.find(name);
      if (secret && secret.arn !== arn) throw new Error(`The secret ${name} exists as ${secret.arn}, not as ${arn}`);
      if (secret) return changed(secret, { ...changes, deletedAt: undefined, purgeAt: undefined });
      return changed({ arn, name, tags: {}, createdAt: now(), changedAt: now() }, changes);
    },
    declareValue(secret, text) {
      const current = store.version(secret.arn, { stage: "AWSCURRENT" });
      return current?.value && sameValue(current.value, { text }) ? current.id : putValue(secret, {}, { text });
    },
  };
}

const LARGEST_VALUE_BYTES = 65_536;

/** The value that a request carries, if it carries one. */
export function readValue({ SecretString: text, SecretBinary: bytes }: ValueInput): SecretValue | undefined {
  if (text !== undefined && bytes !== undefined) {
    const message = "You can't specify both a binary secret value and a string secret value in the same secret.";
    throw new AwsError("InvalidParameterException", message);
  }
  if ((bytes?.byteLength ?? Buffer.byteLength(text ?? "")) > LARGEST_VALUE_BYTES) {
    const message = `The secret value must have length less than or equal to ${LARGEST_VALUE_BYTES}.`;
    throw new AwsError("ValidationException", message);
  }
  if (text !== undefined) return { text };
  return bytes && { bytes };
}

export function sameValue(a: SecretValue, b: SecretValue): boolean {
  if ("text" in a || "text" in b) return "text" in a && "text" in b && a.text === b.text;
  return Buffer.compare(a.bytes, b.bytes) === 0;
}

export function tagsOf(tags: Tag[] = []): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

/** A secret as DescribeSecret shows it. */
export function describe(secret: Secret, store: SecretStore): Record<string, unknown> {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    OwningService: secret.owningService,
    ...rotationOf(secret),
    CreatedDate: new Date(secret.createdAt),
    LastChangedDate: new Date(secret.changedAt),
    DeletedDate: secret.deletedAt === undefined ? undefined : new Date(secret.deletedAt),
    Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
    VersionIdsToStages: Object.fromEntries(store.versions(secret.arn).map(({ id, stages }) => [id, stages])),
  };
}

function rotationOf({ rotation }: Secret): Record<string, unknown> {
  if (!rotation) return {};
  const { lastAt, nextAt, enabled } = rotation;
  return {
    RotationEnabled: enabled,
    RotationLambdaARN: rotation.functionArn,
    RotationRules: rotation.rules,
    ...(lastAt === undefined ? {} : { LastRotatedDate: new Date(lastAt) }),
    ...(enabled && nextAt !== undefined ? { NextRotationDate: new Date(nextAt) } : {}),
  };
}
