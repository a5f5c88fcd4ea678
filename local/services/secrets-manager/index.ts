/**
 * Secrets Manager: secrets, versions and their stages, tags as condition keys, recovery windows, rotation by a function.
 *
 * Not emulated: replication, rotation that AWS manages itself, windows of a rotation (it begins at their start).
 */
import { randomUUID } from "node:crypto";
import type { Resource } from "../../../engine/graph.ts";
import { declaring } from "../../customer-keys.ts";
import { AwsError, type Call, type Cloud, type Operation, type Service } from "../../service.ts";
import { secretAccess, type Tag } from "./access.ts";
import { secretEncryption } from "./encryption.ts";
import { type Filter, filtered, page } from "./listing.ts";
import { policyOperations } from "./policy-operations.ts";
import { randomPassword } from "./random-password.ts";
import { rotationOperations } from "./rotation-operations.ts";
import { describe, readValue, sameValue, secrets, tagsOf, type ValueInput } from "./secrets.ts";
import type { Secret } from "./store.ts";
import { valueOperations } from "./values.ts";

interface ManagedSecret {
  ARN: string;
  OwningService?: string;
  Description?: string;
  Tags?: Tag[];
  SecretString: string;
}

const DAY_MS = 86_400_000;

export function secretsManager(cloud: Cloud): Service {
  const all = secrets(cloud);
  const { store, now, found, usable, changed, putValue, declare, declareValue } = all;
  const access = secretAccess(cloud, store);
  const encryption = secretEncryption(cloud, store);
  const rotation = rotationOperations(cloud, all, access);
  rotation.resume();

  async function create(
    input: {
      Name: string;
      Description?: string;
      KmsKeyId?: string;
      Tags?: Tag[];
      AddReplicaRegions?: object[];
    } & ValueInput,
    call: Call,
  ): Promise<object> {
    if (input.AddReplicaRegions?.length) throw oneRegion();
    if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(input.Name)) {
      throw new AwsError(
        "ValidationException",
        `Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!`,
      );
    }
    const existing = store.find(input.Name);
    const value = readValue(input);
    if (existing?.deletedAt !== undefined) {
      throw new AwsError(
        "InvalidRequestException",
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    }
    if (existing) {
      const token = input.ClientRequestToken;
      const again = token === undefined ? undefined : store.version(existing.arn, { id: token });
      if (again?.value && value && sameValue(again.value, value))
        return { ARN: existing.arn, Name: existing.name, VersionId: again.id };
      throw new AwsError(
        "ResourceExistsException",
        `The operation failed because the secret ${input.Name} already exists.`,
      );
    }
    const secret: Secret = {
      arn: store.arnOf(input.Name),
      name: input.Name,
      description: input.Description,
      kmsKeyId: input.KmsKeyId,
      tags: tagsOf(input.Tags),
      createdAt: now(),
      changedAt: now(),
    };
    const ClientRequestToken = input.ClientRequestToken ?? randomUUID();
    store.save({ ...secret, ...(value && (await encryption.protect(secret, ClientRequestToken, call))) });
    const VersionId = value && putValue(secret, { ...input, ClientRequestToken }, value);
    return { ARN: secret.arn, Name: secret.name, VersionId };
  }

  function provisionSecret({ inputs, outputs, name }: Resource): void {
    declare(String(outputs.arn), String(outputs.name ?? inputs.name ?? name), {
      description: inputs.description === undefined ? undefined : String(inputs.description),
      kmsKeyId: inputs.kmsKeyId === undefined ? undefined : String(inputs.kmsKeyId),
      tags: (outputs.tagsAll ?? inputs.tags ?? {}) as Record<string, string>,
      policy: typeof inputs.policy === "string" ? inputs.policy : undefined,
    });
  }

  const operations: Record<string, Operation> = {
    ...valueOperations(cloud, all, access, encryption),
    ...policyOperations(all, access),
    ...rotation.operations,
    CreateSecret: { authorize: access.create, run: create },
    UpdateSecret: {
      authorize: access.on("UpdateSecret"),
      async run(input: { SecretId: string; Description?: string; KmsKeyId?: string } & ValueInput, call) {
        let secret = usable(input.SecretId);
        const value = readValue(input);
        const ClientRequestToken = input.ClientRequestToken ?? randomUUID();
        secret = { ...secret, kmsKeyId: input.KmsKeyId ?? secret.kmsKeyId };
        // Another key is for what is there already, too.
        const versions = input.KmsKeyId === undefined ? [] : store.versions(secret.arn).map(({ id }) => id);
        for (const version of value ? [...versions, ClientRequestToken] : versions)
          secret = { ...secret, ...(await encryption.protect(secret, version, call)) };
        secret = changed(secret, { description: input.Description ?? secret.description });
        const VersionId = value && putValue(secret, { ...input, ClientRequestToken }, value);
        return { ARN: secret.arn, Name: secret.name, VersionId };
      },
    },
    DescribeSecret: {
      authorize: access.on("DescribeSecret"),
      run: (input) => describe(found(input.SecretId), store),
    },
    DeleteSecret: {
      authorize: access.on("DeleteSecret"),
      run(input: { SecretId: string; RecoveryWindowInDays?: number; ForceDeleteWithoutRecovery?: boolean }) {
        const { RecoveryWindowInDays: window, ForceDeleteWithoutRecovery: force } = input;
        if (force && window !== undefined) {
          throw new AwsError(
            "InvalidParameterException",
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
          );
        }
        if (window !== undefined && (window < 7 || window > 30)) {
          throw new AwsError(
            "InvalidParameterException",
            "RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
          );
        }
        const secret = force ? found(input.SecretId) : usable(input.SecretId);
        const purgeAt = now() + (force ? 0 : (window ?? 30)) * DAY_MS;
        if (force) store.remove(secret.arn);
        else changed(secret, { deletedAt: now(), purgeAt });
        return { ARN: secret.arn, Name: secret.name, DeletionDate: new Date(purgeAt) };
      },
    },
    RestoreSecret: {
      authorize: access.on("RestoreSecret"),
      run(input) {
        const secret = changed(found(input.SecretId), { deletedAt: undefined, purgeAt: undefined });
        return { ARN: secret.arn, Name: secret.name };
      },
    },
    ListSecrets: {
      authorize: access.any("ListSecrets"),
      run(input: {
        Filters?: Filter[];
        SortOrder?: "asc" | "desc";
        MaxResults?: number;
        NextToken?: string;
        IncludePlannedDeletion?: boolean;
      }) {
        const kept = store.list().filter((secret) => input.IncludePlannedDeletion || secret.deletedAt === undefined);
        const matching = filtered(kept, input.Filters);
        if (input.SortOrder === "desc") matching.reverse();
        const { items, NextToken } = page(matching, input, 100);
        const SecretList = items.map((secret) => {
          const { VersionIdsToStages, ...rest } = describe(secret, store);
          return { ...rest, SecretVersionsToStages: VersionIdsToStages };
        });
        return { SecretList, NextToken };
      },
    },
    TagResource: {
      authorize: access.on("TagResource"),
      run(input: { SecretId: string; Tags: Tag[] }) {
        const secret = usable(input.SecretId);
        changed(secret, { tags: { ...secret.tags, ...tagsOf(input.Tags) } });
        return {};
      },
    },
    UntagResource: {
      authorize: access.on("UntagResource"),
      run(input: { SecretId: string; TagKeys: string[] }) {
        const secret = usable(input.SecretId);
        changed(secret, {
          tags: Object.fromEntries(Object.entries(secret.tags).filter(([key]) => !input.TagKeys.includes(key))),
        });
        return {};
      },
    },
    GetRandomPassword: {
      authorize: access.any("GetRandomPassword"),
      run: (input) => ({ RandomPassword: randomPassword(input) }),
    },
    ...Object.fromEntries(
      ["ReplicateSecretToRegions", "RemoveRegionsFromReplication", "StopReplicationToReplica"].map((action) => [
        action,
        {
          authorize: access.on(action),
          run() {
            throw oneRegion();
          },
        },
      ]),
    ),
    // Not an operation of AWS's and not on the wire: how another service (RDS) keeps a secret that it manages.
    PutManagedSecret: {
      run(input: ManagedSecret) {
        const name = /:secret:(.+)-[A-Za-z0-9]{6}$/.exec(input.ARN)?.[1] ?? input.ARN.split(":secret:")[1]!;
        const secret = declare(input.ARN, name, {
          description: input.Description,
          owningService: input.OwningService,
          ...(input.Tags && { tags: tagsOf(input.Tags) }),
        });
        return { ARN: secret.arn, Name: secret.name, VersionId: declareValue(secret, input.SecretString) };
      },
    },
  };

  return {
    name: "secretsmanager",
    client: () => import("@aws-sdk/client-secrets-manager"),
    requiresMembers: "InvalidParameterException",
    resources: {
      "aws:secretsmanager/secret:Secret": provisionSecret,
      "aws:secretsmanager/secretVersion:SecretVersion": async ({ inputs }) => {
        if (typeof inputs.secretString !== "string") return;
        const version = declareValue(found(String(inputs.secretId)), inputs.secretString);
        const secret = found(String(inputs.secretId));
        changed(secret, await encryption.protect(secret, version, declaring(cloud)));
      },
      "aws:secretsmanager/secretRotation:SecretRotation": rotation.declare,
      "aws:secretsmanager/secretPolicy:SecretPolicy": ({ inputs }) => {
        changed(found(String(inputs.secretArn)), { policy: String(inputs.policy) });
      },
    },
    operations,
    stop: rotation.stop,
  };
}

function oneRegion(): AwsError {
  return new AwsError("InvalidRequestException", "There is one region on this machine: a secret can't be replicated.");
}
