/** Reading and writing a secret's versions. */
import { randomUUID } from "node:crypto";
import { AwsError, type Call, type Cloud, type Operation } from "../../service.ts";
import type { SecretAccess } from "./access.ts";
import type { SecretEncryption } from "./encryption.ts";
import { type Filter, filtered, page } from "./listing.ts";
import { readValue, type Secrets, type ValueInput } from "./secrets.ts";
import type { Secret } from "./store.ts";

const MOST_IN_BATCH = 20;

export function valueOperations(
  cloud: Cloud,
  secrets: Secrets,
  access: SecretAccess,
  encryption: SecretEncryption,
): Record<string, Operation> {
  const { store, found, usable, changed, putValue } = secrets;
  const isThere = ({ deletedAt }: Secret) => deletedAt === undefined;

  async function getValue(input: { SecretId: string; VersionId?: string; VersionStage?: string }, call: Call) {
    const secret = usable(input.SecretId);
    const stage = input.VersionStage ?? (input.VersionId === undefined ? "AWSCURRENT" : undefined);
    const version = store.version(secret.arn, { id: input.VersionId, stage });
    if (!version?.value) {
      const which = stage === undefined ? `version: ${input.VersionId}` : `staging label: ${stage}`;
      throw new AwsError(
        "ResourceNotFoundException",
        `Secrets Manager can't find the specified secret value for ${which}`,
      );
    }
    if (Object.hasOwn(secret.dataKeys ?? {}, version.id)) await encryption.assertReadable(secret, version.id, call);
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      VersionStages: version.stages,
      CreatedDate: new Date(version.createdAt),
      ...("text" in version.value ? { SecretString: version.value.text } : { SecretBinary: version.value.bytes }),
    };
  }

  /** What one secret of a batch is answered with: its value, or why there is none. */
  async function oneOfBatch(SecretId: string, call: Call) {
    try {
      cloud.authorize(call, access.on("GetSecretValue")({ SecretId }));
      return await getValue({ SecretId }, call);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { SecretId, ErrorCode: error.code, Message: error.message };
    }
  }

  return {
    GetSecretValue: { authorize: access.on("GetSecretValue"), run: getValue },
    BatchGetSecretValue: {
      authorize: access.any("BatchGetSecretValue"),
      async run(input: { SecretIdList?: string[]; Filters?: Filter[]; MaxResults?: number; NextToken?: string }, call) {
        const { SecretIdList: ids, Filters: filters } = input;
        if ((ids === undefined) === (filters === undefined)) {
          throw new AwsError(
            "InvalidParameterException",
            "You must provide either SecretIdList or Filters, and not both.",
          );
        }
        if (ids !== undefined && (ids.length > MOST_IN_BATCH || input.MaxResults !== undefined)) {
          throw new AwsError(
            "InvalidParameterException",
            `SecretIdList has ${MOST_IN_BATCH} members at most, and no MaxResults beside it.`,
          );
        }
        if (filters) cloud.authorize(call, access.any("ListSecrets")());
        const listed = filters && page(filtered(store.list().filter(isThere), filters), input, MOST_IN_BATCH);
        const asked = ids ?? listed!.items.map(({ arn }) => arn);
        const answers = await Promise.all(asked.map((SecretId) => oneOfBatch(SecretId, call)));
        return {
          SecretValues: answers.filter((answer) => "ARN" in answer),
          Errors: answers.filter((answer) => "ErrorCode" in answer),
          NextToken: listed?.NextToken,
        };
      },
    },
    PutSecretValue: {
      authorize: access.on("PutSecretValue"),
      async run(input: { SecretId: string } & ValueInput, call) {
        const secret = usable(input.SecretId);
        const value = readValue(input);
        if (!value)
          throw new AwsError("InvalidParameterException", "You must provide either SecretString or SecretBinary.");
        if (input.VersionStages?.length === 0)
          throw new AwsError("InvalidParameterException", "VersionStages has 1 to 20 members.");
        const ClientRequestToken = input.ClientRequestToken ?? randomUUID();
        const protection = await encryption.protect(secret, ClientRequestToken, call);
        const id = putValue(secret, { ...input, ClientRequestToken }, value);
        changed(secret, protection);
        return {
          ARN: secret.arn,
          Name: secret.name,
          VersionId: id,
          VersionStages: store.version(secret.arn, { id })!.stages,
        };
      },
    },
    ListSecretVersionIds: {
      authorize: access.on("ListSecretVersionIds"),
      run(input) {
        const secret = found(input.SecretId);
        const Versions = store.versions(secret.arn).map(({ id, stages, createdAt }) => ({
          VersionId: id,
          VersionStages: stages,
          CreatedDate: new Date(createdAt),
        }));
        return { ARN: secret.arn, Name: secret.name, Versions };
      },
    },
    UpdateSecretVersionStage: {
      authorize: access.on("UpdateSecretVersionStage"),
      run(input: { SecretId: string; VersionStage: string; RemoveFromVersionId?: string; MoveToVersionId?: string }) {
        const secret = usable(input.SecretId);
        for (const id of [input.MoveToVersionId, input.RemoveFromVersionId]) {
          if (id !== undefined && !store.version(secret.arn, { id })) {
            throw new AwsError("ResourceNotFoundException", `Secrets Manager can't find the version ${id}.`);
          }
        }
        const holder = store.version(secret.arn, { stage: input.VersionStage })?.id;
        if (holder !== undefined && holder !== input.RemoveFromVersionId && holder !== input.MoveToVersionId) {
          throw new AwsError(
            "InvalidParameterException",
            `The parameter RemoveFromVersionId can't be empty. Staging label ${input.VersionStage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
          );
        }
        store.moveStage(secret.arn, input.VersionStage, input.RemoveFromVersionId, input.MoveToVersionId);
        return { ARN: secret.arn, Name: secret.name };
      },
    },
  };
}
