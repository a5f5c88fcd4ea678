import type * as pulumi from "@pulumi/pulumi";
import { checkForm, checkRange, checkRetention, InvalidArgumentError } from "../../invalid-argument.ts";
import type { DatabaseArgs } from "../database.ts";

/** @throws InvalidArgumentError naming the argument and the remedy. */
export function checkDatabase(component: string, args: DatabaseArgs): void {
  checkPlace(component, args);
  checkSubnets(component, args);
  checkForm(
    component,
    "clusterName",
    args.clusterName,
    /^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/,
    "lower-case letters, digits and single hyphens, at most 63",
  );
  checkForm(
    component,
    "databaseName",
    args.databaseName,
    /^[a-z][a-z0-9_]{0,62}$/,
    "lower-case letters, digits and _, at most 63",
  );
  checkForm(
    component,
    "engineVersion",
    args.engineVersion,
    /^1[67]\.\d+$/,
    "a version of Aurora PostgreSQL 16 or 17, such as 17.5",
  );
  checkCapacity(component, args);
  checkRange(component, "readers", args.readers, 0, 15);
  checkRange(component, "backupRetentionDays", args.backupRetentionDays, args.protection === "disposable" ? 1 : 14, 35);
  checkForm(component, "insights", args.insights, /^(standard|advanced)$/, "standard or advanced");
  for (const key of Object.keys(args.parameters ?? {})) {
    checkForm(component, `parameters.${key}`, key, /^[a-z][a-z0-9_.]{0,254}$/, "the name of a setting of PostgreSQL");
  }
  checkRetention(component, "logRetentionDays", args.logRetentionDays);
  if (args.logRetentionDays !== undefined && args.clusterName === undefined) {
    throw new InvalidArgumentError(component, "clusterName", undefined, "its log group is named after it; give one");
  }
  checkOrigin(component, args);
}

function checkPlace(component: string, args: DatabaseArgs): void {
  const { existing, network, databaseName: _database, ...rest } = args;
  if (!existing && !network) {
    throw new InvalidArgumentError(component, "network", undefined, "say where it stands, or name an existing cluster");
  }
  const other =
    existing && (network ? "network" : Object.keys(rest).find((key) => !["protection", "tags"].includes(key)));
  if (other) {
    throw new InvalidArgumentError(component, other, "given", "an existing cluster stays as it is; leave this out");
  }
}

/** RDS takes a group of subnets in two zones at least, and says so when everything else stands. */
function checkSubnets(component: string, { network }: DatabaseArgs): void {
  (network?.isolatedSubnetIds as pulumi.Output<string[]> | undefined)?.apply((ids) => {
    if (ids.length >= 2) return;
    const remedy = "a cluster stands in two zones at least; name an isolated subnet of each";
    throw new InvalidArgumentError(component, "network.isolatedSubnetIds", ids, remedy);
  });
}

function checkCapacity(component: string, args: DatabaseArgs): void {
  const { minAcu = 0, maxAcu = 4 } = args;
  checkRange(component, "minAcu", args.minAcu, 0, 256, 0.5);
  checkRange(component, "maxAcu", args.maxAcu, 1, 256, 0.5);
  if (minAcu > maxAcu)
    throw new InvalidArgumentError(component, "minAcu", minAcu, `it may not exceed maxAcu, ${maxAcu}`);
  checkRange(component, "pauseAfterSeconds", args.pauseAfterSeconds, 300, 86_400);
}

function checkOrigin(component: string, { restoreFrom }: DatabaseArgs): void {
  if (!restoreFrom) return;
  const { snapshotArn, clusterIdentifier, time } = restoreFrom;
  if ((snapshotArn === undefined) === (clusterIdentifier === undefined)) {
    const remedy = "give either snapshotArn or clusterIdentifier";
    throw new InvalidArgumentError(component, "restoreFrom", Object.keys(restoreFrom), remedy);
  }
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
  checkForm(component, "restoreFrom.time", time, form, "a time in UTC such as 2027-01-01T00:00:00Z");
  if (time !== undefined && snapshotArn !== undefined) {
    throw new InvalidArgumentError(component, "restoreFrom.time", time, "a snapshot is of one time; leave it out");
  }
}
