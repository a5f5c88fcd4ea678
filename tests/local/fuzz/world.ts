/**
 * A platform with two tenants. What belongs to globex carries a mark; acme's role has what a tenant's role has, and asks for
 * everything by name. The administrator's malformed calls leave globex and acme's role alone, so that nobody lets acme in.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph } from "../../../engine/graph.ts";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { describeService, type WireService } from "../../../local/protocols/schema.ts";
import { AwsError, type LogLine } from "../../../local/service.ts";
import { type Gateway, startGateway } from "../../../local/services/apigateway/gateway.ts";
import { services } from "../../../local/services/index.ts";
import { httpApi, restApi } from "../apigateway/resources.ts";
import { roleWith } from "../role-with.ts";
import type { Keys } from "./signing.ts";
import type { Names } from "./values.ts";

export interface World {
  running: RunningCloud;
  gateway: Gateway;
  clock: ManualClock;
  lines: LogLine[];
  /** Nobody but globex may ever be told this. */
  mark: string;
  wires: Map<string, { wire: WireService; emulated: Set<string> }>;
  administrator: Keys;
  acme: Keys;
  /** What the administrator's calls name, and what acme's do: everything. */
  harmless: Names;
  curious: Names;
  /** Makes anew what malformed calls have deleted of acme's. */
  refurnish(): Promise<void>;
  stop(): Promise<void>;
}

const ACCOUNT = "000000000000";
const arn = (service: string, rest: string) => `arn:aws:${service}:eu-west-1:${ACCOUNT}:${rest}`;

/** What a tenant's role may, and no more. */
const TENANT = [
  { Action: ["sqs:*"], Resource: arn("sqs", "acme-*") },
  { Action: ["sns:*"], Resource: arn("sns", "acme-*") },
  { Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource: "arn:aws:s3:::shared/acme/*" },
  { Action: "s3:ListBucket", Resource: "arn:aws:s3:::shared", Condition: { StringLike: { "s3:prefix": "acme/*" } } },
  {
    Action: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"],
    Resource: [arn("dynamodb", "table/shared"), arn("dynamodb", "table/shared/index/*")],
    Condition: {
      "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["acme"] },
      Null: { "dynamodb:LeadingKeys": "false" },
    },
  },
  { Action: ["dynamodb:*"], Resource: [arn("dynamodb", "table/acme-*")] },
  { Action: ["ssm:GetParameter*", "ssm:PutParameter"], Resource: arn("ssm", "parameter/acme/*") },
  { Action: ["secretsmanager:*"], Resource: arn("secretsmanager", "secret:acme-*") },
  { Action: ["kinesis:*"], Resource: arn("kinesis", "stream/acme-*") },
  { Action: ["logs:*"], Resource: arn("logs", "log-group:acme-*") },
  { Action: ["events:PutEvents", "states:*"], Resource: [arn("events", "event-bus/acme"), arn("states", "*:acme-*")] },
].map((statement) => ({ Effect: "Allow", ...statement }));

export async function startWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "terrace-fuzz-"));
  const clock = manualClock(Date.now());
  const lines: LogLine[] = [];
  const running = await startCloud({ directory, clock, services, log: (line) => void lines.push(line) });
  const call = (service: string, operation: string, input: object) => running.call(service, operation, input);
  const mark = `globex-only-${randomUUID()}`;

  await roleWith(running, "spare");
  const role = await roleWith(running, "tenant-acme", ...TENANT);
  await furnish(running, "globex", mark);
  await furnish(running, "acme", "of acme's");
  await call("s3", "CreateBucket", { Bucket: "shared" });
  await call("s3", "PutObject", { Bucket: "shared", Key: "globex/secret.txt", Body: Buffer.from(mark) });
  await call("s3", "PutObject", { Bucket: "shared", Key: "acme/own.txt", Body: Buffer.from("x") });
  const text = { AttributeName: "pk", AttributeType: "S" };
  const shared = { AttributeDefinitions: [text], KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }] };
  await call("dynamodb", "CreateTable", { TableName: "shared", BillingMode: "PAY_PER_REQUEST", ...shared });
  await call("dynamodb", "PutItem", { TableName: "shared", Item: { pk: { S: "globex" }, data: { S: mark } } });
  const { KeyMetadata } = await running.call("kms", "CreateKey", {});

  await running.provision({
    resources: [
      ...restApi({ methods: { "GET /mock": { integration: { type: "MOCK" } }, "ANY /gone": { function: "gone" } } }),
      ...httpApi({ routes: { "GET /gone": { function: "gone" }, $default: { function: "gone" } } }),
    ],
  } as unknown as Graph);
  const provideApis = () =>
    running.provision({
      resources: [
        ...restApi({ id: "fuzzapi001", methods: { "GET /pets": { integration: { type: "MOCK" } } } }),
        ...httpApi({ id: "fuzzhttp01", routes: { $default: { function: "gone" } } }),
        ...httpApi({ id: "fuzzsock01", inputs: { protocolType: "WEBSOCKET" }, stage: "v1", routes: {} }),
      ],
    } as unknown as Graph);
  await provideApis();
  const hosts = {
    acme: { host: "acme.example.com", apiId: "restapi001", stage: "v1" },
    globex: { host: "globex.example.com", apiId: "httpapi001", stage: "$default" },
  };
  const gateway = await startGateway({ cloud: running, port: 0, hosts, home: async () => "<!doctype html>" });

  const wires: World["wires"] = new Map();
  for (const name of Object.keys(services)) {
    const service = await running.service(name);
    if (!service.client) continue;
    const wire = describeService(await service.client());
    wires.set(name, { wire, emulated: new Set(Object.keys(service.operations)) });
  }

  const keyId = String(KeyMetadata.KeyId);
  return {
    ...{ running, gateway, clock, lines, mark, wires },
    administrator: running.client().credentials,
    acme: running.client(role, { TenantId: "acme" }).credentials,
    harmless: namesOf(["acme", "spare"], ["acme/own.txt", "new.txt"], keyId, running.endpoint),
    curious: namesOf(["acme", "globex"], ["acme/own.txt", "globex/secret.txt", "secret.txt"], keyId, running.endpoint),
    async refurnish() {
      await provideApis();
      await furnish(running, "acme", "of acme's");
    },
    async stop() {
      await gateway.stop();
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Everything of a tenant, where it is not there (any more). */
async function furnish(running: RunningCloud, owner: string, data: string): Promise<void> {
  const call = (service: string, operation: string, input: object) =>
    running.call(service, operation, input).catch((error: unknown) => {
      if (!(error instanceof AwsError)) throw error;
    });
  const QueueUrl = `${running.endpoint}/${ACCOUNT}/${owner}-queue`;
  await call("sqs", "CreateQueue", { QueueName: `${owner}-queue` });
  await call("sqs", "SendMessage", { QueueUrl, MessageBody: data });
  await call("sns", "CreateTopic", { Name: `${owner}-topic` });
  await call("s3", "CreateBucket", { Bucket: `${owner}-bucket` });
  await call("s3", "PutObject", { Bucket: `${owner}-bucket`, Key: "secret.txt", Body: Buffer.from(data) });
  const text = { AttributeName: "pk", AttributeType: "S" };
  const table = { AttributeDefinitions: [text], KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }] };
  await call("dynamodb", "CreateTable", { TableName: `${owner}-table`, BillingMode: "PAY_PER_REQUEST", ...table });
  await call("dynamodb", "PutItem", { TableName: `${owner}-table`, Item: { pk: { S: owner }, data: { S: data } } });
  await call("ssm", "PutParameter", { Name: `/${owner}/secret`, Type: "String", Value: data });
  await call("secretsmanager", "CreateSecret", { Name: `${owner}-secret`, SecretString: data });
  await call("kinesis", "CreateStream", { StreamName: `${owner}-stream`, ShardCount: 1 });
  await call("kinesis", "PutRecord", { StreamName: `${owner}-stream`, PartitionKey: "1", Data: Buffer.from(data) });
  await call("logs", "CreateLogGroup", { logGroupName: `${owner}-log` });
  await call("logs", "CreateLogStream", { logGroupName: `${owner}-log`, logStreamName: "main" });
  const logEvents = [{ timestamp: running.clock.now(), message: data }];
  await call("logs", "PutLogEvents", { logGroupName: `${owner}-log`, logStreamName: "main", logEvents });
}

const CHOICES: [member: RegExp, values: string[]][] = [
  [/^protocol$/, ["sqs", "http", "lambda"]],
  [/^shard ?iteratortype$/, ["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER"]],
  [/^keytype$/, ["HASH", "RANGE"]],
  [/^attributetype$/, ["S", "N"]],
  [/^attributename$/, ["pk", "Policy", "RedrivePolicy", "FilterPolicy", "VisibilityTimeout", "data"]],
  [
    /^attributes\.key$/,
    ["Policy", "RedrivePolicy", "FilterPolicy", "VisibilityTimeout", "KmsMasterKeyId", "FifoQueue"],
  ],
  [/^attributenames$/, ["All", "Policy", "SenderId"]],
  [/expression$/, ["pk = :v", "set #n = :v", "rate(5 minutes)", "cron(0 12 * * ? *)", "attribute_exists(pk)"]],
  [/^(item|key|expressionattributevalues)\.key$/, ["pk", ":v"]],
  [/^expressionattributenames\.key$/, ["#n"]],
  [/^expressionattributenames$/, ["data", "pk"]],
  [/^s$/, ["acme", "globex", "x"]],
  [/^status$/, ["Enabled", "Suspended", "ACTIVE"]],
  [/^runtime$/, ["nodejs24.x"]],
  [/^type$/, ["String", "SecureString", "Pass"]],
  [/^events?$/, ["s3:ObjectCreated:*"]],
  [/grouptype|usertype/, ["x"]],
];

function namesOf(owners: string[], keys: string[], keyId: string, endpoint: string): Names {
  const each = (make: (owner: string) => string) => owners.map(make);
  const buckets = [...each((owner) => `${owner}-bucket`), ...(owners.includes("spare") ? [] : ["shared"])];
  const tables = [...each((owner) => `${owner}-table`), ...(owners.includes("spare") ? [] : ["shared"])];
  const rules: [member: RegExp, values: string[]][] = [
    ...CHOICES,
    [/^(queueurl|queue)$/, each((owner) => `${endpoint}/${ACCOUNT}/${owner}-queue`)],
    [/^queuename/, each((owner) => `${owner}-queue`)],
    [/^bucket$/, buckets],
    [/^copysource$/, buckets.flatMap((bucket) => keys.map((key) => `${bucket}/${key}`))],
    [/^key$/, keys],
    [/^(prefix|startafter|marker)$/, ["acme/", "globex/", "s"]],
    [/^(tablename|requestitems\.key)$/, tables],
    [/^(topicarn|targetarn)$/, each((owner) => arn("sns", `${owner}-topic`))],
    [/^secretid$/, each((owner) => `${owner}-secret`)],
    [/^(path|names?)$/, each((owner) => `/${owner}/secret`)],
    [/^streamname$/, each((owner) => `${owner}-stream`)],
    [/^streamarn$/, each((owner) => arn("kinesis", `stream/${owner}-stream`))],
    [/^loggroup/, each((owner) => `${owner}-log`)],
    [/^logstream/, ["main"]],
    [/^shardid$/, ["shardId-000000000000"]],
    [/^(keyid|kmskeyid|sourcekeyid|destinationkeyid)$/, [keyId]],
    [/^(rolearn|role)$/, [`arn:aws:iam::${ACCOUNT}:role/spare`]],
    [/^rolename$/, ["spare"]],
    [/^restapiid$/, ["fuzzapi001"]],
    [/^apiid$/, ["fuzzhttp01", "fuzzsock01"]],
    [/^(resourceid|parentid)$/, ["fuzzapi001root", "fuzzapi001-1"]],
    [/^httpmethod$/, ["GET", "POST"]],
    [/^stagename$/, ["v1", "$default"]],
    [/^(routeid|integrationid|authorizerid|deploymentid)$/, ["fuzz000001"]],
    [/arn$/, each((owner) => arn("sqs", `${owner}-queue`))],
  ];
  return { of: (member) => rules.find(([pattern]) => pattern.test(member.toLowerCase()))?.[1] ?? [] };
}
