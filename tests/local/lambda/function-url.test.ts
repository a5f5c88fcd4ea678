/** Functions called over their own addresses. */

import { createHash, createHmac, type Hmac } from "node:crypto";
import { request } from "node:http";
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigCommandInput,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  ListFunctionUrlConfigsCommand,
  PutFunctionConcurrencyCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { SignatureV4 } from "@smithy/signature-v4";
import { codeOf } from "../messaging-cloud.ts";
import { answering, create } from "./api-fixture.ts";
import { type LambdaCloud, startLambda } from "./fixture.ts";
import { functionArn, ROLE_ARN, resource, role } from "./resources.ts";

let cloud: LambdaCloud;
const FunctionName = "hello";

beforeEach(async () => {
  cloud = await startLambda();
});

afterEach(() => cloud.stop());

async function open(more: Partial<CreateFunctionUrlConfigCommandInput> = {}): Promise<URL> {
  const input = { FunctionName, AuthType: "NONE" as const, ...more };
  const { FunctionUrl } = await cloud.client.send(new CreateFunctionUrlConfigCommand(input));
  return new URL(FunctionUrl!);
}

/** Both statements that AWS asks for since October 2025. */
async function allowEverybody(Qualifier?: string): Promise<void> {
  const common = { FunctionName, Principal: "*", Qualifier };
  for (const more of [
    { StatementId: "url", Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE" as const },
    { StatementId: "invoke", Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true },
  ]) {
    await cloud.client.send(new AddPermissionCommand({ ...common, ...more }));
  }
}

interface Sent {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Names of `*.localhost` need no resolver so: the address is sent as the host. */
function send({ host }: { host: string }, { method = "GET", path = "/", headers = {}, body }: Sent = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const { port } = new URL(cloud.running.endpoint);
    const sent = request({ host: "127.0.0.1", port, method, path, headers: { ...headers, host } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => {
        resolve({ status: answer.statusCode!, headers: answer.headers, text: Buffer.concat(chunks).toString() });
      });
    });
    sent.on("error", reject).end(body);
  });
}

describe("an open address", () => {
  it("hands over the request as an event of version 2.0", async () => {
    await create(cloud, "hello", answering("event"));
    const url = await open();
    await allowEverybody();
    expect(url.hostname).toMatch(/^[a-z0-9]{20,32}\.lambda-url\.eu-west-1\.localhost$/);
    const answer = await send(url, {
      ...{ method: "POST", path: "/a/b?x=1&x=2&y=", body: '{"n":1}' },
      headers: { "content-type": "application/json", cookie: "a=1; b=2", "X-Mixed": "case" },
    });
    expect(answer.status).toBe(200);
    const event = JSON.parse(answer.text);
    expect(event).toMatchObject({
      version: "2.0",
      routeKey: "$default",
      rawPath: "/a/b",
      rawQueryString: "x=1&x=2&y=",
      queryStringParameters: { x: "1,2", y: "" },
      cookies: ["a=1", "b=2"],
      headers: { "content-type": "application/json", "x-mixed": "case", host: url.hostname },
      requestContext: {
        accountId: "anonymous",
        apiId: url.hostname.split(".")[0],
        domainName: url.hostname,
        http: { method: "POST", path: "/a/b", protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
        stage: "$default",
      },
      body: '{"n":1}',
      isBase64Encoded: false,
    });
    expect(event.requestContext.authorizer).toBeUndefined();
    expect(event.headers.cookie).toBeUndefined();
  });

  it("answers with status, headers, cookies and bytes of the function's answer", async () => {
    const answer = `{ statusCode: 201, headers: { "X-Own": "1" }, cookies: ["a=1", "b=2"],
      body: Buffer.from("bytes").toString("base64"), isBase64Encoded: true }`;
    await create(cloud, "hello", answering(answer));
    const url = await open();
    await allowEverybody();
    const { status, headers, text } = await send(url);
    expect([status, text]).toEqual([201, "bytes"]);
    expect(headers).toMatchObject({ "x-own": "1", "set-cookie": ["a=1", "b=2"] });
  });

  it("hands over bytes as base64", async () => {
    await create(cloud, "hello", answering("[event.isBase64Encoded, event.body]"));
    const url = await open();
    await allowEverybody();
    const headers = { "content-type": "image/png" };
    const { text } = await send(url, { method: "POST", headers, body: Buffer.from([0xff, 0]) });
    expect(JSON.parse(text)).toEqual([true, "/wA="]);
  });

  it("is 403 until both permissions are there", async () => {
    await create(cloud, "hello", answering("1"));
    const url = await open();
    expect(await send(url)).toMatchObject({ status: 403, text: '{"Message":"Forbidden"}' });
    const [common, StatementId] = [{ FunctionName, Principal: "*" }, "url"];
    await cloud.client.send(
      new AddPermissionCommand({
        ...{ ...common, StatementId, Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE" },
      }),
    );
    expect((await send(url)).status).toBe(403);
    expect(cloud.lines.map(({ message }) => message).join()).toMatch(/function URL: .*lambda:InvokeFunction on/);
    await cloud.client.send(
      new AddPermissionCommand({
        ...{ ...common, StatementId: "invoke", Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true },
      }),
    );
    expect((await send(url)).status).toBe(200);
    // What lets everybody in over the address lets nobody in at the API.
    await cloud.provision(role(`${ROLE_ARN}-nobody`, []));
    const principal = cloud.running.principalFor(`${ROLE_ARN}-nobody`, "someone");
    await expect(cloud.running.call("lambda", "Invoke", { FunctionName }, { principal })).rejects.toThrow(
      "lambda:InvokeFunction",
    );
  });

  it("is 502 when the function fails, 429 when it is throttled, 404 when it is gone", async () => {
    await create(cloud, "hello", "export const handler = async () => { throw new Error('no'); };");
    const url = await open();
    await allowEverybody();
    expect(await send(url)).toMatchObject({ status: 502, text: "Internal Server Error" });
    await cloud.client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
    expect((await send(url)).status).toBe(429);
    await cloud.client.send(new DeleteFunctionUrlConfigCommand({ FunctionName }));
    expect((await send(url)).status).toBe(404);
  });

  it("of an alias calls the alias", async () => {
    await create(cloud, "hello", answering("context.invokedFunctionArn"), { Publish: true });
    await cloud.client.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    const url = await open({ Qualifier: "live" });
    await allowEverybody("live");
    expect((await send(url)).text).toBe(`${functionArn("hello")}:live`);
    expect(await codeOf(open({ Qualifier: "1" }))).toBe("InvalidParameterValueException");
  });

  it("answers other origins as its CORS says, preflights without a call", async () => {
    await create(cloud, "hello", answering('{ statusCode: 200, body: "called" }'));
    const Cors = { AllowOrigins: ["https://app.example"], AllowMethods: ["PUT"], AllowHeaders: ["x-own"], MaxAge: 60 };
    const url = await open({ Cors });
    await allowEverybody();
    const headers = { origin: "https://app.example", "access-control-request-method": "PUT" };
    const preflight = await send(url, { method: "OPTIONS", headers });
    expect(preflight).toMatchObject({ status: 200, text: "" });
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": "https://app.example",
      "access-control-allow-methods": "PUT",
      "access-control-allow-headers": "x-own",
      "access-control-max-age": "60",
    });
    const other = await send(url, { headers: { origin: "https://evil.example" } });
    expect(other.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

describe("an address for AWS_IAM", () => {
  class Sha256 {
    #hash: Hmac | ReturnType<typeof createHash>;
    constructor(key?: string | Uint8Array) {
      this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
    }
    update(data: Uint8Array | string): void {
      this.#hash.update(data);
    }
    async digest(): Promise<Uint8Array> {
      return this.#hash.digest();
    }
  }

  async function signed(url: URL, roleArn: string): Promise<Record<string, string>> {
    const { credentials, region } = cloud.running.client(roleArn);
    const signer = new SignatureV4({ credentials, region, service: "lambda", sha256: Sha256 as never });
    const { headers } = await signer.sign({
      ...{ method: "GET", protocol: "http:", hostname: url.hostname, path: "/", headers: { host: url.host } },
    });
    return headers;
  }

  it("lets in who may, and tells the function who it is", async () => {
    await create(cloud, "hello", answering("event.requestContext.authorizer.iam.userArn"));
    const url = await open({ AuthType: "AWS_IAM" });
    const Action = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];
    await cloud.provision(
      role(`${ROLE_ARN}-caller`, [{ Effect: "Allow", Action, Resource: functionArn("hello") }]),
      role(`${ROLE_ARN}-stranger`, []),
    );
    const answer = await send(url, { headers: await signed(url, `${ROLE_ARN}-caller`) });
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining("assumed-role/fn-caller/test") });
    expect((await send(url, { headers: await signed(url, `${ROLE_ARN}-stranger`) })).status).toBe(403);
    expect((await send(url)).status).toBe(403);
  });
});

it("addresses are described, changed and listed; one for each", async () => {
  await create(cloud, "hello", answering("1"));
  const url = await open();
  expect(await codeOf(open())).toBe("ResourceConflictException");
  await cloud.client.send(new UpdateFunctionUrlConfigCommand({ FunctionName, Cors: { AllowOrigins: ["*"] } }));
  await cloud.restart();
  const { port } = new URL(cloud.running.endpoint);
  const described = await cloud.client.send(new GetFunctionUrlConfigCommand({ FunctionName }));
  expect(described).toMatchObject({
    FunctionUrl: `http://${url.hostname}:${port}/`,
    FunctionArn: functionArn("hello"),
    AuthType: "NONE",
    InvokeMode: "BUFFERED",
    Cors: { AllowOrigins: ["*"] },
  });
  const { FunctionUrlConfigs } = await cloud.client.send(new ListFunctionUrlConfigsCommand({ FunctionName }));
  expect(FunctionUrlConfigs).toHaveLength(1);
  expect(await codeOf(open({ FunctionName: "nothing" }))).toBe("ResourceNotFoundException");
});

it("an address that a program declares is served under AWS's name too", async () => {
  await create(cloud, "hello", answering('"declared"'));
  await cloud.provision(
    resource(
      "aws:lambda/functionUrl:FunctionUrl",
      "url",
      { functionName: "hello", authorizationType: "NONE" },
      { urlId: "abc123" },
    ),
  );
  await allowEverybody();
  for (const host of ["abc123.lambda-url.eu-west-1.on.aws", "abc123.lambda-url.eu-west-1.localhost"]) {
    expect((await send({ host })).text).toBe("declared");
  }
});
