import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetParameterCommand, GetParameterHistoryCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { Graph, Resource } from "../../engine/graph.ts";
import { type RunningCloud, startCloud } from "../../local/cloud.ts";
import { AwsError, type Delivery, type LogLine, type Service } from "../../local/service.ts";
import { roleWith } from "./role-with.ts";

const client = () => import("@aws-sdk/client-ssm");

function service(more: Partial<Service> = {}): Service {
  return { name: "ssm", resources: {}, operations: {}, client, ...more };
}

function resource(type: string, name: string): Resource {
  const urn = `urn:pulumi:test::test::${type}::${name}`;
  const empty = { inputs: {}, outputs: {}, secrets: [], dependencies: [], propertyDependencies: {}, options: {} };
  return { urn, type, name, custom: true, ...empty };
}

describe("the cloud on one machine", () => {
  const started: RunningCloud[] = [];
  const start = async (options: Parameters<typeof startCloud>[0]) => {
    const cloud = await startCloud(options);
    started.push(cloud);
    return cloud;
  };
  afterEach(async () => {
    for (const cloud of started.splice(0)) await cloud.stop();
  });

  it("listens on loopback only, and starts no service before it is needed", async () => {
    const made: Service[] = [];
    const cloud = await start({ services: { ssm: () => made[made.push(service()) - 1]! } });
    expect(cloud.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(made).toHaveLength(0);
    await Promise.all([cloud.service("ssm"), cloud.service("ssm")]);
    expect(made).toHaveLength(1);
  });

  it("judges a call inside the process like one from outside", async () => {
    const GetParameter = {
      authorize: ({ Name }: { Name: string }) => ({
        action: "ssm:GetParameter",
        resource: `arn:aws:ssm:r:0:parameter${Name}`,
      }),
      run: ({ Name }: { Name: string }) => ({ Parameter: { Name, Value: "v" } }),
    };
    const cloud = await start({ services: { ssm: () => service({ operations: { GetParameter } }) } });
    const roleArn = await roleWith(cloud, "app", { Effect: "Allow", Action: "ssm:*", Resource: "*/allowed" });
    const principal = cloud.principalFor(roleArn, "test");
    const outside = new SSMClient({ ...cloud.client(roleArn), maxAttempts: 1 });
    const inside = (Name: string) => cloud.call("ssm", "GetParameter", { Name }, { principal });
    expect((await inside("/allowed")).Parameter.Value).toBe("v");
    expect((await outside.send(new GetParameterCommand({ Name: "/allowed" }))).Parameter!.Value).toBe("v");
    await expect(inside("/denied")).rejects.toMatchObject({ code: "AccessDeniedException" });
    await expect(outside.send(new GetParameterCommand({ Name: "/denied" }))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
    expect((await cloud.call("ssm", "GetParameter", { Name: "/denied" })).Parameter.Value).toBe("v");
    outside.destroy();
  });

  it("gives a function credentials that name its role, if the role trusts Lambda", async () => {
    const GetParameter = {
      run: (_: object, { principal }: { principal: object }) => ({ Parameter: { Value: JSON.stringify(principal) } }),
    };
    const cloud = await start({ services: { ssm: () => service({ operations: { GetParameter } }) } });
    const roleArn = await roleWith(cloud, "function");
    const { endpoint, region } = cloud;
    const credentials = cloud.credentialsFor(roleArn, "my-function", "lambda.amazonaws.com");
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const sdk = new SSMClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey, sessionToken } });
    const { Parameter } = await sdk.send(new GetParameterCommand({ Name: "/" }));
    expect(JSON.parse(Parameter!.Value!)).toMatchObject({
      arn: "arn:aws:sts::000000000000:assumed-role/function/my-function",
      roleArn,
    });
    sdk.destroy();
    expect(() => cloud.credentialsFor(roleArn, "x", "ecs.amazonaws.com")).toThrow("no trust policy statement");
  });

  it("names an operation or a service that is not emulated, in the terminal as well", async () => {
    const lines: LogLine[] = [];
    const cloud = await start({ services: { ssm: () => service() }, log: (line) => lines.push(line) });
    const sdk = new SSMClient({ ...cloud.client(), maxAttempts: 1 });
    await expect(sdk.send(new GetParameterHistoryCommand({ Name: "/a" }))).rejects.toMatchObject({
      name: "UnknownOperationException",
      message: "ssm:GetParameterHistory is not emulated on this machine.",
    });
    expect(lines).toMatchObject([
      { level: "warn", source: "ssm", message: expect.stringContaining("GetParameterHistory") },
    ]);
    sdk.destroy();
    await expect(cloud.call("kinesis", "PutRecord", {})).rejects.toMatchObject({ code: "UnknownService" });
  });

  it("routes a message to the service that its ARN names", async () => {
    const delivered: [string, Delivery][] = [];
    const deliver = async (arn: string, message: Delivery) => void delivered.push([arn, message]);
    const cloud = await start({ services: { sqs: () => service({ name: "sqs", deliver }), ssm: () => service() } });
    const message = { service: "sns.amazonaws.com", sourceArn: "arn:aws:sns:r:0:t", body: "hello" };
    await cloud.deliver("arn:aws:sqs:r:0:q", message);
    expect(delivered).toEqual([["arn:aws:sqs:r:0:q", message]]);
    await expect(cloud.deliver("arn:aws:ssm:r:0:x", message)).rejects.toMatchObject({
      message: "arn:aws:ssm:r:0:x takes no messages.",
    });
  });

  it("provisions a graph in its order, leaves components and providers out, and names what it can not", async () => {
    const seen: string[] = [];
    const resources = {
      "aws:ssm/parameter:Parameter": ({ name }: Resource) => void seen.push(name),
      "aws:ssm/document:Document": () => {
        throw new AwsError("ValidationException", "no such content");
      },
    };
    const cloud = await start({ services: { ssm: () => service({ resources }) } });
    const graph = (...all: Resource[]) => ({ resources: all }) as Graph;
    const parameter = (name: string) => resource("aws:ssm/parameter:Parameter", name);
    const component = { ...resource("terrace:index:Cell", "cell"), custom: false };
    await cloud.provision(graph(resource("pulumi:providers:aws", "p"), component, parameter("one"), parameter("two")));
    expect(seen).toEqual(["one", "two"]);
    await expect(cloud.provision(graph(resource("aws:sfn/stateMachine:StateMachine", "flow")))).rejects.toThrow(
      'aws:sfn/stateMachine:StateMachine "flow": no service on this machine claims this type',
    );
    await expect(cloud.provision(graph(resource("aws:ssm/document:Document", "doc")))).rejects.toThrow(
      'aws:ssm/document:Document "doc": no such content',
    );
  });

  it("stops its services in reverse, removes a temporary folder, and leaves a given one", async () => {
    const stopped: string[] = [];
    const stoppable = (name: string) => () => service({ name, stop: () => void stopped.push(name) });
    const options = { services: { a: stoppable("a"), b: stoppable("b") } };
    const temporary = await startCloud(options);
    await temporary.service("a");
    await temporary.service("b");
    await temporary.stop();
    expect(stopped).toEqual(["b", "a"]);
    expect(existsSync(temporary.directory)).toBe(false);
    const directory = mkdtempSync(join(tmpdir(), "terrace-cloud-"));
    const kept = await startCloud({ ...options, directory });
    const { accessKeyId } = kept.credentials.administrator;
    for (const name of readdirSync(directory))
      expect([name, statSync(join(directory, name)).mode & 0o077]).toEqual([name, 0]);
    await kept.stop();
    const again = await startCloud({ ...options, directory });
    expect(again.credentials.administrator.accessKeyId).toBe(accessKeyId);
    await again.stop();
    rmSync(directory, { recursive: true });
  });

  it("fails to start on a port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => other.once("listening", done));
    const { port } = other.address() as { port: number };
    await expect(startCloud({ port, services: {} })).rejects.toMatchObject({ code: "EADDRINUSE" });
    other.close();
  });
});
