import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const key = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555";
const tables = { requests: { columns: { route: "string", milliseconds: "double" } } };

const lake = (args: Partial<terrace.DataLakeArgs> = {}) => new terrace.DataLake("usage", { tables, ...args });
const lakeOf = (args: Partial<terrace.DataLakeArgs> = {}) =>
  deploy(() => {
    lake(args);
  });

type Statement = { Action: string[]; Resource: string[]; Condition?: Record<string, Record<string, unknown>> };
const statementsOf = (stack: Deployment, name: string) =>
  JSON.parse(String(stack.resource("aws:iam/rolePolicy:RolePolicy", name).inputs.policy)).Statement as Statement[];

describe("DataLake", () => {
  it("has no query scan more than 10 GiB or keep its result for more than a week, whoever asks", async () => {
    const stack = await lakeOf();
    const { configuration } = stack.resource("aws:athena/workgroup:Workgroup").inputs as {
      configuration: Record<string, unknown>;
    };
    const results = stack.resource("aws:s3/bucket:Bucket", "usage-results").outputs.bucket;
    expect(configuration).toEqual({
      enforceWorkgroupConfiguration: true,
      publishCloudwatchMetricsEnabled: true,
      bytesScannedCutoffPerQuery: 10 * 1024 ** 3,
      resultConfiguration: {
        outputLocation: `s3://${results}/platform/`,
        expectedBucketOwner: "000000000000",
        encryptionConfiguration: { encryptionOption: "SSE_S3" },
      },
    });
    const { rules } = stack.resource("BucketLifecycleConfiguration", "usage-results-lifecycle").inputs as {
      rules: { id: string; expiration?: object }[];
    };
    expect(rules.find(({ id }) => id === "results")!.expiration).toEqual({ days: 7 });
  });

  it("finds tenants and days by their place, without a crawler", async () => {
    const stack = await lakeOf({ firstDay: "2026-07-01" });
    const { inputs } = stack.resource("aws:glue/catalogTable:CatalogTable");
    const bucket = stack.resource("aws:s3/bucket:Bucket", "usage-data").outputs.bucket;
    expect(inputs.partitionKeys).toEqual([
      { name: "tenant", type: "string" },
      { name: "day", type: "string" },
    ]);
    expect(inputs.parameters).toMatchObject({
      "projection.enabled": "true",
      "projection.tenant.type": "injected",
      "projection.day.type": "date",
      "projection.day.range": "2026-07-01,NOW",
      "storage.location.template": `s3://${bucket}/tenants/$\{tenant}/requests/day=$\{day}/`,
    });
    expect(inputs.storageDescriptor).toMatchObject({
      columns: [
        { name: "route", type: "string" },
        { name: "milliseconds", type: "double" },
      ],
      serDeInfo: { serializationLibrary: "org.openx.data.jsonserde.JsonSerDe" },
    });
  });

  it("keeps data for good and protects it; results can be made again and go with the stack", async () => {
    const stack = await lakeOf();
    const bucket = (name: string) => stack.resource("aws:s3/bucket:Bucket", name);
    expect([bucket("usage-data").options.protect, bucket("usage-data").inputs.forceDestroy]).toEqual([true, false]);
    expect([bucket("usage-results").options.protect, bucket("usage-results").inputs.forceDestroy]).toEqual([
      undefined,
      true,
    ]);
    const { rules } = stack.resource("BucketLifecycleConfiguration", "usage-data-lifecycle").inputs as {
      rules: { id: string; filter: object }[];
    };
    expect(rules.map(({ id }) => id)).toEqual(["clean-up", "errors"]);
    const kept = await lakeOf({
      protection: "disposable",
      dataDays: 365,
      resultDays: 1,
      kmsKeyArn: pulumi.output(key),
    });
    expect(kept.resource("aws:s3/bucket:Bucket", "usage-data").options.protect).toBeUndefined();
    expect(kept.resource("BucketLifecycleConfiguration", "usage-data-lifecycle").inputs.rules).toContainEqual(
      expect.objectContaining({ id: "data", filter: { prefix: "tenants/" }, expiration: { days: 365 } }),
    );
    expect(kept.resource("aws:athena/workgroup:Workgroup").inputs.configuration).toMatchObject({
      resultConfiguration: { encryptionConfiguration: { encryptionOption: "SSE_KMS", kmsKeyArn: key } },
    });
  });

  it("is named after project, stack and itself, as Glue wants it: no hyphens", async () => {
    const names = (stack: Deployment) => [
      stack.resource("aws:athena/workgroup:Workgroup").inputs.name,
      stack.resource("aws:glue/catalogDatabase:CatalogDatabase").inputs.name,
    ];
    expect(names(await lakeOf())).toEqual(["test-test-usage", "test_test_usage"]);
    expect(names(await lakeOf({ lakeName: "shop-usage" }))).toEqual(["shop-usage", "shop_usage"]);
  });

  it("saves a question per table, or those it is given, for the platform and for each tenant", async () => {
    const saved = (stack: Deployment) =>
      stack
        .all("aws:athena/namedQuery:NamedQuery")
        .map(({ inputs }) => [inputs.workgroup, inputs.name, inputs.query])
        .sort();
    expect(saved(await lakeOf())).toEqual([
      [
        "test-test-usage",
        "requests-per-day",
        "SELECT day, count(*) AS records FROM requests WHERE tenant = ? AND day BETWEEN ? AND ? GROUP BY day ORDER BY day",
      ],
    ]);
    const slow = "SELECT route FROM requests WHERE tenant = ? AND day = ? AND milliseconds > 1000";
    expect(saved(await lakeOf({ queries: { slow }, tenants: ["acme"] }))).toEqual([
      ["test-test-usage", "slow", slow],
      ["test-test-usage.acme", "slow", slow],
    ]);
  });

  it("keeps each tenant's results and history apart from the others'", async () => {
    const stack = await lakeOf({ tenants: ["acme", "globex"], scanLimitGib: 1 });
    const results = stack.resource("aws:s3/bucket:Bucket", "usage-results").outputs.bucket;
    const { inputs } = stack.resource("aws:athena/workgroup:Workgroup", "usage-acme-workgroup");
    expect(inputs).toMatchObject({
      name: "test-test-usage.acme",
      tags: { TenantId: "acme" },
      configuration: {
        enforceWorkgroupConfiguration: true,
        bytesScannedCutoffPerQuery: 1024 ** 3,
        resultConfiguration: { outputLocation: `s3://${results}/tenants/acme/` },
      },
    });
  });

  it("grants a tenant's questions its own prefix, workgroup and results, nothing of another's", async () => {
    const stack = await deploy(() => {
      new terrace.Function("report", { entry, grants: lake({ tenants: ["acme"] }).queryGrants("acme") });
    });
    const name = (bucket: string) => stack.resource("aws:s3/bucket:Bucket", bucket).outputs.arn;
    const [data, results] = [name("usage-data"), name("usage-results")];
    const statements = statementsOf(stack, "report-policy").slice(1);
    const resources = statements.flatMap(({ Resource }) => Resource);
    expect(new Set(resources)).toEqual(
      new Set([
        "arn:aws:athena:eu-west-1:000000000000:workgroup/test-test-usage.acme",
        "arn:aws:glue:eu-west-1:000000000000:catalog",
        "arn:aws:glue:eu-west-1:000000000000:database/test_test_usage",
        "arn:aws:glue:eu-west-1:000000000000:table/test_test_usage/*",
        data,
        results,
        `${data}/tenants/acme/*`,
        `${results}/tenants/acme/*`,
      ]),
    );
    const listing = statements.find(({ Action }) => Action.includes("s3:ListBucket"))!;
    expect(listing.Condition).toEqual({ StringLike: { "s3:prefix": expect.stringContaining("tenants/acme/") } });
    expect(statements.flatMap(({ Action }) => Action)).not.toContain("s3:DeleteObject");
  });

  it("grants a tagged session the tenant it is tagged with, and the platform all of them", async () => {
    const stack = await deploy(() => {
      const usage = lake();
      new terrace.Function("session", { entry, grants: usage.queryGrants(terrace.SESSION_TENANT) });
      new terrace.Function("platform", { entry, grants: usage.queryGrants() });
    });
    const data = stack.resource("aws:s3/bucket:Bucket", "usage-data").outputs.arn;
    const readable = (name: string) =>
      statementsOf(stack, name)
        .filter(({ Action }) => Action.includes("s3:GetObject"))
        .flatMap(({ Resource }) => Resource)[0];
    expect(readable("session-policy")).toBe(`${data}/tenants/$\{aws:PrincipalTag/TenantId}/*`);
    expect(readable("platform-policy")).toBe(`${data}/tenants/*`);
  });

  it.each<[Partial<terrace.DataLakeArgs>, string]>([
    [{ tables: {} }, "tables is {}; name at least one table"],
    [{ tables: { Requests: tables.requests } }, 'tables.Requests is "Requests"; it has to be a name of lower-case'],
    [{ tables: { r: { columns: {} } } }, "tables.r.columns is {}; name at least one column and its type"],
    [{ tables: { r: { columns: { Route: "string" } } } }, 'tables.r.columns.Route is "Route"; it has to be a name'],
    [
      { tables: { r: { columns: { route: "text" } } } },
      'tables.r.columns.route is "text"; it has to be a type of Athena',
    ],
    [
      { tables: { r: { columns: { tenant: "string" } } } },
      'tables.r.columns is "tenant"; that is the partition\'s name',
    ],
    [
      { tables: { r: { ...tables.requests, format: "csv" as never } } },
      'tables.r.format is "csv"; it has to be json or parquet',
    ],
    [
      { queries: { all: "SELECT * FROM requests" } },
      'queries.all is "SELECT * FROM requests"; say for whom: WHERE tenant = ?',
    ],
    [{ queries: { "a b": "WHERE tenant = ?" } }, 'queries.a b is "a b"; it has to be a name'],
    [{ tenants: ["A"] }, 'tenants is "A"; it has to be a tenant\'s id'],
    [{ tenants: ["acme", "acme"] }, 'tenants is "acme"; name a tenant once'],
    [{ scanLimitGib: 0 }, "scanLimitGib is 0; it has to be a number from 0.01 to 1024"],
    [{ resultDays: 0 }, "resultDays is 0; it has to be a number from 1 to 365"],
    [{ dataDays: 0 }, "dataDays is 0; it has to be a number from 1 to 36500"],
    [{ firstDay: "2026" }, 'firstDay is "2026"; it has to be a day such as 2026-01-01'],
    [{ lakeName: "a.b" }, 'lakeName is "a.b"; it has to be at most 90 lower-case letters'],
    [{ kmsKeyArn: pulumi.output("mine") }, 'kmsKeyArn is "mine"; it has to be an ARN such as arn:aws:kms:…'],
  ])("refuses %j", async (args, message) => {
    const said = await refused(() => {
      lake({ protection: "disposable", ...args });
    });
    expect(said).toContain(`DataLake "usage": ${message}`);
  });

  it("refuses to grant a tenant whose results it could not keep apart", async () => {
    const said = await refused(() => {
      lake().queryGrants("acme");
    });
    expect(said).toContain('DataLake "usage": tenant is "acme"; it has no workgroup to keep its results apart');
  });
});

describe("Delivery", () => {
  const delivered = (args: Partial<terrace.DeliveryArgs> = {}, lakeArgs: Partial<terrace.DataLakeArgs> = {}) =>
    deploy(() => {
      new terrace.Delivery("requests", { lake: lake(lakeArgs), table: "requests", ...args });
    });
  const s3Of = (stack: Deployment) =>
    stack.resource("FirehoseDeliveryStream").inputs.extendedS3Configuration as Record<string, unknown>;

  it("puts each record below its tenant's prefix by day, compressed, every five minutes", async () => {
    const stack = await delivered();
    expect(s3Of(stack)).toMatchObject({
      bucketArn: stack.resource("aws:s3/bucket:Bucket", "usage-data").outputs.arn,
      prefix: "tenants/!{partitionKeyFromQuery:tenant}/requests/day=!{timestamp:yyyy-MM-dd}/",
      errorOutputPrefix: "errors/requests/!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/",
      customTimeZone: "UTC",
      bufferingSize: 64,
      bufferingInterval: 300,
      compressionFormat: "GZIP",
      dynamicPartitioningConfiguration: { enabled: true, retryDuration: 300 },
      processingConfiguration: {
        enabled: true,
        processors: [
          {
            type: "MetadataExtraction",
            parameters: [
              { parameterName: "MetadataExtractionQuery", parameterValue: "{tenant:.tenantId}" },
              { parameterName: "JsonParsingEngine", parameterValue: "JQ-1.6" },
            ],
          },
          { type: "AppendDelimiterToRecord", parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }] },
        ],
      },
      cloudwatchLoggingOptions: { enabled: true, logStreamName: "failures" },
    });
    expect(stack.resource("FirehoseDeliveryStream").inputs.serverSideEncryption).toEqual({
      enabled: true,
      keyType: "AWS_OWNED_CMK",
    });
  });

  it("writes where a query looks", async () => {
    const stack = await delivered();
    const { parameters } = stack.resource("aws:glue/catalogTable:CatalogTable").inputs as {
      parameters: Record<string, string>;
    };
    const looked = parameters["storage.location.template"]!.split("/").slice(3).join("/");
    const written = String(s3Of(stack).prefix)
      .replace("!{partitionKeyFromQuery:tenant}", "${tenant}")
      .replace("!{timestamp:yyyy-MM-dd}", "${day}");
    expect(written).toBe(looked);
  });

  it("may write data and errors and its own log, for this account's deliveries alone", async () => {
    const stack = await delivered();
    const data = stack.resource("aws:s3/bucket:Bucket", "usage-data").outputs.arn;
    const log = stack.resource("LogGroup").outputs.arn;
    const statements = statementsOf(stack, "requests-policy");
    expect(statements.map(({ Resource }) => Resource)).toEqual([
      [data],
      [`${data}/tenants/*`],
      [`${data}/errors/*`],
      [`${log}:log-stream:failures`],
    ]);
    expect(statements.flatMap(({ Action }) => Action)).not.toContain("s3:GetObject");
    const trust = JSON.parse(String(stack.resource("aws:iam/role:Role").inputs.assumeRolePolicy)).Statement[0];
    expect(trust.Condition).toEqual({
      StringEquals: { "aws:SourceAccount": "000000000000" },
      ArnLike: { "aws:SourceArn": "arn:aws:firehose:eu-west-1:000000000000:deliverystream/*" },
    });
    expect(stack.resource("FirehoseDeliveryStream").dependencies).toContain(
      stack.resource("aws:iam/rolePolicy:RolePolicy", "requests-policy").urn,
    );
  });

  it("reads a stream that it is given, with the rights that takes", async () => {
    const stack = await deploy(() => {
      const source = new terrace.Stream("clicks");
      new terrace.Delivery("requests", { lake: lake(), table: "requests", source });
    });
    const stream = stack.resource("aws:kinesis/stream:Stream").outputs.arn;
    const { kinesisSourceConfiguration, serverSideEncryption } = stack.resource("FirehoseDeliveryStream").inputs;
    expect(kinesisSourceConfiguration).toMatchObject({ kinesisStreamArn: stream });
    expect(serverSideEncryption).toBeUndefined();
    expect(statementsOf(stack, "requests-policy").some(({ Resource }) => Resource[0] === stream)).toBe(true);
  });

  it("converts to Parquet where the table is", async () => {
    const parquet = { requests: { ...tables.requests, format: "parquet" as const } };
    const stack = await delivered({}, { tables: parquet, kmsKeyArn: pulumi.output(key) });
    expect(s3Of(stack)).toMatchObject({
      compressionFormat: "UNCOMPRESSED",
      kmsKeyArn: key,
      dataFormatConversionConfiguration: {
        enabled: true,
        outputFormatConfiguration: { serializer: { parquetSerDe: { compression: "SNAPPY" } } },
        schemaConfiguration: { databaseName: "test_test_usage", tableName: "requests", region: "eu-west-1" },
      },
    });
    const statements = statementsOf(stack, "requests-policy");
    expect(statements.find(({ Action }) => Action.includes("glue:GetTableVersions"))!.Resource).toEqual([
      "arn:aws:glue:eu-west-1:000000000000:catalog",
      "arn:aws:glue:eu-west-1:000000000000:database/test_test_usage",
      "arn:aws:glue:eu-west-1:000000000000:table/test_test_usage/requests",
    ]);
    expect(statements.find(({ Resource }) => Resource[0] === key)).toMatchObject({
      Action: ["kms:GenerateDataKey", "kms:Decrypt"],
    });
  });

  it("grants to put records into it alone", async () => {
    const stack = await deploy(() => {
      const requests = new terrace.Delivery("requests", { lake: lake(), table: "requests", bufferSeconds: 60 });
      new terrace.Function("api", { entry, grants: requests.putGrants });
    });
    expect(statementsOf(stack, "api-policy")[1]).toEqual({
      Effect: "Allow",
      Action: ["firehose:PutRecord", "firehose:PutRecordBatch"],
      Resource: [stack.resource("FirehoseDeliveryStream").outputs.arn],
    });
  });

  it.each<[Partial<terrace.DeliveryArgs>, string]>([
    [{ lake: undefined }, "lake is missing; name the lake to deliver to"],
    [{ table: "orders" }, 'table is "orders"; the lake\'s tables are requests'],
    [{ tenantField: ".tenantId" }, 'tenantField is ".tenantId"; it has to be a field such as tenantId'],
    [{ deliveryName: "a b" }, 'deliveryName is "a b"; it has to be 1 to 64'],
    [{ bufferMb: 5 }, "bufferMb is 5; it has to be a number from 64 to 128"],
    [{ bufferSeconds: 30 }, "bufferSeconds is 30; it has to be a number from 60 to 900"],
    [{ retrySeconds: 7201 }, "retrySeconds is 7201; it has to be a number from 0 to 7200"],
  ])("refuses %j", async (args, message) => {
    const said = await refused(() => {
      new terrace.Delivery("requests", { lake: lake(), table: "requests", ...args });
    });
    expect(said).toContain(`Delivery "requests": ${message}`);
  });

  it("refuses to compress Parquet twice", async () => {
    const said = await refused(() => {
      const parquet = lake({ tables: { requests: { ...tables.requests, format: "parquet" } } });
      new terrace.Delivery("requests", { lake: parquet, table: "requests", compression: "GZIP" });
    });
    expect(said).toContain('Delivery "requests": compression is "GZIP"; Parquet is compressed by itself; leave it out');
  });
});
