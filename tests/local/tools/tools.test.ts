/** The developer's tools, against a cloud of their own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph, Resource } from "../../../engine/graph.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { services } from "../../../local/services/index.ts";
import { runTool } from "../../../local/tools/main.ts";
import { eventNames, sampleEvent } from "../../../local/tools/sample-events.ts";
import { eventually } from "../lambda/fixture.ts";
import { functionResource, ROLE_ARN, role } from "../lambda/resources.ts";

let directory: string;
let cloud: RunningCloud;

const queue = (name: string, attributes: Record<string, string> = {}) =>
  cloud.call("sqs", "CreateQueue", { QueueName: name, Attributes: attributes });
const url = (name: string) => `${cloud.endpoint}/${cloud.account}/${name}`;
const provision = (...resources: Resource[]) => cloud.provision({ resources } as unknown as Graph);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "terrace-tools-"));
  mkdirSync(join(directory, "dev"));
  cloud = await startCloud({ directory: join(directory, "dev"), services });
  await provision(role(ROLE_ARN, [{ Effect: "Allow", Action: "*", Resource: "*" }]));
  await provision(
    functionResource(
      "cell-a-echo",
      `export const handler = async (event) => {
        console.log(JSON.stringify({ level: "INFO", message: "seen", tenantId: event.tenant ?? "acme", service: "echo" }));
        if (event.fails) throw new Error("on request");
        return event;
      };`,
    ),
    functionResource("cell-b-echo", "export const handler = async () => 1;"),
  );
  await queue("jobs-dlq");
  const deadLetterTargetArn = `arn:aws:sqs:${cloud.region}:${cloud.account}:jobs-dlq`;
  await queue("jobs", {
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 }),
    VisibilityTimeout: "0",
  });
  const { endpoint, region } = cloud;
  const aws = { endpoint, region, ...cloud.credentials.administrator };
  const tenants = { acme: { placement: "silo" }, globex: { placement: "silo" } };
  const outputs = { tenants: { globex: { cell: "b" } } };
  await cloud.call("s3", "CreateBucket", { Bucket: "uploads" });
  for (const Key of ["in/a", "in/b", "else"])
    await cloud.call("s3", "PutObject", { Bucket: "uploads", Key, Body: Buffer.from("one") });
  const QueueArn = `arn:aws:sqs:${cloud.region}:${cloud.account}:jobs`;
  const Filter = { Key: { FilterRules: [{ Name: "prefix", Value: "in/" }] } };
  const QueueConfigurations = [{ QueueArn, Events: ["s3:ObjectCreated:*"], Filter }];
  const NotificationConfiguration = { QueueConfigurations };
  await cloud.call("s3", "PutBucketNotificationConfiguration", {
    Bucket: "uploads",
    NotificationConfiguration,
    SkipDestinationValidation: true,
  });
  const mapping = { FunctionName: "cell-a-echo", EventSourceArn: QueueArn, Enabled: false };
  await cloud.call("lambda", "CreateEventSourceMapping", mapping);
  writeFileSync(join(directory, "outputs.json"), JSON.stringify({ stack: "dev", aws, tenants, outputs }));
});

afterAll(async () => {
  await cloud.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function run(name: string, ...args: string[]): Promise<{ status: number; text: string }> {
  let text = "";
  const write = (more: string) => {
    text += more;
  };
  const status = await runTool(name, [...args, "--state", directory], write, new AbortController().signal);
  return { status, text };
}

describe("invoke", () => {
  it("calls a function by a part of its name, and shows its answer and its log", async () => {
    const { status, text } = await run("invoke", "a-echo", "--event", '{"n":1}');
    expect(status).toBe(0);
    expect(text).toContain('"message":"seen"');
    expect(text).toMatch(/\{\n {2}"n": 1\n\}\n$/);
  });

  it("takes the function of the tenant's cell, or of the first cell and says which others there are", async () => {
    const first = await run("invoke", "echo", "--event", "{}");
    expect(first.text).toMatch(/^cell-a-echo; there are also cell-b-echo\n/);
    const own = await run("invoke", "echo", "--tenant", "globex", "--event", "{}");
    expect(own.text).not.toContain("there are also");
    expect(own.text).toMatch(/1\n$/);
  });

  it("makes an event come the way it would: of the newest object of the bucket, through the function's queue", async () => {
    const { text } = await run("invoke", "cell-a-echo", "--event", "s3:put", "--print");
    const [message] = JSON.parse(text).Records;
    expect(message.eventSourceARN).toBe(`arn:aws:sqs:${cloud.region}:${cloud.account}:jobs`);
    expect(JSON.parse(message.body).Records[0].s3).toMatchObject({
      bucket: { name: "uploads" },
      object: { key: "in/b", size: 3 },
    });
    const said = await run("invoke", "cell-a-echo", "--event", "s3:put");
    expect(said.text).toMatch(/^s3:put comes to this function through arn:aws:sqs:.*:jobs\n/);
  });

  it("makes an event of every source that is told apart by its first member", () => {
    const values = { region: "eu-west-1", account: "1", body: '{"id":"1","n":2}' };
    for (const [name] of eventNames) expect(JSON.stringify(sampleEvent(name, values)).length).toBeGreaterThan(20);
    const [change] = (sampleEvent("dynamodb", values) as { Records: { dynamodb: object }[] }).Records;
    expect(change!.dynamodb).toMatchObject({ Keys: { id: { S: "1" } }, NewImage: { n: { N: "2" } } });
  });

  it("exits with 1 when the function fails, and shows how", async () => {
    const { status, text } = await run("invoke", "cell-a-echo", "--event", '{"fails":true}');
    expect(status).toBe(1);
    expect(text).toContain('"errorMessage": "on request"');
  });

  it("sends the events that services send", async () => {
    const { text } = await run(
      "invoke",
      "cell-b-echo",
      "--event",
      "s3:put",
      "--bucket",
      "photos",
      "--key",
      "a b.jpg",
      "--print",
    );
    expect(JSON.parse(text).Records[0].s3).toMatchObject({ bucket: { name: "photos" }, object: { key: "a+b.jpg" } });
    const nested = sampleEvent("sqs:s3:put", { region: "eu-west-1", account: "1" }) as { Records: { body: string }[] };
    expect(JSON.parse(nested.Records[0]!.body).Records[0].eventSource).toBe("aws:s3");
  });

  it("lists functions and events when none is named", async () => {
    const { text } = await run("invoke");
    expect(text).toContain("cell-a-echo");
    for (const [name] of eventNames) expect(text).toContain(`  ${name}`);
  });

  it.each([
    [["cell-"], /"cell-" is not the only function of that name; there are:\n {2}cell-a-echo\n {2}cell-b-echo/],
    [["cell-a-echo", "--tenant", "nobody"], /there is no tenant "nobody"; there are: acme/],
    [
      ["cell-a-echo", "--event", "eventbridge", "--body", "text"],
      /--body has to be a JSON object for this event, not text/,
    ],
    [["cell-a-echo", "more"], /"more" is one word too many/],
    [["nope"], /there is no function "nope"/],
    [["cell-a-echo", "--event", "nope"], /--event "nope" is neither a file nor one of s3:put/],
    [["cell-a-echo", "--event", "{nope"], /is not JSON/],
    [["cell-a-echo", "--nope"], /Unknown option '--nope'; `npm run invoke -- --help`/],
  ])("refuses %j in one line, with status 2", async (args, message) => {
    const { status, text } = await run("invoke", ...args);
    expect(status).toBe(2);
    expect(text).toMatch(message);
  });
});

describe("logs", () => {
  it("shows one tenant's lines, without Lambda's own", async () => {
    await run("invoke", "cell-a-echo", "--event", '{"tenant":"globex"}');
    const all = await eventually(
      () => run("logs", "echo"),
      ({ text }) => text.includes("globex"),
    );
    expect(all.text).not.toMatch(/START RequestId|platform\.start/);
    const { text } = await run("logs", "cell-a", "--tenant", "globex");
    expect(text).toMatch(/^[\d:.]{12} {2}cell-a-echo {2}INFO {2}globex {2}seen\n$/);
  });

  it("refuses a group that is not there, naming those that are", async () => {
    expect((await run("logs", "nope")).text).toMatch(
      /there is no log group "nope"; there are:\n {2}\/aws\/lambda\/cell-a-echo/,
    );
    expect((await run("logs", "--since", "soon")).text).toMatch(/--since is a number of minutes, not "soon"/);
  });
});

describe("queues and redrive", () => {
  it("show what waits where, and send dead letters back", async () => {
    expect((await run("queues")).text).toBe("2 queues, all empty\n");
    await cloud.call("sqs", "SendMessage", { QueueUrl: url("jobs-dlq"), MessageBody: "poison" });
    const { text } = await run("queues", "--peek");
    expect(text).toMatch(/^queue +waiting +in flight +delayed\njobs-dlq +1 +0 +0 +dead letters of jobs\n/);
    expect(text).toContain("poison");
    expect((await run("redrive", "jobs-dlq", "--to", "jobs")).text).toBe("1 messages of jobs-dlq go back to jobs\n");
    await eventually(
      () => run("queues", "--all"),
      ({ text: shown }) => /^jobs +1 /m.test(shown),
    );
  });

  it("name the dead-letter queues that there are", async () => {
    expect(await run("redrive")).toEqual({ status: 2, text: "redrive: name a dead-letter queue: jobs-dlq\n" });
    expect((await run("redrive", "jobs-dlq", "--rate", "0")).text).toMatch(/--rate is 1 to 500/);
  });
});

describe("iam why", () => {
  it("says what a function may, by which policy, and what is missing where it may not", async () => {
    const may = await run("iam", "why", "cell-a-echo", "s3:GetObject", "arn:aws:s3:::photos/x");
    expect(may.status).toBe(0);
    expect(may.text).toMatch(
      /^function cell-a-echo may s3:GetObject on arn:aws:s3:::photos\/x\n {2}allowed by the policy /,
    );
    const { Role } = await cloud.call("iam", "CreateRole", {
      RoleName: "idle",
      AssumeRolePolicyDocument: JSON.stringify({
        Statement: { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" },
      }),
    });
    const mayNot = await run("iam", "why", "idle", "s3:GetObject", "arn:aws:s3:::photos/x");
    expect(mayNot.status).toBe(1);
    expect(mayNot.text).toContain(
      `no statement of ${Role.Arn} allows it. Missing:\n  {"Effect":"Allow","Action":"s3:GetObject"`,
    );
  });

  it("asks for what it needs", async () => {
    expect((await run("iam", "why")).text).toMatch(/usage: npm run iam -- why/);
    expect((await run("iam", "why", "nobody", "a:b", "*")).text).toMatch(
      /there is no tenant, function or role "nobody"/,
    );
  });
});

describe("without what they need", () => {
  it("sql asks for a tenant that there is, with a database", async () => {
    expect((await run("sql")).text).toBe("sql: --tenant is missing; there are: acme, globex\n");
    expect((await run("sql", "--tenant", "nope")).text).toMatch(/there is no tenant "nope"; there are: acme/);
    expect((await run("sql", "--tenant", "acme", "select 1")).text).toMatch(/tenant "acme" has no database/);
  });

  it("say that no platform runs", async () => {
    const write: string[] = [];
    const { signal } = new AbortController();
    expect(await runTool("queues", ["--state", join(directory, "none")], (text) => write.push(text), signal)).toBe(2);
    expect(write.join("")).toMatch(/run `npm start` first/);
  });

  it("each explains itself", async () => {
    for (const name of ["invoke", "logs", "queues", "redrive", "sql", "iam"]) {
      expect((await run(name, "--help")).text).toContain(`npm run ${name} -- `);
    }
    expect((await run("nope")).text).toMatch(/there is no tool "nope"/);
  });
});
