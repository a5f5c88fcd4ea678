import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type FunctionMaker, functionMaker } from "./cell/function-maker.ts";
import { cellFunctions } from "./cell/functions.ts";
import { tenantRole } from "./cell/tenant-role.ts";
import { checkArgs } from "./check-args.ts";
import { Bucket } from "./data/bucket.ts";
import { Database } from "./data/database.ts";
import type { Migration } from "./data/migration.ts";
import { Parameters } from "./data/parameters.ts";
import { Table } from "./data/table.ts";
import type { Api } from "./edge/api.ts";
import { Domain } from "./edge/domain.ts";
import { UserPool } from "./edge/user-pool.ts";
import { grantGet } from "./grants.ts";
import { Insight } from "./insight/insight.ts";
import { Queue } from "./messaging/queue.ts";
import { nameOf } from "./names.ts";
import { Network } from "./network/network.ts";
import type { CellSettings, Settings } from "./settings.ts";
import { tagsFor } from "./tags.ts";

export interface CellArgs {
  cell: CellSettings;
  settings: Settings;
}

/** What the functions of a cell need of it. */
export interface CellParts extends FunctionMaker {
  name: string;
  settings: Settings;
  tags: Record<string, string>;
  database: Database;
  bucket: Bucket;
  uploads: Queue;
  outbox: Queue;
  tenants: Table;
  idempotency: Table;
  users: UserPool;
  tenantRoleArn: pulumi.Output<string>;
  account: pulumi.Output<string>;
  region: pulumi.Output<string>;
}

/**
 * The bundle that a stack deploys: network, Aurora cluster, API, functions, fan-out, users, domain, parameters. Shared
 * by the tenants of a pool or bridge, or one silo tenant's own. Where it is protected, it is watched: alarms, dashboard, budget.
 *
 * ```ts
 * const cell = new Cell("eu1", { cell: settings.cells[0], settings });
 * ```
 */
export class Cell extends pulumi.ComponentResource {
  readonly name: string;
  readonly kind: CellSettings["kind"];
  readonly api: Api;
  readonly database: Database;
  readonly users: UserPool;
  readonly bucket: Bucket;
  readonly tenantsTable: pulumi.Output<string>;
  readonly topicArn: pulumi.Output<string>;
  readonly lifecycleFunction: pulumi.Output<string>;
  /** The schema is in place: tenants come after it. */
  readonly migrated: Migration;

  constructor(name: string, args: CellArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:cell:Cell", name, {}, options);
    checkArgs("Cell", name, args);
    const { cell, settings } = args;
    const child = { parent: this };
    const { environment, protection } = settings;
    const tags = tagsFor({ environment, cell: cell.name });
    this.name = cell.name;
    this.kind = cell.kind;

    const network = new Network(
      `${name}-network`,
      { cidr: cell.cidr, zones: settings.zones, flowLogDays: settings.flowLogDays, tags },
      child,
    );
    this.database = new Database(
      `${name}-database`,
      {
        network,
        clusterName: nameOf("cluster", ["terrace", environment, cell.name]),
        protection,
        ...settings.database,
        tags,
      },
      child,
    );
    const named = (part: string) => nameOf("table", ["terrace", environment, cell.name, part]);
    const tenants = new Table(
      `${name}-tenants`,
      { tableName: named("tenants"), attributes: { tenantId: "S" }, hashKey: "tenantId", protection, tags },
      child,
    );
    const maker = functionMaker(this, name, settings, tags);
    // Cognito waits for five seconds.
    const tokens = maker.make("tokens", { TENANTS_TABLE: tenants.tableName }, [grantGet(tenants.arn)], {
      timeoutSeconds: 5,
    });
    this.users = new UserPool(`${name}-users`, { protection, triggers: { preTokenGeneration: tokens }, tags }, child);
    const idempotency = new Table(
      `${name}-idempotency`,
      // Answers kept for a repeated request: nothing to protect.
      {
        tableName: named("idempotency"),
        attributes: { id: "S" },
        hashKey: "id",
        ttlAttribute: "expiration",
        protection: "disposable",
        tags,
      },
      child,
    );
    // Six times the timeouts of the thumbnailer (60 s) and the outbox (30 s).
    const uploads = new Queue(`${name}-uploads`, { visibilityTimeoutSeconds: 360, maxReceiveCount: 4, tags }, child);
    const outbox = new Queue(`${name}-outbox`, { visibilityTimeoutSeconds: 180, tags }, child);
    this.bucket = new Bucket(
      `${name}-photos`,
      { protection, tags, notifications: { uploads: { queue: uploads, prefix: "tenants/", suffix: "/original" } } },
      child,
    );

    const account = aws.getCallerIdentityOutput({}, child).accountId;
    const region = aws.getRegionOutput({}, child).region;
    const parts: CellParts = {
      ...maker,
      ...{ name, settings, tags, uploads, outbox, tenants, idempotency, account, region },
      ...{ database: this.database, bucket: this.bucket, users: this.users },
      tenantRoleArn: tenantRole(this, name, {
        ...{ environment, account, region, tags },
        clusterArn: this.database.clusterArn,
        bucketArn: this.bucket.arn,
      }),
    };
    const functions = cellFunctions(this, parts);
    this.api = functions.api;
    this.migrated = functions.migrated;
    this.tenantsTable = tenants.tableName;
    this.topicArn = functions.topicArn;
    this.lifecycleFunction = functions.lifecycle.functionName;

    if (settings.zone) {
      for (const host of hostsOf(cell, settings)) {
        const slug = host.replace("*", "any").replaceAll(".", "-");
        const api = { id: this.api.apiId, stage: this.api.stageName };
        new Domain(`${name}-domain-${slug}`, { host, zone: settings.zone, api, tags }, child);
      }
    }
    if (protection === "protected") {
      new Insight(
        `${name}-insight`,
        { ...functions.watched, ...settings.insight, protection, costTag: { key: "Cell", value: cell.name }, tags },
        child,
      );
    }
    new Parameters(
      `${name}-parameters`,
      {
        path: `/terrace/${environment}/cells/${cell.name}`,
        values: {
          "api-id": this.api.apiId,
          "user-pool-id": this.users.userPoolId,
          "cluster-arn": this.database.clusterArn,
          "topic-arn": this.topicArn,
          "lifecycle-function": this.lifecycleFunction,
        },
        tags,
      },
      child,
    );
    this.registerOutputs({
      apiId: this.api.apiId,
      clusterArn: this.database.clusterArn,
      userPoolId: this.users.userPoolId,
      tenantsTable: this.tenantsTable,
    });
  }
}

/** A silo answers to its tenant's host; a shared cell to a wildcard over each domain that its tenants' hosts are in. */
export function hostsOf(cell: Pick<CellSettings, "name" | "kind">, { tenants }: Pick<Settings, "tenants">): string[] {
  const hosts = tenants.filter((tenant) => tenant.cell === cell.name).map(({ host }) => host);
  if (cell.kind === "silo") return hosts;
  return [...new Set(hosts.map((host) => host.replace(/^[^.]+/, "*")))];
}
