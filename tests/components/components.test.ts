import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

const policyOf = (deployment: Deployment, type: string, name?: string) =>
  JSON.parse(String(deployment.resource(type, name).inputs.policy)).Statement as Record<string, never>[];

async function refused(make: () => unknown): Promise<string> {
  try {
    await deploy(make);
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was refused";
}

describe("Function", () => {
  it("runs on arm64 and Node 24, traced, with JSON logs that expire", async () => {
    const stack = await deploy(() => new terrace.Function("hello", { entry, logRetentionDays: 7 }));
    expect(stack.resource("aws:lambda/function:Function").inputs).toMatchObject({
      ...{ runtime: "nodejs24.x", architectures: ["arm64"], handler: "index.handler", memorySize: 512, timeout: 10 },
      ...{ tracingConfig: { mode: "Active" }, loggingConfig: { logFormat: "JSON" } },
    });
    expect(stack.resource("LogGroup").inputs.retentionInDays).toBe(7);
  });

  it("may do what its grants say and write its own logs, nothing with a bare star", async () => {
    const stack = await deploy(() => {
      const queue = new terrace.Queue("orders");
      return new terrace.Function("hello", { entry, grants: [terrace.grantSend(queue.arn)] });
    });
    const statements = policyOf(stack, "aws:iam/rolePolicy:RolePolicy");
    expect(statements.map(({ Action }) => Action)).toEqual([
      ["logs:CreateLogStream", "logs:PutLogEvents"],
      ["sqs:SendMessage"],
    ]);
    for (const { Resource } of statements) expect(Resource).not.toContain("*");
  });

  it("bundles native modules beside the code for the machine it is for", async () => {
    const stack = await deploy(() => new terrace.Function("hello", { entry, nativeModules: ["sharp"] }));
    const code = stack.resource("aws:lambda/function:Function").inputs.code as {
      assets: Record<string, { $asset: string }>;
    };
    expect(code.assets["index.mjs"]!.$asset).toBe("file");
    expect(code.assets["node_modules/sharp"]!.$asset).toBe("fileArchive");
  });

  it.each([
    ["memoryMb", { memoryMb: 64 }, "memoryMb is 64; it has to be a number from 128 to 10240"],
    ["timeoutSeconds", { timeoutSeconds: 901 }, "timeoutSeconds is 901"],
    ["functionName", { functionName: "a b" }, 'functionName is "a b"'],
    [
      "grant's resource",
      { grants: [{ actions: ["s3:GetObject"], resources: ["*"] }] },
      'grants[0].resources is "*"; name',
    ],
    ["grant's action", { grants: [{ actions: ["s3:*"], resources: ["arn:a"] }] }, 'grants[0].actions is "s3:*"; name'],
  ])("refuses a bad %s in one line with the remedy", async (_name, args, message) => {
    expect(await refused(() => new terrace.Function("hello", { entry, ...args }))).toContain(
      `Function "hello": ${message}`,
    );
  });
});

describe("Queue, Topic and FanOut", () => {
  const fanOut = () =>
    new terrace.FanOut("events", {
      consumers: {
        audit: {
          function: (queue) => new terrace.Function("audit", { entry, grants: [terrace.grantConsume(queue.arn)] }),
        },
      },
    });

  it("give every queue a dead-letter queue that only it may use, encryption and long polling", async () => {
    const stack = await deploy(() => new terrace.Queue("orders", { maxReceiveCount: 3 }));
    const [dead, queue] = [
      stack.resource("aws:sqs/queue:Queue", "orders-dlq"),
      stack.resource("aws:sqs/queue:Queue", "orders"),
    ];
    expect(JSON.parse(String(queue.inputs.redrivePolicy))).toEqual({
      deadLetterTargetArn: dead.outputs.arn,
      maxReceiveCount: 3,
    });
    expect(queue.inputs).toMatchObject({ sqsManagedSseEnabled: true, receiveWaitTimeSeconds: 20 });
    const allow = JSON.parse(String(stack.resource("RedriveAllowPolicy").inputs.redriveAllowPolicy));
    expect(allow).toEqual({ redrivePermission: "byQueue", sourceQueueArns: [queue.outputs.arn] });
  });

  it("let the topic send to a consumer's queue by SourceArn and SourceAccount, raw", async () => {
    const stack = await deploy(fanOut);
    const topic = stack.resource("aws:sns/topic:Topic").outputs.arn;
    const [allow, deny] = policyOf(stack, "aws:sqs/queuePolicy:QueuePolicy", "events-audit-policy");
    expect(allow!.Condition).toEqual({
      ArnEquals: { "aws:SourceArn": topic },
      StringEquals: { "aws:SourceAccount": "000000000000" },
    });
    expect(deny).toMatchObject({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } });
    expect(stack.resource("TopicSubscription").inputs).toMatchObject({ protocol: "sqs", rawMessageDelivery: true });
  });

  it("report partial batch failures", async () => {
    const stack = await deploy(fanOut);
    expect(stack.resource("EventSourceMapping").inputs.functionResponseTypes).toEqual(["ReportBatchItemFailures"]);
  });

  it("refuse a consumer that may run for longer than a sixth of the visibility timeout", async () => {
    const message = await refused(() => {
      const slow = new terrace.Function("slow", { entry, timeoutSeconds: 30 });
      new terrace.Queue("orders", { visibilityTimeoutSeconds: 60 }).consume("slow", slow);
    });
    expect(message).toContain(
      'Queue "orders": visibilityTimeoutSeconds is 60; its consumer "slow" may run 30 s, so it has to be at least 180',
    );
  });

  it("refuse a fan-out to nobody", async () => {
    expect(await refused(() => new terrace.FanOut("events", { consumers: {} }))).toContain(
      'FanOut "events": consumers',
    );
  });
});

describe("Bucket", () => {
  it("is private, encrypted, versioned, owner-only and TLS-only", async () => {
    const stack = await deploy(() => new terrace.Bucket("photos"));
    expect(stack.resource("BucketPublicAccessBlock").inputs).toMatchObject({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(stack.resource("BucketVersioning").inputs.versioningConfiguration).toEqual({ status: "Enabled" });
    expect(stack.resource("BucketOwnershipControls").inputs.rule).toEqual({ objectOwnership: "BucketOwnerEnforced" });
    expect(policyOf(stack, "BucketPolicy")[0]).toMatchObject({
      Effect: "Deny",
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    });
    expect(stack.resource("aws:s3/bucket:Bucket").options.protect).toBe(true);
  });

  it("refuses every origin at once", async () => {
    expect(await refused(() => new terrace.Bucket("photos", { allowedOrigins: ["*"] }))).toContain("name the origins");
  });
});

describe("Table", () => {
  it("is paid by request, encrypted, recoverable and protected", async () => {
    const stack = await deploy(
      () => new terrace.Table("orders", { attributes: { id: "S" }, hashKey: "id", ttlAttribute: "expires" }),
    );
    expect(stack.resource("aws:dynamodb/table:Table").inputs).toMatchObject({
      billingMode: "PAY_PER_REQUEST",
      serverSideEncryption: { enabled: true },
      pointInTimeRecovery: { enabled: true },
      deletionProtectionEnabled: true,
      ttl: { attributeName: "expires", enabled: true },
    });
  });

  it("refuses a key without a type and a type without a key", async () => {
    expect(await refused(() => new terrace.Table("t", { attributes: {}, hashKey: "id" }))).toContain("attributes.id");
    expect(await refused(() => new terrace.Table("t", { attributes: { id: "S", x: "S" }, hashKey: "id" }))).toContain(
      "attributes.x",
    );
  });
});

describe("Database", () => {
  const database = (args: object) => () => {
    const network = new terrace.Network("net", { cidr: "10.0.0.0/20" });
    return new terrace.Database("db", { network, ...args });
  };

  it("pauses at zero in development, and goes in one go", async () => {
    const { inputs, options } = (await deploy(database({ protection: "disposable" }))).resource(
      "aws:rds/cluster:Cluster",
    );
    expect(inputs).toMatchObject({
      ...{
        engine: "aurora-postgresql",
        enableHttpEndpoint: true,
        manageMasterUserPassword: true,
        storageEncrypted: true,
      },
      ...{
        serverlessv2ScalingConfiguration: { minCapacity: 0, maxCapacity: 4, secondsUntilAutoPause: 300 },
        skipFinalSnapshot: true,
        deletionProtection: false,
      },
    });
    expect(String(inputs.engineVersion)).toMatch(/^17\./);
    expect(options.protect).toBeUndefined();
  });

  it("is kept in production: protected, snapshotted, backed up", async () => {
    const { inputs, options } = (await deploy(database({ minAcu: 0.5, readers: 1 }))).resource(
      "aws:rds/cluster:Cluster",
    );
    expect(inputs).toMatchObject({
      deletionProtection: true,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: "test-test-db-final",
      backupRetentionPeriod: 14,
    });
    expect(options.protect).toBe(true);
  });

  it("has no way in from the network", async () => {
    expect((await deploy(database({}))).resource("aws:ec2/securityGroup:SecurityGroup").inputs.ingress).toBeUndefined();
  });

  it.each([
    [{ minAcu: 3, maxAcu: 2 }, "minAcu is 3; it may not exceed maxAcu, 2"],
    [{ maxAcu: 1.3 }, "maxAcu is 1.3; it comes in steps of 0.5"],
    [{ engineVersion: "15.2" }, 'engineVersion is "15.2"'],
    [{ pauseAfterSeconds: 10 }, "pauseAfterSeconds is 10"],
  ])("refuses %j", async (args, message) => {
    expect(await refused(database(args))).toContain(message);
  });
});

describe("Network", () => {
  it("costs nothing when idle: isolated subnets, no NAT, default group locked", async () => {
    const stack = await deploy(() => new terrace.Network("net", { cidr: "10.0.0.0/20", zones: 2 }));
    expect(stack.resource("awsx:ec2:Vpc").inputs).toMatchObject({
      natGateways: { strategy: "None" },
      subnetSpecs: [{ type: "Isolated" }],
    });
    expect(stack.resource("DefaultSecurityGroup").inputs).toMatchObject({ ingress: [], egress: [] });
  });
});

describe("UserPool", () => {
  it("lets administrators make users, and no user choose a tenant", async () => {
    const stack = await deploy(() => new terrace.UserPool("users"));
    expect(stack.resource("aws:cognito/userPool:UserPool").inputs.adminCreateUserConfig).toEqual({
      allowAdminCreateUserOnly: true,
    });
    const { writeAttributes, readAttributes } = stack.resource("UserPoolClient").inputs;
    expect(readAttributes).toContain("custom:tenant");
    expect(writeAttributes).not.toContain("custom:tenant");
  });
});

describe("Api", () => {
  const api =
    (args: object = {}, isolated = false) =>
    () => {
      const handler = new terrace.Function("api", { entry, tenantIsolation: isolated });
      const authorizer = new terrace.Function("auth", { entry });
      return new terrace.Api("api-gateway", {
        openapi: "functions/api/openapi.json",
        handler,
        authorizer,
        usagePlans: { basic: { rate: 20, burst: 40, quotaPerDay: 100 } },
        ...args,
      });
    };

  it("asks for a token and a usage plan everywhere but on public routes", async () => {
    const stack = await deploy(api());
    const methods = stack
      .all("aws:apigateway/method:Method")
      .map(({ name, inputs }) => [name.replace("api-gateway-", ""), inputs.authorization, inputs.apiKeyRequired]);
    expect(methods).toContainEqual(["get-health", "NONE", false]);
    expect(methods).toContainEqual(["get-openapi-json", "NONE", false]);
    expect(methods.filter(([, authorization, key]) => authorization === "CUSTOM" && key === true)).toHaveLength(
      methods.length - 2,
    );
  });

  it("keeps an authorizer's answer for at most a minute, by token and host", async () => {
    expect((await deploy(api())).resource("aws:apigateway/authorizer:Authorizer").inputs).toMatchObject({
      authorizerResultTtlInSeconds: 60,
      identitySource: "method.request.header.Authorization,method.request.header.Host",
    });
  });

  it("validates bodies by the handler's own schemas", async () => {
    const stack = await deploy(api());
    const model = stack.resource("aws:apigateway/model:Model", "api-gateway-NewAlbum");
    expect(JSON.parse(String(model.inputs.schema)).required).toContain("title");
    expect(stack.resource("aws:apigateway/method:Method", "api-gateway-post-albums").inputs.requestModels).toEqual({
      "application/json": "NewAlbum",
    });
  });

  it("takes the tenant of an isolated function from the authorizer alone", async () => {
    const of = (stack: Deployment) =>
      stack.resource("aws:apigateway/integration:Integration", "api-gateway-get-albums-integration").inputs
        .requestParameters;
    expect(of(await deploy(api({}, true)))).toEqual({
      "integration.request.header.X-Amz-Tenant-Id": "context.authorizer.tenantId",
    });
    expect(of(await deploy(api()))).toBeUndefined();
  });

  it("may invoke its functions for itself only", async () => {
    for (const { inputs } of (await deploy(api())).all("aws:lambda/permission:Permission")) {
      expect(String(inputs.sourceArn)).toMatch(
        /^arn:aws:execute-api:eu-west-1:000000000000:[a-z0-9]{10}\/(v1\/\*|authorizers\/[a-z0-9]+)$/,
      );
    }
  });

  it("is the same routes as an HTTP API, without what that has not", async () => {
    const rest = await deploy(api());
    const http = await deploy(api({ type: "http", usagePlans: undefined }));
    expect(http.all("aws:apigatewayv2/route:Route")).toHaveLength(rest.all("aws:apigateway/method:Method").length);
    expect(await refused(api({ type: "http" }))).toContain("usagePlans");
  });

  it("refuses a missing document and a star for an origin", async () => {
    expect(await refused(api({ openapi: "nowhere.json" }))).toContain('Api "api-gateway": openapi is "nowhere.json"');
    expect(await refused(api({ allowedOrigins: ["*"] }))).toContain("name the origins");
  });
});

describe("Domain", () => {
  const domain = (host: string) => () =>
    new terrace.Domain("d", { host, zone: "example.com", api: { id: "abc", stage: "v1" } });

  it("has a certificate validated by DNS, TLS 1.2, A and AAAA records", async () => {
    const stack = await deploy(domain("*.eu1.example.com"));
    expect(stack.resource("aws:acm/certificate:Certificate").inputs).toMatchObject({
      domainName: "*.eu1.example.com",
      validationMethod: "DNS",
    });
    expect(stack.resource("aws:apigateway/domainName:DomainName").inputs.securityPolicy).toBe("TLS_1_2");
    expect(stack.all("aws:route53/record:Record").map(({ inputs }) => inputs.type)).toEqual(
      expect.arrayContaining(["A", "AAAA", "CNAME"]),
    );
  });

  it("refuses a host outside its zone", async () => {
    expect(await refused(domain("acme.example.org"))).toContain("a host in the zone example.com");
  });
});

it("every component parents its children and keeps arguments out of outputs that are secret", async () => {
  const stack = await deploy(
    () => new terrace.Parameters("settings", { path: "/shop/dev", values: { topic: pulumi.secret("arn:x") } }),
  );
  const parameter = stack.resource("aws:ssm/parameter:Parameter");
  expect([parameter.name, parameter.inputs.name, parameter.secrets]).toEqual([
    "settings-topic",
    "/shop/dev/topic",
    ["value"],
  ]);
  expect(stack.resource("terrace:data:Parameters", "settings").urn).toBe(parameter.parent);
});
