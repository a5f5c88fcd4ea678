/** What a Function can be besides code that runs: in a VPC, behind an alias, with an address, with somebody to hear of its failures. */
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const fn = (args: object) => () => new terrace.Function("shop", { entry, ...args });
const statements = (stack: Deployment, name: string) =>
  JSON.parse(String(stack.resource("aws:iam/rolePolicy:RolePolicy", name).inputs.policy)).Statement as {
    Action: string[];
    Resource: string[];
  }[];
const lambda = (stack: Deployment) => stack.resource("aws:lambda/function:Function", "shop");

describe("in a VPC", () => {
  const inVpc = (args: object = {}, nat: "none" | "single" = "none") => {
    const network = new terrace.Network("net", { cidr: "10.0.0.0/20", nat });
    return new terrace.Function("shop", { entry, vpc: { network, ...args } });
  };

  it("nothing comes in, and it may make its network interfaces and no more", async () => {
    const stack = await deploy(() => inVpc());
    const firewall = stack.resource("aws:ec2/securityGroup:SecurityGroup", "shop-firewall");
    expect(firewall.inputs.ingress).toBeUndefined();
    expect(lambda(stack).inputs.vpcConfig).toMatchObject({ securityGroupIds: [firewall.outputs.id ?? firewall.id] });
    expect(stack.resource("RolePolicyAttachment", "shop-interfaces").inputs.policyArn).toBe(
      "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess",
    );
    expect(lambda(stack).dependencies).toContain(stack.resource("RolePolicyAttachment", "shop-interfaces").urn);
  });

  it("goes down again: its interfaces are handed to the network's own group before its group is deleted", async () => {
    const { inputs } = lambda(await deploy(() => inVpc()));
    const own = (inputs.vpcConfig as { securityGroupIds: string[] }).securityGroupIds;
    expect(inputs.replaceSecurityGroupsOnDestroy).toBe(true);
    expect(inputs.replacementSecurityGroupIds).toEqual([expect.stringMatching(/^sg-/)]);
    expect(own).not.toContain((inputs.replacementSecurityGroupIds as string[])[0]);
  });

  it("is let into a database by its own group", async () => {
    const stack = await deploy(() => {
      const network = new terrace.Network("net", { cidr: "10.0.0.0/20" });
      const database = new terrace.Database("db", { network });
      const shop = new terrace.Function("shop", { entry, vpc: { network } });
      database.allowFrom("shop", shop.securityGroupId!);
    });
    expect(stack.resource("SecurityGroupIngressRule").inputs).toMatchObject({
      referencedSecurityGroupId: stack.resource("SecurityGroup", "shop-firewall").id,
      fromPort: 5432,
    });
  });

  it("stands in private subnets where it is to reach out, which the network has to have", async () => {
    const stack = await deploy(() => inVpc({ tier: "private" }, "single"));
    const { subnetIds } = lambda(stack).inputs.vpcConfig as { subnetIds: string[] };
    expect(subnetIds).toEqual(stack.resource("terrace:network:Network").outputs.privateSubnetIds);
    expect(await refused(() => inVpc({ tier: "private" }))).toContain(
      'Function "shop": vpc.tier is "private"; the network has no private subnets; give it nat: "single"',
    );
  });
});

describe("events that nobody waits for", () => {
  it("go to a queue with their error when they were tried in vain, which the function may send to", async () => {
    const stack = await deploy(() => {
      const failures = new terrace.Queue("failures");
      const done = new terrace.Topic("done");
      fn({ asynchronous: { retries: 1, maximumAgeSeconds: 60, onFailure: failures, onSuccess: done } })();
    });
    const queue = stack.resource("aws:sqs/queue:Queue", "failures").outputs.arn;
    const topic = stack.resource("aws:sns/topic:Topic").outputs.arn;
    expect(stack.resource("FunctionEventInvokeConfig").inputs).toMatchObject({
      maximumRetryAttempts: 1,
      maximumEventAgeInSeconds: 60,
      destinationConfig: { onFailure: { destination: queue }, onSuccess: { destination: topic } },
    });
    expect(statements(stack, "shop-policy").slice(1)).toMatchObject([
      { Action: ["sqs:SendMessage"], Resource: [queue] },
      { Action: ["sns:Publish"], Resource: [topic] },
    ]);
  });

  it.each([
    ["sqs", "sqs:SendMessage"],
    ["sns", "sns:Publish"],
  ])("go to dead letters of %s, with the one permission that takes", async (service, action) => {
    const deadLetterArn = `arn:aws:${service}:eu-west-1:000000000000:dead`;
    const stack = await deploy(fn({ deadLetterArn }));
    expect(lambda(stack).inputs.deadLetterConfig).toEqual({ targetArn: deadLetterArn });
    expect(statements(stack, "shop-policy")[1]).toMatchObject({ Action: [action], Resource: [deadLetterArn] });
  });
});

describe("an address of its own", () => {
  it("asks for a signature, unless everybody is said to be let in", async () => {
    const stack = await deploy(fn({ url: {} }));
    expect(stack.resource("FunctionUrl").inputs).toMatchObject({
      authorizationType: "AWS_IAM",
      invokeMode: "BUFFERED",
    });
    expect(stack.resource("terrace:compute:Function").outputs.url).toMatch(/^https:.+lambda-url/);
    const open = await deploy(fn({ url: { authorization: "none", response: "stream" } }));
    expect(open.resource("FunctionUrl").inputs).toMatchObject({
      authorizationType: "NONE",
      invokeMode: "RESPONSE_STREAM",
    });
  });

  it("is that of the alias where there is one", async () => {
    const stack = await deploy(fn({ url: {}, provisionedConcurrency: 1 }));
    expect(stack.resource("FunctionUrl").inputs.qualifier).toBe("live");
  });
});

describe("new versions", () => {
  it("take over a tenth of the calls first, and go back when they fail", async () => {
    const stack = await deploy(fn({ release: { alarmNames: ["checkout-5xx"] } }));
    const alarm = stack.resource("MetricAlarm", "shop-release-errors");
    expect(alarm.inputs).toMatchObject({
      metricName: "Errors",
      threshold: 1,
      period: 60,
      treatMissingData: "notBreaching",
    });
    expect(stack.resource("DeploymentGroup").inputs).toMatchObject({
      deploymentConfigName: "CodeDeployDefault.LambdaCanary10Percent5Minutes",
      alarmConfiguration: { enabled: true, alarms: [alarm.outputs.name, "checkout-5xx"] },
      autoRollbackConfiguration: { enabled: true, events: ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"] },
    });
    expect(lambda(stack).inputs.publish).toBe(true);
  });

  it("are moved to by CodeDeploy alone: Pulumi leaves the alias where it is, and starts a release for each", async () => {
    const stack = await deploy(fn({ release: {} }));
    const alias = stack.resource("aws:lambda/alias:Alias", "shop-live");
    expect(alias.options.ignoreChanges).toEqual(["functionVersion", "routingConfig"]);
    expect(JSON.parse(String(stack.resource("aws:lambda/invocation:Invocation").inputs.input))).toMatchObject({
      functionName: lambda(stack).outputs.name,
      alias: "live",
      version: "1",
    });
  });

  it("are moved by a role that may move this alias, and by a function that may start this release", async () => {
    const stack = await deploy(fn({ release: {} }));
    const alias = stack.resource("aws:lambda/alias:Alias").outputs.arn;
    expect(statements(stack, "shop-release-policy")[0]!.Resource).toEqual([alias]);
    const all = [...statements(stack, "shop-release-policy"), ...statements(stack, "shop-release-starter-policy")];
    for (const { Resource } of all) expect(Resource).not.toContain("*");
  });

  it("get all calls but those that are to stay with an earlier one", async () => {
    const stack = await deploy(fn({ previous: { version: "41", weight: 90 } }));
    expect(stack.resource("aws:lambda/alias:Alias").inputs).toMatchObject({
      functionVersion: "1",
      routingConfig: { additionalVersionWeights: { 41: 0.9 } },
    });
  });

  it("are invoked by the alias: by schedules, queues, APIs and what is linked to the function", async () => {
    const stack = await deploy(() => {
      const shop = new terrace.Function("shop", { entry, release: {} });
      const authorizer = new terrace.Function("authorizer", { entry });
      new terrace.Schedule("nightly", { expression: "rate(1 day)", target: shop });
      new terrace.Queue("orders", { visibilityTimeoutSeconds: 60 }).consume("orders", shop);
      new terrace.Function("caller", { entry, link: { shop: shop.invoke() } });
      const api = { openapi: "functions/api/openapi.json", handler: shop, authorizer };
      new terrace.Api("rest", api);
      new terrace.Api("http", { ...api, type: "http" });
    });
    const alias = stack.resource("aws:lambda/alias:Alias", "shop-live").outputs;
    expect(stack.resource("aws:scheduler/schedule:Schedule").inputs.target).toMatchObject({ arn: alias.arn });
    expect(stack.resource("EventSourceMapping").inputs.functionName).toBe(alias.arn);
    const { variables } = stack.resource("aws:lambda/function:Function", "caller").inputs.environment as {
      variables: Record<string, string>;
    };
    expect(JSON.parse(variables.TERRACE_LINK!).shop.functionName).toMatch(/^shop-\w+:live$/);
    expect(stack.resource("aws:apigateway/integration:Integration", "rest-get-health-integration").inputs.uri).toBe(
      alias.invokeArn,
    );
    expect(stack.resource("aws:apigatewayv2/integration:Integration").inputs.integrationUri).toBe(alias.arn);
  });
});

it("environments are kept warm behind the alias", async () => {
  expect(
    (await deploy(fn({ provisionedConcurrency: 3 }))).resource("ProvisionedConcurrencyConfig").inputs,
  ).toMatchObject({
    qualifier: "live",
    provisionedConcurrentExecutions: 3,
  });
});

it("a function that wakes itself is stopped by Lambda, unless it is allowed to", async () => {
  expect((await deploy(fn({}))).all("FunctionRecursionConfig")).toEqual([]);
  expect((await deploy(fn({ recursion: "allow" }))).resource("FunctionRecursionConfig").inputs.recursiveLoop).toBe(
    "Allow",
  );
});

it("layers are those that are named", async () => {
  const layers = ["arn:aws:lambda:eu-west-1:580247275435:layer:LambdaInsightsExtension-Arm64:20"];
  expect(lambda(await deploy(fn({ layers }))).inputs.layers).toEqual(layers);
});

it("a signed package is what Lambda gets, and it takes no other", async () => {
  const configArn = "arn:aws:lambda:eu-west-1:000000000000:code-signing-config:csc-1";
  process.env.TERRACE_BUNDLE_TARGET = "";
  try {
    const stack = await deploy(() => {
      const bucket = new terrace.Bucket("packages");
      fn({ signing: { profileName: "platform", configArn, bucket } })();
    });
    const object = stack.resource("aws:s3/bucketObjectv2:BucketObjectv2");
    expect(stack.resource("SigningJob").inputs).toMatchObject({
      profileName: "platform",
      source: { s3: { key: object.inputs.key, version: object.outputs.versionId } },
    });
    expect(lambda(stack).inputs).toMatchObject({
      s3Key: expect.stringMatching(/^signed\/shop\/.+\.zip$/),
      codeSigningConfigArn: configArn,
    });
    expect(lambda(stack).inputs).not.toHaveProperty("code");
  } finally {
    process.env.TERRACE_BUNDLE_TARGET = "host";
  }
});

it.each(
  byMessage<object>([
    [{ release: { strategy: "Fast" } }, 'release.strategy is "Fast"; there are Canary10Percent5Minutes'],
    [{ release: {}, previous: { version: "1", weight: 5 } }, "CodeDeploy says which version gets how many calls"],
    [{ release: { alarmNames: Array(10).fill("a") } }, "release.alarmNames is 10; with the release's own"],
    [{ previous: { version: "$LATEST", weight: 5 } }, 'previous.version is "$LATEST"; it has to be the number'],
    [{ previous: { version: "1", weight: 100 } }, "previous.weight is 100; it has to be a number from 1 to 99"],
    [{ provisionedConcurrency: 5, reservedConcurrency: 4 }, "it is part of reservedConcurrency, 4; lower it"],
    [{ provisionedConcurrency: 5, tenantIsolation: true }, "an isolated function keeps no environments warm"],
    [{ url: {}, tenantIsolation: true }, "only API Gateway says whose call it is"],
    [{ url: { allowedOrigins: ["*"] } }, 'url.allowedOrigins[0] is "*"; it has to be an origin'],
    [{ asynchronous: { retries: 3 } }, "asynchronous.retries is 3; it has to be a number from 0 to 2"],
    [{ deadLetterArn: "dead" }, 'deadLetterArn is "dead"; it has to be an ARN'],
    [{ layers: Array(6).fill("arn:aws:lambda:x") }, "layers is 6; Lambda takes 5"],
    [{ layers: ["insights"] }, 'layers[0] is "insights"; it has to be an ARN'],
  ]),
)("refuses: %s", async (message, args) => {
  expect(await refused(fn(args))).toContain(message);
});

describe("a newcomer's mistakes", () => {
  it.each(
    byMessage<() => unknown>([
      [() => new terrace.Function("f", { entry: "functions/nowhere" }), "there is no such folder in /"],
      [() => new terrace.Function("f", { entry: "docs" }), 'entry is "docs"; there is no handler.ts in it'],
      [() => new terrace.Function("f", { entry: `${entry}/handler.ts` }), "name the folder, not the file in it"],
      [
        () => new terrace.Function("f", { entry, link: { orders: new terrace.Queue("q") as never } }),
        "link.orders is a resource, terrace:messaging:Queue; say what the function may do with it, by a verb of it",
      ],
      [
        () =>
          new terrace.FanOut("e", { consumers: { a: { function: new terrace.Function("f", { entry }) as never } } }),
        "consumers.a.function is a resource, terrace:compute:Function; it has to be a function, (…) => …",
      ],
      [() => new terrace.Network("n", { cidr: "10.0.0.1/20" }), "does not start on a /20 boundary; 10.0.0.0/20 does"],
    ]),
  )("are told where they were made: %s", async (message, make) => {
    expect(await refused(make)).toContain(message);
  });
});
