/** A cluster as it is made: Aurora Serverless v2, its instances, its settings, its log. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { checkedArn } from "../../invalid-argument.ts";
import { stackNameOf } from "../../names.ts";
import type { DatabaseArgs, RestoreArgs } from "../database.ts";

export function createCluster(
  parent: pulumi.Resource,
  component: string,
  name: string,
  args: DatabaseArgs,
  firewallId: pulumi.Input<string>,
): aws.rds.Cluster {
  const child = { parent };
  const isProtected = (args.protection ?? "protected") === "protected";
  const minCapacity = args.minAcu ?? 0;
  const engineVersion = args.engineVersion ?? "17.5";
  const subnets = new aws.rds.SubnetGroup(
    `${name}-subnets`,
    { subnetIds: args.network!.isolatedSubnetIds, tags: args.tags },
    child,
  );
  const settings = args.parameters && parameterGroup(parent, name, engineVersion, args);
  const logs =
    args.logRetentionDays === undefined
      ? []
      : [
          new aws.cloudwatch.LogGroup(
            `${name}-logs`,
            {
              name: `/aws/rds/cluster/${args.clusterName}/postgresql`,
              retentionInDays: args.logRetentionDays,
              tags: args.tags,
            },
            child,
          ),
        ];
  const cluster = new aws.rds.Cluster(
    name,
    {
      clusterIdentifier: args.clusterName,
      engine: "aurora-postgresql",
      engineMode: "provisioned",
      engineVersion,
      databaseName: args.databaseName ?? "app",
      masterUsername: "terrace",
      manageMasterUserPassword: true,
      enableHttpEndpoint: true,
      serverlessv2ScalingConfiguration: {
        minCapacity,
        maxCapacity: args.maxAcu ?? 4,
        secondsUntilAutoPause: minCapacity === 0 ? (args.pauseAfterSeconds ?? 300) : undefined,
      },
      dbSubnetGroupName: subnets.name,
      vpcSecurityGroupIds: [firewallId],
      dbClusterParameterGroupName: settings?.name,
      iamDatabaseAuthenticationEnabled: args.iamAuthentication,
      storageEncrypted: true,
      kmsKeyId: checkedArn(component, "kmsKeyArn", args.kmsKeyArn, "kms"),
      backupRetentionPeriod: args.backupRetentionDays ?? (isProtected ? 14 : 7),
      copyTagsToSnapshot: true,
      deletionProtection: isProtected,
      skipFinalSnapshot: !isProtected,
      finalSnapshotIdentifier: isProtected ? finalSnapshotOf(name, args) : undefined,
      enabledCloudwatchLogsExports: ["postgresql"],
      performanceInsightsEnabled: isProtected || args.insights === "advanced",
      ...(args.insights ? insightsOf(args.insights) : {}),
      ...(args.restoreFrom ? origin(component, args.restoreFrom) : {}),
      applyImmediately: !isProtected,
      tags: args.tags,
    },
    {
      parent,
      protect: isProtected,
      dependsOn: logs,
      // What a cluster began with is history: RDS would make it anew, and empty the one that is there.
      ignoreChanges: ["snapshotIdentifier", "restoreToPointInTime"],
    },
  );
  for (let index = 0; index <= (args.readers ?? 0); index++) {
    new aws.rds.ClusterInstance(
      `${name}-${index}`,
      {
        clusterIdentifier: cluster.clusterIdentifier,
        instanceClass: "db.serverless",
        engine: "aurora-postgresql",
        engineVersion: cluster.engineVersion,
        publiclyAccessible: false,
        // Only replicas of tiers 0 and 1 scale with the writer, ready to take over.
        promotionTier: Math.min(index, 1),
        tags: args.tags,
      },
      child,
    );
  }
  return cluster;
}

/** Of this stack: another one's cluster of the same component may end on the same day. */
const finalSnapshotOf = (name: string, { clusterName }: DatabaseArgs): string =>
  clusterName ? `${clusterName}-final` : stackNameOf("cluster", [name, "final"]);

/** Database Insights keeps seven days, or fifteen months. */
const insightsOf = (mode: "standard" | "advanced") => ({
  databaseInsightsMode: mode,
  performanceInsightsRetentionPeriod: mode === "advanced" ? 465 : 7,
});

function origin(
  component: string,
  { snapshotArn, clusterIdentifier, time }: RestoreArgs,
): Partial<aws.rds.ClusterArgs> {
  if (snapshotArn) return { snapshotIdentifier: checkedArn(component, "restoreFrom.snapshotArn", snapshotArn, "rds") };
  return {
    restoreToPointInTime: {
      sourceClusterIdentifier: clusterIdentifier,
      ...(time ? { restoreToTime: time } : { useLatestRestorableTime: true }),
    },
  };
}

const parameterGroup = (parent: pulumi.Resource, name: string, version: string, { parameters, tags }: DatabaseArgs) =>
  new aws.rds.ClusterParameterGroup(
    `${name}-parameters`,
    {
      family: `aurora-postgresql${version.split(".")[0]}`,
      // Some settings take a restart, which the next maintenance brings: none is made at noon.
      parameters: Object.entries(parameters!).map(([key, value]) => ({
        name: key,
        value,
        applyMethod: "pending-reboot",
      })),
      tags,
    },
    { parent },
  );
