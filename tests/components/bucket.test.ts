import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const key = "arn:aws:kms:eu-west-1:000000000000:key/1";

const bucket =
  (args: terrace.BucketArgs = {}) =>
  () =>
    new terrace.Bucket("photos", args);

interface Statement {
  Sid?: string;
  Effect: string;
  Action: string[] | string;
  Resource: string[] | string;
  Principal?: object;
  Condition?: object;
}
const statements = (stack: Deployment, type: string, name?: string): Statement[] =>
  JSON.parse(String(stack.resource(type, name).inputs.policy)).Statement;

describe("Bucket", () => {
  it("moves and removes objects as they age, by rule, beside its clean-up", async () => {
    const stack = await deploy(
      bucket({
        lifecycle: {
          logs: { prefix: "logs/", expireAfterDays: 90 },
          originals: { coldAfterDays: 60 },
          archive: { coldAfterDays: 180, coldClass: "DEEP_ARCHIVE", expireAfterDays: 3650 },
        },
      }),
    );
    expect(stack.resource("BucketLifecycleConfiguration").inputs.rules).toMatchObject([
      { id: "clean-up", noncurrentVersionExpiration: { noncurrentDays: 30 } },
      { id: "logs", filter: { prefix: "logs/" }, expiration: { days: 90 } },
      { id: "originals", filter: { prefix: "" }, transitions: [{ days: 60, storageClass: "GLACIER_IR" }] },
      { id: "archive", expiration: { days: 3650 }, transitions: [{ days: 180, storageClass: "DEEP_ARCHIVE" }] },
    ]);
  });

  it("keeps objects locked for as long as it says, from its creation on", async () => {
    const stack = await deploy(bucket({ objectLock: { mode: "compliance", days: 365 } }));
    expect(stack.resource("aws:s3/bucket:Bucket").inputs.objectLockEnabled).toBe(true);
    expect(stack.resource("BucketObjectLockConfiguration").inputs.rule).toEqual({
      defaultRetention: { mode: "COMPLIANCE", days: 365 },
    });
  });

  it("copies new objects elsewhere, with a role that reads here, writes there and does nothing else", async () => {
    const replication = { destinationArn: "arn:aws:s3:::copies", destinationKmsKeyArn: `${key}2`, prefix: "tenants/" };
    const stack = await deploy(bucket({ kmsKeyArn: key, replication }));
    const { arn } = stack.resource("aws:s3/bucket:Bucket").outputs;
    expect(stack.resource("BucketReplicationConfig").inputs.rules).toMatchObject([
      {
        status: "Enabled",
        filter: { prefix: "tenants/" },
        deleteMarkerReplication: { status: "Disabled" },
        destination: { bucket: "arn:aws:s3:::copies", encryptionConfiguration: { replicaKmsKeyId: `${key}2` } },
      },
    ]);
    const granted = statements(stack, "aws:iam/rolePolicy:RolePolicy");
    expect(granted.map(({ Resource }) => Resource)).toEqual([
      [arn],
      [`${arn}/tenants/*`],
      ["arn:aws:s3:::copies/tenants/*"],
      [key],
      [`${key}2`],
    ]);
    const trust = JSON.parse(String(stack.resource("aws:iam/role:Role").inputs.assumeRolePolicy)).Statement[0];
    expect(trust.Condition).toEqual({
      StringEquals: { "aws:SourceAccount": "000000000000" },
      ArnLike: { "aws:SourceArn": arn },
    });
  });

  it("records its requests in a bucket that takes such records from this account only", async () => {
    const stack = await deploy(() => {
      const logs = new terrace.Bucket("logs", { logsOf: ["s3", "delivery"] });
      new terrace.Bucket("photos", { accessLogs: logs });
    });
    const target = stack.resource("aws:s3/bucket:Bucket", "logs").outputs;
    expect(stack.resource("BucketLogging").inputs).toMatchObject({
      targetBucket: target.bucket,
      targetPrefix: "s3/photos/",
    });
    const [deny, s3, delivery] = statements(stack, "BucketPolicy", "logs-policy");
    expect(deny!.Effect).toBe("Deny");
    expect(s3).toMatchObject({
      Principal: { Service: "logging.s3.amazonaws.com" },
      Action: "s3:PutObject",
      Condition: { StringEquals: { "aws:SourceAccount": "000000000000" } },
    });
    expect(delivery).toMatchObject({
      Principal: { Service: "delivery.logs.amazonaws.com" },
      Resource: `${target.arn}/AWSLogs/000000000000/*`,
      Condition: { ArnLike: { "aws:SourceArn": "arn:aws:logs:*:000000000000:delivery-source:*" } },
    });
  });

  it("tells functions, queues, topics and EventBridge of its objects, in one configuration", async () => {
    const stack = await deploy(() => {
      const topic = new terrace.Topic("told", {
        kmsKeyId: key,
        publishers: [{ service: "s3.amazonaws.com", sourceArn: "arn:aws:s3:::*" }],
      });
      const notifications = {
        uploads: { queue: new terrace.Queue("uploads"), prefix: "in/" },
        index: { function: new terrace.Function("index", { entry }), events: ["s3:ObjectRemoved:*"] },
        told: { topic },
      };
      new terrace.Bucket("photos", { notifications, eventBridge: true });
    });
    const arnOf = (type: string, name: string) => stack.resource(type, name).outputs.arn;
    expect(stack.resource("BucketNotification").inputs).toMatchObject({
      queues: [{ id: "uploads", queueArn: arnOf("aws:sqs/queue:Queue", "uploads"), filterPrefix: "in/" }],
      lambdaFunctions: [
        {
          id: "index",
          lambdaFunctionArn: arnOf("aws:lambda/function:Function", "index"),
          events: ["s3:ObjectRemoved:*"],
        },
      ],
      topics: [{ id: "told", topicArn: arnOf("aws:sns/topic:Topic", "told") }],
      eventbridge: true,
    });
    expect(stack.resource("aws:lambda/permission:Permission").inputs).toMatchObject({
      principal: "s3.amazonaws.com",
      sourceArn: arnOf("aws:s3/bucket:Bucket", "photos"),
    });
  });

  it("takes the policy of who needs its name first, and still demands TLS", async () => {
    const statement = { Sid: "Site", Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "x" };
    const stack = await deploy(() => {
      bucket({ policyLater: true })().allow([statement]);
    });
    expect(statements(stack, "BucketPolicy").map(({ Sid }) => Sid)).toEqual(["TlsOnly", "Site"]);
  });

  it("is a bucket that is there already, and changes nothing about it", async () => {
    let arn = "";
    const stack = await deploy(() => {
      new terrace.Bucket("photos", { existing: pulumi.output("legacy-photos") }).arn.apply((value) => {
        arn = value;
      });
    });
    expect(stack.resources.filter(({ type }) => type.startsWith("aws:"))).toEqual([]);
    expect(arn).toBe("arn:aws:s3:::legacy-photos");
    const adopted = (args: terrace.BucketArgs) => new terrace.Bucket("photos", { existing: "legacy-photos", ...args });
    expect(await refused(() => adopted({ versioning: true }))).toContain("an existing bucket stays as it is");
    expect(await refused(() => adopted({}).allow([]))).toContain("an existing bucket's policy is whose it is");
  });

  it("gives a tenant a prefix that IAM holds", async () => {
    let granted: Statement[] = [];
    await deploy(() => {
      const own = "tenants/${aws:PrincipalTag/TenantId}/";
      const arn = "arn:aws:s3:::photos";
      const grants = [
        terrace.grantReadObjects(arn, own),
        terrace.grantWriteObjects(arn, own),
        terrace.grantDeleteObjects(arn, own),
        terrace.grantListObjects(arn, own),
      ];
      terrace.policyOf(grants).apply((json) => {
        granted = JSON.parse(json).Statement;
      });
    });
    for (const { Resource } of granted.slice(0, 3)) {
      expect(Resource).toEqual(["arn:aws:s3:::photos/tenants/${aws:PrincipalTag/TenantId}/*"]);
    }
    expect(granted[3]!.Condition).toEqual({ StringLike: { "s3:prefix": "tenants/${aws:PrincipalTag/TenantId}/*" } });
  });

  it.each<[string, () => terrace.BucketArgs, string]>([
    ["bad name", () => ({ bucketName: "My_Bucket" }), 'bucketName is "My_Bucket"'],
    ["clean-up of 0 days", () => ({ cleanUpAfterDays: 0 }), "cleanUpAfterDays is 0"],
    ["key that is none", () => ({ kmsKeyArn: pulumi.output("mine") }), 'kmsKeyArn is "mine"'],
    ["rule that does nothing", () => ({ lifecycle: { x: {} } }), "lifecycle.x is {}; say expireAfterDays"],
    ["rule named as its own", () => ({ lifecycle: { "clean-up": { expireAfterDays: 1 } } }), "lifecycle.clean-up"],
    [
      "move after the end",
      () => ({ lifecycle: { x: { coldAfterDays: 9, expireAfterDays: 9 } } }),
      "lifecycle.x.coldAfterDays is 9; objects go after 9 days",
    ],
    [
      "lock without versions",
      () => ({ versioning: false, objectLock: { mode: "governance", days: 1 } }),
      "versioning is",
    ],
    [
      "lock that development cannot empty",
      () => ({ protection: "disposable", objectLock: { mode: "governance", days: 1 } }),
      'protection is "disposable"; locked objects',
    ],
    ["lock of a bad mode", () => ({ objectLock: { mode: "soft" as never, days: 1 } }), 'objectLock.mode is "soft"'],
    ["lock of no day", () => ({ objectLock: { mode: "governance", days: 0 } }), "objectLock.days is 0"],
    [
      "copy without a key",
      () => ({ kmsKeyArn: key, replication: { destinationArn: "arn:aws:s3:::copies" } }),
      "replication.destinationKmsKeyArn is missing; this bucket has a key of its own",
    ],
    ["log bucket that takes none", () => ({ accessLogs: new terrace.Bucket("logs") }), "accessLogs is"],
    ["log bucket S3 cannot write to", () => ({ logsOf: ["s3"], kmsKeyArn: key }), "kmsKeyArn is"],
    ["logs of nobody", () => ({ logsOf: ["all" as never] }), 'logsOf[0] is "all"'],
    ["notification to nobody", () => ({ notifications: { x: {} } }), "notifications.x is []; give it one of"],
    [
      "event that is none",
      () => ({ notifications: { x: { queue: new terrace.Queue("q"), events: ["created"] } } }),
      'notifications.x.events is "created"',
    ],
    [
      "topic that S3 may not publish to",
      () => ({ notifications: { x: { topic: new terrace.Topic("t") } } }),
      "notifications.x.topic is",
    ],
  ])("refuses a %s", async (_what, args, message) => {
    expect(await refused(() => bucket(args())())).toContain(`Bucket "photos": ${message}`);
  });
});
