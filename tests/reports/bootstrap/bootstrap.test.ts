import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { evaluate } from "../../../engine/evaluate.ts";
import type { Graph, Resource, Value } from "../../../engine/graph.ts";
import { outputsTable } from "../../../engine/outputs/index.ts";
import { covers, ROWS, type Statement, statementsFor } from "../../../reports/bootstrap/policies.ts";
import { template } from "../../../reports/bootstrap/template.ts";

const directory = join(import.meta.dirname, "../../..");
const evaluated = (stack: string) => evaluate({ directory, stack, env: { TERRACE_BUNDLE_TARGET: "host" } });

let prod: Graph;
let dev: Graph;
beforeAll(async () => {
  prod = await evaluated("prod");
  dev = await evaluated("dev");
});

function graphOf(...resources: [type: string, name: string, inputs?: Record<string, Value>][]): Graph {
  const urn = "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod";
  const made = resources.map(([type, name, inputs = {}]): Resource => {
    const outputs = { name: String(inputs.name ?? `${name}-1234567`) };
    const rest = { secrets: [], dependencies: [], propertyDependencies: {}, options: {} };
    return { urn: `${urn}::${name}`, type, name, custom: true, parent: urn, inputs, outputs, ...rest };
  });
  const root = { ...made[0]!, urn, type: "pulumi:pulumi:Stack", name: "shop-prod", parent: undefined };
  const rest = { preview: false, invokes: [], outputs: {}, secretOutputs: [], organization: "o" };
  return { project: "shop", stack: "prod", config: { "aws:region": "eu-west-1" }, resources: [root, ...made], ...rest };
}

const LAMBDA = "arn:aws:lambda:eu-west-1:111122223333";

const actionsOf = (statements: readonly Statement[]) => statements.flatMap(({ Action }) => Action);
const grantOf = (statements: readonly Statement[], action: string) =>
  statements.filter(({ Action }) => Action.includes(action)).flatMap(({ Resource }) => Resource);

describe("what the roles of a pipeline may do", () => {
  it("is known of every type that the engine knows", () => {
    const types = Object.keys(outputsTable).filter((type) => type.startsWith("aws:"));
    expect(types.length).toBeGreaterThan(100);
    // The provider still reads the old names of S3's types.
    const unknown = types.filter((type) => !ROWS.some((row) => covers(row, type)));
    expect(unknown).toEqual([]);
  });

  it("is refused for a type that nobody has looked up, by its name", () => {
    const graph = graphOf(["aws:mq/broker:Broker", "b"]);
    expect(() => statementsFor([graph], true)).toThrow(/no permissions are known for aws:mq\/broker:Broker/);
  });

  it("names the stack's own resources, and what the next release may add to them", () => {
    const [queue] = statementsFor([graphOf(["aws:sqs/queue:Queue", "orders", { name: "orders-abc" }])], true);
    expect(queue!.Resource).toEqual(["arn:${AWS::Partition}:sqs:eu-west-1:${AWS::AccountId}:orders-*"]);
    expect(queue!.Action).toContain("sqs:CreateQueue");
  });

  it("reaches no further than a name where nothing else is known", () => {
    const graph = graphOf(["aws:sqs/queue:Queue", "orders", { name: "legacy" }]);
    expect(grantOf(statementsFor([graph], true), "sqs:CreateQueue")).toEqual([
      "arn:${AWS::Partition}:sqs:eu-west-1:${AWS::AccountId}:legacy",
    ]);
  });

  it("has a function's log group under the function's head", () => {
    const graph = graphOf(["aws:cloudwatch/logGroup:LogGroup", "log", { name: "/aws/lambda/shop-prod-api-1" }]);
    expect(grantOf(statementsFor([graph], true), "logs:CreateLogGroup")[0]).toMatch(
      /log-group:\/aws\/lambda\/shop-prod-\*$/,
    );
  });

  it("is on what a resource belongs to, where it has no name of its own in IAM", () => {
    const graph = graphOf(
      ["aws:cloudwatch/logMetricFilter:LogMetricFilter", "f", { name: "errors", logGroupName: "orders-log" }],
      ["aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", "t", { name: "out", logGroup: "orders-log" }],
      ["aws:cloudwatch/logStream:LogStream", "s", { name: "failures", logGroupName: "orders-log" }],
      ["aws:cloudwatch/eventPermission:EventPermission", "p", { eventBusName: "shop-bus", statementId: "other" }],
      [
        "aws:secretsmanager/secretRotation:SecretRotation",
        "r",
        { secretId: "arn:aws:secretsmanager:eu-west-1:1:secret:db-1", rotationLambdaArn: `${LAMBDA}:function:rotate` },
      ],
    );
    const statements = statementsFor([graph], true);
    const on = (action: string) => grantOf(statements, action).map((arn) => arn.split("AccountId}:")[1]);
    expect(on("logs:PutSubscriptionFilter")).toEqual(["log-group:orders-log", "log-group:orders-log:*"]);
    expect(on("logs:PutMetricFilter")).toEqual(["log-group:orders-log", "log-group:orders-log:*"]);
    expect(on("logs:CreateLogStream")).toEqual(["log-group:orders-log", "log-group:orders-log:*"]);
    expect(on("events:PutPermission")).toEqual(["event-bus/default", "event-bus/shop-bus"]);
    expect(on("lambda:InvokeFunction")).toEqual(["function:rotate"]);
  });

  it("is the shipped stacks' own: nothing on everything but what AWS authorizes for no resource, in the stack's regions", () => {
    const open = statementsFor([prod, dev], true).filter(({ Resource }) => Resource.includes("*"));
    expect(open.length).toBeGreaterThan(0);
    for (const { Condition, Action } of open) {
      expect(Condition?.StringEquals?.["aws:RequestedRegion"]).toContain(dev.config["aws:region"]);
      expect(Action.filter((action) => /:(Update|Attach|Pass|Tag|Invoke|Modify)/.test(action))).toEqual([]);
    }
    expect(actionsOf(statementsFor([prod], true)).filter((action) => action.includes("*"))).toEqual([]);
  });

  it("only reads in a preview", () => {
    const reads = actionsOf(statementsFor([prod, dev], false));
    expect(reads.length).toBeGreaterThan(50);
    expect(reads.filter((action) => !/:(Get|List|Describe|View|BatchGet)|^apigateway:GET$/.test(action))).toEqual([]);
    const writes = actionsOf(statementsFor([prod, dev], true));
    expect(reads.filter((action) => !writes.includes(action))).toEqual([]);
  });

  it("hands roles only to the services that they trust", () => {
    const pass = statementsFor([prod], true).find(({ Action }) => Action.includes("iam:PassRole"))!;
    expect(pass.Condition).toEqual({
      StringEquals: {
        "iam:PassedToService": [
          "apigateway.amazonaws.com",
          "lambda.amazonaws.com",
          "scheduler.amazonaws.com",
          "vpc-flow-logs.amazonaws.com",
        ],
      },
    });
    expect(pass.Resource.every((arn) => /role\/(eu1-shared-a|api-logging)-\*$/.test(arn))).toBe(true);
  });

  it("lets Aurora keep the administrator's password, where there is a cluster", () => {
    expect(grantOf(statementsFor([prod], true), "secretsmanager:CreateSecret")[0]).toMatch(/secret:rds!cluster-\*$/);
    const without = statementsFor([graphOf(["aws:sqs/queue:Queue", "q"])], true);
    expect(actionsOf(without).some((action) => action.startsWith("secretsmanager:"))).toBe(false);
  });
});

describe("the names of actions", () => {
  /** IAM's names that are not the operation's. */
  const OTHER = new Set(
    `s3:ListBucket s3:ListBucketVersions s3:GetAccelerateConfiguration s3:GetBucketCORS s3:GetBucketNotification
    s3:GetBucketObjectLockConfiguration s3:GetBucketPublicAccessBlock s3:GetEncryptionConfiguration s3:GetLifecycleConfiguration
    s3:GetReplicationConfiguration s3:PutBucketCORS s3:PutBucketNotification s3:PutBucketObjectLockConfiguration
    s3:PutBucketPublicAccessBlock s3:PutEncryptionConfiguration s3:PutLifecycleConfiguration s3:PutReplicationConfiguration
    s3:ListTagsForResource s3:TagResource s3:UntagResource s3:GetObjectVersion s3:DeleteObjectVersion lambda:InvokeFunction iam:PassRole cloudfront:CreateDistribution`.split(
      /\s+/,
    ),
  );
  const CLIENTS: Record<string, string> = {
    cloudfront: "cloudfront",
    "cognito-idp": "cognito-identity-provider",
    dynamodb: "dynamodb",
    events: "eventbridge",
    firehose: "firehose",
    iam: "iam",
    kinesis: "kinesis",
    kms: "kms",
    lambda: "lambda",
    logs: "cloudwatch-logs",
    s3: "s3",
    secretsmanager: "secrets-manager",
    sns: "sns",
    sqs: "sqs",
    ssm: "ssm",
    states: "sfn",
  };

  it.each(Object.entries(CLIENTS))("of %s are operations of its API", async (service, client) => {
    const sdk = await import(createRequire(import.meta.url).resolve(`@aws-sdk/client-${client}`));
    const asked = ROWS.filter((row) => row.service === service).flatMap(({ read, write, anywhere }) =>
      `${read} ${write} ${anywhere ?? ""}`.split(" ").filter(Boolean),
    );
    const unknown = asked.filter(
      (name) => !sdk[`${name}Command`] && !sdk.default?.[`${name}Command`] && !OTHER.has(`${service}:${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it("that no resource decides about are asked for in their row", () => {
    for (const { types, read, write, anywhere = "" } of ROWS) {
      const asked = `${read} ${write}`.split(" ");
      expect([types[0], anywhere.split(" ").filter((name) => name && !asked.includes(name))]).toEqual([types[0], []]);
    }
  });
});

describe("the template", () => {
  const options = { repository: "acme/platform", backend: "s3" as const, createsOidcProvider: true };
  const roleOf = (made: ReturnType<typeof template>, name: string) =>
    made.Resources[name]!.Properties as {
      AssumeRolePolicyDocument: { Statement: { Condition: { StringEquals: object } }[] };
      ManagedPolicyArns: unknown[];
    };

  it("trusts this repository's environments only: a stack's to deploy, preview to look", () => {
    const made = template({ ...options, graphs: [prod, dev] });
    const subjects = (name: string) =>
      (roleOf(made, name).AssumeRolePolicyDocument.Statement[0]!.Condition.StringEquals as Record<string, unknown>)[
        "token.actions.githubusercontent.com:sub"
      ];
    expect(subjects("DeployRole")).toEqual([
      "repo:acme/platform:environment:prod",
      "repo:acme/platform:environment:dev",
    ]);
    expect(subjects("PreviewRole")).toEqual(["repo:acme/platform:environment:preview"]);
  });

  it("keeps within IAM's and CloudFormation's sizes", () => {
    const made = template({ ...options, graphs: [prod, dev] });
    expect(JSON.stringify(made).length).toBeLessThan(51_200);
    expect(roleOf(made, "DeployRole").ManagedPolicyArns.length).toBeLessThanOrEqual(10);
    const documents = Object.values(made.Resources).flatMap(({ Type, Properties }) =>
      Type === "AWS::IAM::ManagedPolicy" ? [(Properties as { PolicyDocument: object }).PolicyDocument] : [],
    );
    for (const document of documents) {
      const text = JSON.stringify(document)
        .replace(/\{"Fn::Sub":("[^"]*")\}/g, "$1")
        .replaceAll("${AWS::AccountId}", "123456789012")
        .replaceAll("${AWS::Partition}", "aws-us-gov");
      expect(text.length).toBeLessThan(6_144);
    }
  });

  it("keeps state encrypted, versioned, closed, and when the template is gone", () => {
    const { StateBucket, StateKey, StateBucketPolicy } = template({ ...options, graphs: [prod] }).Resources;
    expect([StateBucket!.DeletionPolicy, StateKey!.DeletionPolicy]).toEqual(["Retain", "Retain"]);
    expect(StateBucket!.Properties).toMatchObject({
      VersioningConfiguration: { Status: "Enabled" },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" } }],
      },
    });
    expect(JSON.stringify(StateBucketPolicy)).toContain('"aws:SecureTransport":"false"');
  });

  it("lets a preview read state, and only a deployment write it", () => {
    const text = JSON.stringify(template({ ...options, graphs: [prod] }).Resources);
    const policies = Object.entries(template({ ...options, graphs: [prod] }).Resources).filter(
      ([, { Type }]) => Type === "AWS::IAM::ManagedPolicy",
    );
    const of = (name: string) => JSON.stringify(policies.filter(([each]) => each.startsWith(name)));
    expect(of("Preview")).toContain("kms:Decrypt");
    expect(of("Preview")).not.toMatch(/s3:PutObject"|kms:Encrypt/);
    expect(of("Deploy")).toMatch(/s3:PutObject".*\$\{StateBucket\}/s);
    expect(text).not.toContain("{region}");
    expect(text).not.toContain("{name}");
  });

  it("has no bucket for Pulumi Cloud, and no second OIDC provider", () => {
    const made = template({ ...options, graphs: [prod], backend: "pulumi-cloud", createsOidcProvider: false });
    expect(Object.keys(made.Resources).filter((name) => !/^(Preview|Deploy)/.test(name))).toEqual([]);
    expect(Object.keys(made.Outputs)).toEqual(["PreviewRole", "DeployRole"]);
    expect(JSON.stringify(made).match(/State(Bucket|Key)/)).toBe(null);
  });

  it("asks of GitHub what the workflows read", () => {
    const workflows = readdirSync(join(directory, ".github/workflows"));
    expect(workflows).toContain("up.yml");
    const { Outputs } = template({ ...options, graphs: [prod] });
    expect(Object.values(Outputs).map(({ Description }) => Description)).toEqual([
      "Variable AWS_PREVIEW_ROLE of the repository",
      "Variable AWS_DEPLOY_ROLE of the repository",
      "Variable PULUMI_BACKEND_URL of the repository",
      "For `pulumi stack init --secrets-provider`",
    ]);
  });
});
