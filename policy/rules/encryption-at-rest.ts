import type { Properties, Rule } from "../rule.ts";

/** What each type must say, where AWS does not encrypt without being asked. */
const NEEDS: Record<string, (properties: Properties) => string | undefined> = {
  "aws:rds/cluster:Cluster": ({ storageEncrypted }) => (storageEncrypted ? undefined : "storageEncrypted is not true"),
  "aws:rds/instance:Instance": ({ storageEncrypted }) =>
    storageEncrypted ? undefined : "storageEncrypted is not true",
  "aws:sqs/queue:Queue": ({ sqsManagedSseEnabled, kmsMasterKeyId }) =>
    sqsManagedSseEnabled || kmsMasterKeyId ? undefined : "neither sqsManagedSseEnabled nor kmsMasterKeyId is set",
  "aws:sns/topic:Topic": ({ kmsMasterKeyId }) => (kmsMasterKeyId ? undefined : "kmsMasterKeyId is not set"),
  "aws:kinesis/stream:Stream": ({ encryptionType }) =>
    encryptionType === "KMS" ? undefined : 'encryptionType is not "KMS"',
  "aws:efs/fileSystem:FileSystem": ({ encrypted }) => (encrypted ? undefined : "encrypted is not true"),
  "aws:ebs/volume:Volume": ({ encrypted }) => (encrypted ? undefined : "encrypted is not true"),
  "aws:elasticache/replicationGroup:ReplicationGroup": ({ atRestEncryptionEnabled }) =>
    atRestEncryptionEnabled ? undefined : "atRestEncryptionEnabled is not true",
  "aws:athena/workgroup:Workgroup": ({ configuration }) =>
    configuration?.resultConfiguration?.encryptionConfiguration
      ? undefined
      : "configuration.resultConfiguration has no encryptionConfiguration",
};

export const encryptionAtRest: Rule = {
  name: "encryption-at-rest",
  description: "Everything that keeps data encrypts it.",
  remedy: "Encrypt it with a key of the service or one of your own (KMS).",
  level: "mandatory",
  types: Object.keys(NEEDS),
  *check({ type, properties }) {
    const problem = NEEDS[type]?.(properties);
    if (problem) yield problem;
  },
};
