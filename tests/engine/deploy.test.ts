import * as aws from "@pulumi/aws";
import * as awsx from "@pulumi/awsx";
import * as pulumi from "@pulumi/pulumi";
import { deploy, UNKNOWN } from "../../engine/testing.ts";

class Pair extends pulumi.ComponentResource {
  constructor(name: string, options?: pulumi.ComponentResourceOptions) {
    super("shop:queues:Pair", name, {}, options);
    const queue = new aws.sqs.Queue(
      `${name}-queue`,
      { fifoQueue: true },
      {
        parent: this,
        protect: true,
        retainOnDelete: true,
        ignoreChanges: ["tags"],
        aliases: ["urn:pulumi:old::old::t::n"],
      },
    );
    new aws.sns.TopicSubscription(
      `${name}-sub`,
      { topic: "arn:t", protocol: "sqs", endpoint: queue.arn },
      { parent: this },
    );
    this.registerOutputs({ url: queue.url });
  }
}

describe("the graph of a program", () => {
  it("has URNs as Pulumi's engine forms them, parents and registered outputs", async () => {
    const stack = await deploy(() => new Pair("a"), { project: "shop", stack: "dev" });
    const pair = stack.resource("shop:queues:Pair", "a");
    const queue = stack.resource("aws:sqs/queue:Queue");
    expect(pair.urn).toBe("urn:pulumi:dev::shop::shop:queues:Pair::a");
    expect(queue.urn).toBe("urn:pulumi:dev::shop::shop:queues:Pair$aws:sqs/queue:Queue::a-queue");
    expect(queue.parent).toBe(pair.urn);
    expect(pair.outputs.url).toBe(queue.outputs.url);
    expect(
      stack
        .children(pair)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["a-queue", "a-sub"]);
  });

  it("knows the options that can be known, and what depends on what", async () => {
    const stack = await deploy(() => new Pair("a"));
    const queue = stack.resource("aws:sqs/queue:Queue");
    expect(queue.options).toMatchObject({
      protect: true,
      retainOnDelete: true,
      ignoreChanges: ["tags"],
      aliases: ["urn:pulumi:old::old::t::n"],
    });
    const subscription = stack.resource("TopicSubscription");
    expect(subscription.dependencies).toEqual([queue.urn]);
    expect(subscription.propertyDependencies).toEqual({ endpoint: [queue.urn] });
    expect(subscription.inputs.endpoint).toBe(queue.outputs.arn);
  });

  it("lists a resource after all that it needs, the same way each time", async () => {
    const program = () => {
      for (const name of ["c", "a", "b"]) new Pair(name);
    };
    const [one, two] = [await deploy(program), await deploy(program)];
    expect(one.resources).toEqual(two.resources);
    const seen = new Set<string>();
    for (const { urn, parent, dependencies } of one.resources) {
      for (const needed of [...(parent ? [parent] : []), ...dependencies]) expect(seen).toContain(needed);
      seen.add(urn);
    }
  });

  it("marks secrets, in resources and in stack outputs", async () => {
    const stack = await deploy(
      () => {
        const value = new pulumi.Config("shop").requireSecret("password");
        new aws.ssm.Parameter("p", { type: "SecureString", value });
        return { value, plain: 1 };
      },
      { config: { "shop:password": "hunter2" } },
    );
    expect(stack.resource("Parameter").secrets).toEqual(["value"]);
    expect([stack.outputs, stack.secretOutputs]).toEqual([{ value: "hunter2", plain: 1 }, ["value"]]);
  });

  it("answers data sources per function, and renders policy documents", async () => {
    const stack = await deploy(
      () => {
        const statements = [
          {
            sid: "A",
            actions: ["s3:GetObject"],
            resources: ["arn:aws:s3:::b/*"],
            conditions: [{ test: "Bool", variable: "aws:SecureTransport", values: ["true"] }],
          },
        ];
        return {
          region: aws.getRegionOutput().region,
          account: aws.getCallerIdentityOutput().accountId,
          json: aws.iam.getPolicyDocumentOutput({ statements }).json,
        };
      },
      { region: "eu-central-1" },
    );
    expect(stack.outputs).toMatchObject({ region: "eu-central-1", account: "000000000000" });
    expect(JSON.parse(String(stack.outputs.json)).Statement).toEqual([
      {
        Sid: "A",
        Effect: "Allow",
        Action: "s3:GetObject",
        Resource: "arn:aws:s3:::b/*",
        Condition: { Bool: { "aws:SecureTransport": ["true"] } },
      },
    ]);
    expect(stack.invokes.map(({ token }) => token)).toContain("aws:iam/getPolicyDocument:getPolicyDocument");
  });

  it("answers awsx's remote components as they were asked for", async () => {
    const stack = await deploy(() => {
      const vpc = new awsx.ec2.Vpc("net", {
        numberOfAvailabilityZones: 2,
        natGateways: { strategy: "None" },
        subnetSpecs: [{ type: "Isolated" }],
      });
      return { vpc: vpc.vpcId, isolated: vpc.isolatedSubnetIds, isPublic: vpc.publicSubnetIds };
    });
    expect(stack.outputs.vpc).toMatch(/^vpc-[0-9a-f]{17}$/);
    expect([(stack.outputs.isolated as string[]).length, stack.outputs.isPublic]).toEqual([2, []]);
  });

  it("knows archives and assets by absolute path", async () => {
    const stack = await deploy(() => {
      const code = new pulumi.asset.AssetArchive({
        "index.mjs": new pulumi.asset.StringAsset("export {}"),
        lib: new pulumi.asset.FileArchive("engine"),
      });
      new aws.lambda.Function("f", {
        role: "arn:aws:iam::000000000000:role/r",
        code,
        runtime: "nodejs24.x",
        handler: "index.handler",
      });
    });
    expect(stack.resource("Function").inputs.code).toEqual({
      $asset: "archive",
      assets: {
        "index.mjs": { $asset: "string", text: "export {}" },
        lib: { $asset: "fileArchive", path: `${process.cwd()}/engine` },
      },
    });
  });
});

it("leaves unknown in a preview what only a deployment knows", async () => {
  const stack = await deploy(() => new Pair("a"), { preview: true });
  expect(stack.resource("TopicSubscription").inputs).toEqual({ topic: "arn:t", protocol: "sqs", endpoint: UNKNOWN });
  expect(stack.resource("aws:sqs/queue:Queue").outputs).toEqual({ fifoQueue: true });
});

it("keeps deployments that run at once apart", async () => {
  const stacks = ["one", "two", "three"];
  const deployed = await Promise.all(
    stacks.map((stack) => deploy(() => ({ name: pulumi.getStack(), pair: new Pair("a").urn }), { stack })),
  );
  expect(deployed.map(({ outputs, resources }) => [outputs.name, resources.length])).toEqual(
    stacks.map((stack) => [stack, 4]),
  );
});

describe("a program that fails", () => {
  const failing = async (program: () => unknown) =>
    deploy(program).then(
      () => "no error",
      (error: Error) => error.message,
    );

  it("names a type that nobody claims", async () => {
    class Odd extends pulumi.CustomResource {
      constructor() {
        super("aws:odd/thing:Thing", "x", {});
      }
    }
    expect(await failing(() => new Odd())).toMatch(/aws:odd\/thing:Thing "x": nobody knows this type's outputs/);
  });

  it("names a resource declared twice", async () => {
    const twice = () => [new aws.sqs.Queue("q"), new aws.sqs.Queue("q")];
    expect(await failing(twice)).toMatch(/aws:sqs\/queue:Queue "q" is declared twice/);
  });

  it("names the argument whose value could not be computed", async () => {
    const name = pulumi.output("x").apply((): string => {
      throw new Error("boom");
    });
    expect(await failing(() => new aws.sqs.Queue("q", { name }))).toMatch(/"name": boom/);
  });

  it("lists the candidates when a test asks for a resource that is not there", async () => {
    const stack = await deploy(() => new Pair("a"));
    expect(() => stack.resource("Queue", "b")).toThrow(
      /There is no Queue "b"\. There are:\n {2}aws:sqs\/queue:Queue "a-queue"/,
    );
  });
});
