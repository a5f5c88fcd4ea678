/** As many tenants as asked for, each a component of 15 resources that are wired by outputs, as real programs are. */
import { setImmediate as turn } from "node:timers/promises";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export const RESOURCES_PER_TENANT = 16;

/** @param givesWay after each tenant, as index.ts does (docs/decisions/0018-a-turn-after-each-cell.md), or never */
export async function declareTenants(count: number, givesWay = false): Promise<void> {
  for (let index = 0; index < count; index++) {
    new BenchTenant(`t${index}`);
    if (givesWay) await turn();
  }
}

class BenchTenant extends pulumi.ComponentResource {
  constructor(name: string) {
    super("bench:tenants:Tenant", name);
    const child = { parent: this };
    const bucket = new aws.s3.Bucket(`${name}-bucket`, {}, child);
    new aws.s3.BucketVersioning(
      `${name}-versions`,
      { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } },
      child,
    );
    const table = new aws.dynamodb.Table(
      `${name}-table`,
      { hashKey: "id", attributes: [{ name: "id", type: "S" }], billingMode: "PAY_PER_REQUEST" },
      child,
    );
    const topic = new aws.sns.Topic(`${name}-topic`, {}, child);
    for (const consumer of ["audit", "usage"]) {
      const dead = new aws.sqs.Queue(`${name}-${consumer}-dlq`, {}, child);
      const queue = new aws.sqs.Queue(
        `${name}-${consumer}`,
        { redrivePolicy: pulumi.jsonStringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 5 }) },
        child,
      );
      const policy = pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [{ Resource: queue.arn, Source: topic.arn }],
      });
      new aws.sqs.QueuePolicy(`${name}-${consumer}-policy`, { queueUrl: queue.url, policy }, child);
      new aws.sns.TopicSubscription(
        `${name}-${consumer}-subscription`,
        { topic: topic.arn, protocol: "sqs", endpoint: queue.arn },
        child,
      );
    }
    const role = new aws.iam.Role(`${name}-role`, { assumeRolePolicy: "{}" }, child);
    const policy = pulumi.all([bucket.arn, table.arn, topic.arn]).apply((resources) => JSON.stringify({ resources }));
    new aws.iam.RolePolicy(`${name}-grant`, { role: role.name, policy }, child);
    new aws.cloudwatch.LogGroup(`${name}-logs`, { name: pulumi.interpolate`/bench/${table.name}` }, child);
    this.registerOutputs({ bucket: bucket.arn });
  }
}
