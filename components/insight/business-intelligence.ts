import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import type { Grant } from "../grants.ts";
import { checked, checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import { stackNameOf } from "../names.ts";
import { policyOf, trustOfSource } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";
import type { DataLake } from "./data-lake.ts";

export type ColumnType = "STRING" | "INTEGER" | "DECIMAL" | "DATETIME" | "BOOLEAN";

/** A question that people build charts on. */
export interface DataSetArgs {
  /** Athena's SQL, which says for whom: `SELECT day, tenant, … FROM requests WHERE tenant IN ('acme', 'globex')`. */
  sql: string;
  /** QuickSight's type of each column that the SQL answers with. */
  columns: Record<string, ColumnType>;
  /** `SPICE` keeps a copy in QuickSight's memory, renewed each night; `DIRECT_QUERY` asks anew each time. @default "DIRECT_QUERY" */
  importMode?: "DIRECT_QUERY" | "SPICE";
  /** Column with a tenant's id: an embedded dashboard shows the rows of its session's `TenantId` only. @default every reader sees every row */
  tenantColumn?: string;
}

export interface BusinessIntelligenceArgs {
  lake: DataLake;
  /** One of the lake's tenants: only its data can be asked, in its own workgroup. @default the whole lake */
  tenant?: string;
  /** By name. */
  dataSets: Record<string, DataSetArgs>;
  /** ARNs of QuickSight's users or groups that may build on the data sets. */
  readers: pulumi.Input<string>[];
  tags?: Tags;
}

/**
 * A data lake's answers in QuickSight: a data source with a role of its own, and a data set per question. QuickSight has to
 * be subscribed to in the account, and costs by user; this costs nothing by itself. No cell has one that did not ask for it.
 *
 * ```ts
 * new BusinessIntelligence("usage", { lake, readers: [analysts], dataSets: { perDay: { sql, columns } } });
 * ```
 */
export class BusinessIntelligence extends pulumi.ComponentResource {
  readonly dataSourceArn: pulumi.Output<string>;
  readonly dataSetArns: Record<string, pulumi.Output<string>> = {};
  readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: BusinessIntelligenceArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:insight:BusinessIntelligence", name, {}, options);
    checkArgs("BusinessIntelligence", name, args, { lake: "say what is asked" });
    const component = `BusinessIntelligence "${name}"`;
    validate(component, args);
    const child = { parent: this };
    const { lake, tenant, tags } = args;
    const workGroup = lake.workgroupFor(tenant);
    const account = aws.getCallerIdentityOutput({}, child).accountId;
    const region = aws.getRegionOutput({}, child).region;
    const readers = args.readers.map((reader, index) =>
      checked(reader, (arn) =>
        checkForm(component, `readers[${index}]`, arn, READER, "the ARN of a QuickSight user or group"),
      ),
    );

    const sources = pulumi.interpolate`arn:aws:quicksight:${region}:${account}:datasource/*`;
    const role = new aws.iam.Role(
      `${name}-role`,
      { assumeRolePolicy: trustOfSource("quicksight.amazonaws.com", account, sources), tags },
      child,
    );
    const policy = new aws.iam.RolePolicy(
      `${name}-policy`,
      { role: role.name, policy: policyOf([...lake.queryGrants(tenant), lookAround(region, account)]) },
      child,
    );
    const source = new aws.quicksight.DataSource(
      `${name}-source`,
      {
        dataSourceId: stackNameOf("dataSet", [name]),
        name,
        type: "ATHENA",
        parameters: { athena: { workGroup, roleArn: role.arn } },
        tags,
      },
      { parent: this, dependsOn: [policy] },
    );
    for (const [title, dataSet] of Object.entries(args.dataSets)) {
      this.dataSetArns[title] = this.#dataSet(name, title, dataSet, { source, readers, tags });
    }
    this.dataSourceArn = source.arn;
    this.roleArn = role.arn;
    this.registerOutputs({
      dataSourceArn: this.dataSourceArn,
      dataSetArns: this.dataSetArns,
      roleArn: this.roleArn,
    });
  }

  #dataSet(name: string, title: string, args: DataSetArgs, parts: DataSetParts): pulumi.Output<string> {
    const { sql, columns, importMode = "DIRECT_QUERY", tenantColumn } = args;
    const dataSetId = stackNameOf("dataSet", [name, title]);
    const dataSet = new aws.quicksight.DataSet(
      `${name}-${title}`,
      {
        dataSetId,
        name: title,
        importMode,
        physicalTableMaps: [
          {
            physicalTableMapId: "answer",
            customSql: {
              dataSourceArn: parts.source.arn,
              name: title,
              sqlQuery: sql,
              columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
            },
          },
        ],
        rowLevelPermissionTagConfiguration: tenantColumn
          ? { status: "ENABLED", tagRules: [{ columnName: tenantColumn, tagKey: "TenantId" }] }
          : undefined,
        permissions: parts.readers.map((principal) => ({ principal, actions: READ })),
        tags: parts.tags,
      },
      { parent: this },
    );
    if (importMode === "SPICE") {
      new aws.quicksight.RefreshSchedule(
        `${name}-${title}-nightly`,
        {
          dataSetId: dataSet.dataSetId,
          scheduleId: "nightly",
          schedule: {
            refreshType: "FULL_REFRESH",
            scheduleFrequency: { interval: "DAILY", timeOfTheDay: "04:00", timezone: "UTC" },
          },
        },
        { parent: this },
      );
    }
    return dataSet.arn;
  }
}

interface DataSetParts {
  source: aws.quicksight.DataSource;
  readers: pulumi.Output<string>[];
  tags: Tags | undefined;
}

/** To build charts on a data set, and not to change it. */
const READ = [
  "DescribeDataSet",
  "DescribeDataSetPermissions",
  "PassDataSet",
  "DescribeIngestion",
  "ListIngestions",
].map((action) => `quicksight:${action}`);

const READER = /^arn:aws[a-z-]*:quicksight:[a-z0-9-]+:\d{12}:(user|group)\/.+/;

/** QuickSight asks what there is before it asks a question. */
const lookAround = (region: pulumi.Output<string>, account: pulumi.Output<string>): Grant => ({
  actions: ["athena:GetDataCatalog", "athena:GetDatabase", "athena:GetTableMetadata"],
  resources: [pulumi.interpolate`arn:aws:athena:${region}:${account}:datacatalog/AwsDataCatalog`],
});

function validate(component: string, args: BusinessIntelligenceArgs): void {
  if (!args.readers?.length) {
    throw new InvalidArgumentError(component, "readers", args.readers, "name who may build on it");
  }
  if (Object.keys(args.dataSets ?? {}).length === 0) {
    throw new InvalidArgumentError(component, "dataSets", args.dataSets, "ask at least one question");
  }
  for (const [title, { sql, columns, importMode, tenantColumn }] of Object.entries(args.dataSets)) {
    const at = `dataSets.${title}`;
    checkForm(component, at, title, /^[A-Za-z][\w-]{0,63}$/, "a name of letters, digits, _ and -, at most 64");
    // The lake's tables do not list their tenants: Athena refuses a query that does not name them.
    checkForm(component, `${at}.sql`, sql ?? "", /\btenant\s*(=|in\b)/i, "SQL that says for whom: WHERE tenant IN (…)");
    checkForm(component, `${at}.importMode`, importMode, /^(DIRECT_QUERY|SPICE)$/, "DIRECT_QUERY or SPICE");
    if (Object.keys(columns ?? {}).length === 0) {
      throw new InvalidArgumentError(component, `${at}.columns`, columns, "name what the SQL answers with");
    }
    for (const [column, type] of Object.entries(columns)) {
      const words = "STRING, INTEGER, DECIMAL, DATETIME or BOOLEAN";
      checkForm(component, `${at}.columns.${column}`, type, /^(STRING|INTEGER|DECIMAL|DATETIME|BOOLEAN)$/, words);
    }
    if (tenantColumn !== undefined && columns[tenantColumn] !== "STRING") {
      const remedy = "it has to be one of the columns, of type STRING";
      throw new InvalidArgumentError(component, `${at}.tenantColumn`, tenantColumn, remedy);
    }
  }
}
