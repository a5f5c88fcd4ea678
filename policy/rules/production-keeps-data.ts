import { isProduction, type Properties, type Rule, type Subject } from "../rule.ts";

const MINIMUM_BACKUP_DAYS = 7;

const NEEDS: Record<string, (properties: Properties, subject: Subject) => (string | false | undefined)[]> = {
  "aws:rds/cluster:Cluster": ({ deletionProtection, skipFinalSnapshot, backupRetentionPeriod }) => [
    !deletionProtection && "deletionProtection is off",
    skipFinalSnapshot && "skipFinalSnapshot is on",
    !(backupRetentionPeriod >= MINIMUM_BACKUP_DAYS) && `backups are kept for less than ${MINIMUM_BACKUP_DAYS} days`,
  ],
  "aws:dynamodb/table:Table": ({ deletionProtectionEnabled, pointInTimeRecovery, ttl }) =>
    // What expires by itself is nothing to keep.
    ttl?.enabled
      ? []
      : [
          !deletionProtectionEnabled && "deletionProtectionEnabled is off",
          !pointInTimeRecovery?.enabled && "pointInTimeRecovery is off",
        ],
  "aws:cognito/userPool:UserPool": ({ deletionProtection }) => [
    deletionProtection !== "ACTIVE" && "deletionProtection is not ACTIVE",
  ],
  "aws:s3/bucket:Bucket": ({ forceDestroy }) => [forceDestroy && "forceDestroy is on"],
};

export const productionKeepsData: Rule = {
  name: "production-keeps-data",
  description: "In production nobody loses data by removing a line of the program.",
  remedy: 'Pass protection: "protected" to the component.',
  level: "mandatory",
  types: Object.keys(NEEDS),
  *check(subject) {
    if (!isProduction(subject)) return;
    for (const problem of NEEDS[subject.type]?.(subject.properties, subject) ?? []) if (problem) yield problem;
    const expires = subject.properties.ttl?.enabled === true;
    if (!subject.protect && !expires) yield "Pulumi may delete it (no protect)";
  },
};
