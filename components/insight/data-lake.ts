import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { Bucket } from "../data/bucket.ts";
import { type Grant, grantDecrypt, grantEncrypt } from "../grants.ts";
import { checkedArn, checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import { stackNameOf } from "../names.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import { lakeGrants } from "./lake-grants.ts";
import { checkQuery, checkTable, type LakeTable, perDay, tableInputs } from "./lake-table.ts";

export interface DataLakeArgs {
  /** What is kept, by table. */
  tables: Record<string, LakeTable>;
  /** Questions by name, in SQL that says for whom: `… WHERE tenant = ?`. @default records per day, for each table */
  queries?: Record<string, string>;
  /** Tenants with a workgroup of their own: their own scans, results and history. @default none but the lake's */
  tenants?: string[];
  /** GiB that one query may scan, 0.01 to 1024: at $5 per TiB, ten are 5 cents. @default 10 */
  scanLimitGib?: number;
  /** Days until results of queries go. @default 7 */
  resultDays?: number;
  /** Days until data goes. @default it stays */
  dataDays?: number;
  /** First day with data: queries look no further back. @default "2026-01-01" */
  firstDay?: string;
  /** Name of the workgroup and, with `_`, of the database. @default from project, stack and name */
  lakeName?: string;
  /** KMS key for data and results. @default S3's own key */
  kmsKeyArn?: pulumi.Input<string>;
  /** @default "protected" */
  protection?: Protection;
  tags?: Tags;
}

/**
 * Events of all tenants in S3, asked in SQL: a prefix per tenant, partitions by day, and queries that cannot scan without
 * end. Costs nothing while nobody asks, but for what is stored.
 *
 * ```ts
 * const lake = new DataLake("usage", { tenants: ["acme"], tables: { requests: { columns: { route: "string", milliseconds: "double" } } } });
 * new Function("report", { entry: "functions/report", grants: lake.queryGrants("acme") });
 * ```
 */
export class DataLake extends pulumi.ComponentResource {
  readonly bucket: Bucket;
  readonly results: Bucket;
  readonly databaseName: pulumi.Output<string>;
  readonly workgroupName: pulumi.Output<string>;
  /** Ids of the saved queries, by name. */
  readonly queryIds: Record<string, pulumi.Output<string>> = {};
  readonly tables: Record<string, LakeTable>;
  readonly kmsKeyArn: pulumi.Output<string> | undefined;
  readonly #component: string;
  readonly #lakeName: string;
  readonly #tenants: string[];
  readonly #account: pulumi.Output<string>;
  readonly #region: pulumi.Output<string>;

  constructor(name: string, args: DataLakeArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:insight:DataLake", name, {}, options);
    checkArgs("DataLake", name, args);
    this.#component = `DataLake "${name}"`;
    validate(this.#component, args);
    const child = { parent: this };
    const { protection = "protected", tags, tenants = [] } = args;
    this.tables = args.tables;
    this.#tenants = tenants;
    this.#lakeName = args.lakeName ?? stackNameOf("lake", [name]);
    this.#account = aws.getCallerIdentityOutput({}, child).accountId;
    this.#region = aws.getRegionOutput({}, child).region;
    this.kmsKeyArn = checkedArn(this.#component, "kmsKeyArn", args.kmsKeyArn, "kms");
    const encrypted = { kmsKeyArn: this.kmsKeyArn, tags };

    const lifecycle = {
      ...(args.dataDays ? { data: { prefix: "tenants/", expireAfterDays: args.dataDays } } : {}),
      // What Firehose could not place is for people to look at, soon.
      errors: { prefix: "errors/", expireAfterDays: 30 },
    };
    this.bucket = new Bucket(`${name}-data`, { protection, lifecycle, ...encrypted }, child);
    this.results = new Bucket(
      `${name}-results`,
      {
        protection: "disposable",
        versioning: false,
        cleanUpAfterDays: 1,
        lifecycle: { results: { expireAfterDays: args.resultDays ?? 7 } },
        ...encrypted,
      },
      child,
    );
    const database = new aws.glue.CatalogDatabase(
      `${name}-database`,
      { name: this.#lakeName.replaceAll("-", "_"), tags },
      child,
    );
    const { bucketName } = this.bucket;
    const place = { databaseName: database.name, bucketName, firstDay: args.firstDay ?? "2026-01-01" };
    for (const [table, columns] of Object.entries(args.tables)) {
      new aws.glue.CatalogTable(`${name}-${table}`, tableInputs(table, columns, place), child);
    }
    const workgroup = this.#workgroup(name, undefined, args);
    const queries = args.queries ?? defaultQueries(args.tables);
    const save = (id: string, query: string, sql: string, group: aws.athena.Workgroup) =>
      new aws.athena.NamedQuery(id, { name: query, database: database.name, workgroup: group.name, query: sql }, child);
    for (const [query, sql] of Object.entries(queries)) {
      this.queryIds[query] = save(`${name}-${query}`, query, sql, workgroup).id;
    }
    for (const tenant of tenants) {
      const own = this.#workgroup(name, tenant, args);
      for (const [query, sql] of Object.entries(queries)) save(`${name}-${tenant}-${query}`, query, sql, own);
    }

    this.databaseName = database.name;
    this.workgroupName = workgroup.name;
    this.registerOutputs({
      databaseName: this.databaseName,
      workgroupName: this.workgroupName,
      bucketName: this.bucket.bucketName,
    });
  }

  /**
   * What asking takes: of one tenant's prefix, workgroup and results only. `"${aws:PrincipalTag/TenantId}"` is whichever
   * tenant the role's session is tagged with; without a tenant it is the whole lake, for the platform's own questions.
   */
  queryGrants(tenant?: string): Grant[] {
    this.#checkTenant(tenant);
    const key = this.kmsKeyArn;
    return [
      ...lakeGrants({
        tenant,
        bucketArn: this.bucket.arn,
        resultsArn: this.results.arn,
        databaseName: this.databaseName,
        workgroup: workgroupOf(this.#lakeName, tenant),
        resultsPrefix: resultsPrefix(tenant),
        account: this.#account,
        region: this.#region,
      }),
      ...(key ? [grantDecrypt(key, "s3", this.#region), grantEncrypt(key, "s3", this.#region)] : []),
    ];
  }

  /** Name of a tenant's workgroup, or of the lake's own. */
  workgroupFor(tenant?: string): string {
    this.#checkTenant(tenant);
    return workgroupOf(this.#lakeName, tenant);
  }

  #checkTenant(tenant: string | undefined): void {
    if (tenant === undefined || tenant === SESSION_TENANT || this.#tenants.includes(tenant)) return;
    const remedy = "it has no workgroup to keep its results apart; name it in tenants";
    throw new InvalidArgumentError(this.#component, "tenant", tenant, remedy);
  }

  #workgroup(name: string, tenant: string | undefined, args: DataLakeArgs): aws.athena.Workgroup {
    const key = this.kmsKeyArn;
    return new aws.athena.Workgroup(
      tenant ? `${name}-${tenant}-workgroup` : `${name}-workgroup`,
      {
        name: workgroupOf(this.#lakeName, tenant),
        description: tenant ? `Questions of tenant ${tenant}` : "Questions about all tenants",
        // Its history goes with it: in production the data is what is protected.
        forceDestroy: true,
        configuration: {
          enforceWorkgroupConfiguration: true,
          publishCloudwatchMetricsEnabled: true,
          bytesScannedCutoffPerQuery: Math.round((args.scanLimitGib ?? 10) * 1024 ** 3),
          resultConfiguration: {
            outputLocation: pulumi.interpolate`s3://${this.results.bucketName}/${resultsPrefix(tenant)}`,
            expectedBucketOwner: this.#account,
            encryptionConfiguration: key
              ? { encryptionOption: "SSE_KMS", kmsKeyArn: key }
              : { encryptionOption: "SSE_S3" },
          },
        },
        tags: tenant ? { ...args.tags, TenantId: tenant } : args.tags,
      },
      { parent: this },
    );
  }
}

/** Whichever tenant the session of a role is tagged with. */
export const SESSION_TENANT = "${aws:PrincipalTag/TenantId}";

// A dot stands in no lake's name and no tenant's: no two workgroups share a name.
const workgroupOf = (lake: string, tenant: string | undefined): string => (tenant ? `${lake}.${tenant}` : lake);

const resultsPrefix = (tenant: string | undefined): string => (tenant ? `tenants/${tenant}/` : "platform/");

const defaultQueries = (tables: Record<string, LakeTable>): Record<string, string> =>
  Object.fromEntries(Object.keys(tables).map((table) => [`${table}-per-day`, perDay(table)]));

function validate(component: string, args: DataLakeArgs): void {
  const tables = Object.entries(args.tables ?? {});
  if (tables.length === 0) throw new InvalidArgumentError(component, "tables", args.tables, "name at least one table");
  for (const [name, table] of tables) checkTable(component, name, table);
  for (const [name, sql] of Object.entries(args.queries ?? {})) checkQuery(component, name, sql);
  for (const tenant of args.tenants ?? []) {
    checkForm(
      component,
      "tenants",
      tenant,
      /^[a-z][a-z0-9]{2,30}$/,
      "a tenant's id: 3 to 31 lower-case letters and digits",
    );
  }
  const { tenants = [] } = args;
  const twice = tenants.find((tenant, index) => tenants.indexOf(tenant) !== index);
  if (twice) throw new InvalidArgumentError(component, "tenants", twice, "name a tenant once");
  checkRange(component, "scanLimitGib", args.scanLimitGib, 0.01, 1024, 0);
  checkRange(component, "resultDays", args.resultDays, 1, 365);
  checkRange(component, "dataDays", args.dataDays, 1, 36_500);
  checkForm(
    component,
    "firstDay",
    args.firstDay,
    /^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/,
    "a day such as 2026-01-01",
  );
  checkForm(
    component,
    "lakeName",
    args.lakeName,
    /^[a-z][a-z0-9-]{0,89}$/,
    "at most 90 lower-case letters, digits and hyphens",
  );
}
