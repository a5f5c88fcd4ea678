/** What AWS would refuse at the end of a deployment is refused at its beginning: fractions, days, names of variables, tags. */
import * as pulumi from "@pulumi/pulumi";
import { SHAPES } from "../../components/args-shapes.ts";
import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const fn = (args: object) => () => new terrace.Function("f", { entry, ...args });

describe("numbers", () => {
  it.each(
    byMessage<() => unknown>([
      [fn({ memoryMb: 512.5 }), "memoryMb is 512.5; it has to be a whole number from 128 to 10240"],
      [fn({ timeoutSeconds: 1.5 }), "timeoutSeconds is 1.5; it has to be a whole number"],
      [
        () => new terrace.Queue("q", { visibilityTimeoutSeconds: 30.5 }),
        "visibilityTimeoutSeconds is 30.5; it has to be a whole",
      ],
      [() => new terrace.Network("n", { cidr: "10.0.0.0/20", zones: 2.5 }), "zones is 2.5; it has to be a whole"],
      [() => new terrace.Stream("s", { retentionHours: 24.1 }), "retentionHours is 24.1; it has to be a whole"],
    ]),
  )("are whole where AWS counts: %s", async (message, make) => {
    expect(await refused(make)).toContain(message);
  });

  it("are fractions where AWS measures: money, requests a second, capacity", async () => {
    await deploy(() => {
      new terrace.Budget("b", { monthlyUsd: 12.5, emails: ["ops@example.com"], alertPercents: [33.3] });
      const network = new terrace.Network("n", { cidr: "10.0.0.0/20" });
      new terrace.Database("db", { network, minAcu: 0.5, maxAcu: 1.5 });
      const handler = new terrace.Function("h", { entry });
      const authorizer = new terrace.Function("a", { entry });
      const openapi = "functions/api/openapi.json";
      new terrace.Api("api", {
        openapi,
        handler,
        authorizer,
        rate: 2.5,
        usagePlans: { basic: { rate: 1.5, burst: 2 } },
      });
    });
  });

  it.each([
    [8, 14],
    [31, 60],
    [366, 400],
    [3654, 3653],
  ])("of days that logs stay are those of CloudWatch: %i is refused, and %i named", async (days, next) => {
    expect(await refused(fn({ logRetentionDays: days }))).toBe(
      `Function "f": logRetentionDays is ${days}; CloudWatch Logs keeps 1, 3, 5, 7, 14, 30, 60, 90… 3653 days; the next it takes is ${next}`,
    );
  });
});

describe("a function's variables", () => {
  it.each([
    ["AWS_REGION", "Lambda sets it itself; leave it out"],
    ["AWS_LAMBDA_FUNCTION_NAME", "Lambda sets it itself; leave it out"],
    ["1ST", "it has to be a name of letters, digits and _, a letter first"],
    ["A-B", "it has to be a name of letters, digits and _, a letter first"],
  ])("may not be called %s", async (name, remedy) => {
    expect(await refused(fn({ environment: { [name]: "x" } }))).toContain(`Function "f": environment.${name} is`);
    expect(await refused(fn({ environment: { [name]: "x" } }))).toContain(remedy);
  });

  it("have 4 KB in all, also where a value is known only later, and no error repeats one", async () => {
    const long = "S3CRET".repeat(700);
    const message = await refused(fn({ environment: { TOKEN: pulumi.output(Promise.resolve(long)) } }));
    expect(message).toMatch(/^Function "f": environment is "\d+ bytes"; Lambda keeps 4096 bytes in all; put/);
    expect(message).not.toContain("S3CRET");
  });
});

describe("tags", () => {
  it.each([
    [{ "aws:owner": "x" }, "tags.aws:owner is"],
    [{ ["k".repeat(129)]: "x" }, "it has to be a key of 1 to 128 letters"],
    [{ owner: "v".repeat(257) }, "it has to be at most 256 letters"],
    [{ owner: "a;b" }, 'tags.owner is "a;b"'],
    [Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, "v"])), 'tags is "51 tags"; AWS keeps 50'],
  ])("that AWS refuses are refused: %j", async (tags, message) => {
    expect(await refused(() => new terrace.Queue("q", { tags }))).toContain(message);
  });

  it("are held to it by every component that takes some", async () => {
    const taking = Object.entries(SHAPES).filter(
      ([name, shape]) => name.replace("Args", "") in terrace && JSON.stringify(shape).includes('"tags?"'),
    );
    const all = Object.fromEntries(Object.entries(terrace)) as unknown as Record<string, typeof terrace.Queue>;
    expect(taking.length).toBeGreaterThan(20);
    for (const [name] of taking) {
      const Component = all[name.replace("Args", "")]!;
      const make = () => new Component("x", { tags: { "aws:owner": "x" } });
      // Some miss other arguments first; none takes the tag.
      expect(await refused(make)).toMatch(/tags\.aws:owner is|is missing/);
    }
  });

  it("in letters of any language are taken", async () => {
    const stack = await deploy(
      () => new terrace.Queue("q", { tags: { Équipe: "Plattform – Größe".replace("–", "-") } }),
    );
    expect(stack.resource("aws:sqs/queue:Queue", "q").inputs.tags).toEqual({ Équipe: "Plattform - Größe" });
  });
});

it("an argument that is nearly right is named", async () => {
  expect(await refused(() => new terrace.Queue("q", { visibilityTimeout: 60 } as never))).toContain(
    "there is none; did you mean visibilityTimeoutSeconds? There are existing, queueName",
  );
  expect(await refused(fn({ memorymb: 256 }))).toContain("did you mean memoryMb?");
  expect(await refused(fn({ colour: 256 }))).toContain("there is none; there are entry");
});

describe("what is known only later is checked when it is known, before it is asked of AWS", () => {
  const later = <T>(value: T) => pulumi.output(Promise.resolve(value));
  it.each(
    byMessage<() => unknown>([
      [
        () => new terrace.Queue("q", { kmsKeyId: later("key one") }),
        'kmsKeyId is "key one"; it has to be a key\'s ARN',
      ],
      [
        () => new terrace.Topic("t", { kmsKeyId: later("key one") }),
        'kmsKeyId is "key one"; it has to be a key\'s ARN',
      ],
      [
        () => terrace.Network.get("n", { vpcId: later("net-1"), isolatedSubnetIds: ["subnet-1"] }),
        'existing.vpcId is "net-1"; it has to be a VPC\'s id',
      ],
      [
        () => terrace.Network.get("n", { vpcId: "vpc-1", isolatedSubnetIds: later(["subnet-1", "sg-1"]) }),
        'existing.isolatedSubnetIds[1] is "sg-1"; it has to be a subnet\'s id',
      ],
      [
        () => {
          const network = terrace.Network.get("n", { vpcId: "vpc-1", isolatedSubnetIds: later(["subnet-1"]) });
          new terrace.Database("db", { network });
        },
        'Database "db": network.isolatedSubnetIds is ["subnet-1"]; a cluster stands in two zones at least',
      ],
      [
        () => new terrace.Bucket("b", { replication: { destinationArn: later("copies") } }),
        'replication.destinationArn is "copies"; it has to be an ARN',
      ],
      [
        () =>
          new terrace.Stream("s").consume("c", new terrace.Function("f", { entry }), { onFailure: later("failures") }),
        'onFailure is "failures"; it has to be an ARN',
      ],
    ]),
  )("%s", async (message, make) => {
    expect(await refused(make)).toContain(message);
  });
});
