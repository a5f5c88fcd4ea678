/** Functions that stream to who calls their own addresses. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { codeOf } from "../messaging-cloud.ts";
import { type LambdaCloud, startLambda, temporaryFile } from "./fixture.ts";

let cloud: LambdaCloud;
beforeAll(async () => {
  cloud = await startLambda();
});
afterAll(() => cloud.stop());

/** A function that streams, and its address, which everybody may use. */
async function streaming(
  FunctionName: string,
  body: string,
  InvokeMode: "BUFFERED" | "RESPONSE_STREAM",
): Promise<string> {
  const source = `import { existsSync } from "node:fs";
    import { setTimeout as delay } from "node:timers/promises";
    const { from } = awslambda.HttpResponseStream;
    export const handler = ${body.startsWith("async") ? body : `awslambda.streamifyResponse(async (event, stream) => { ${body} })`};`;
  await cloud.define(FunctionName, source, { timeout: 20 });
  const open = new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE", InvokeMode });
  const { FunctionUrl } = await cloud.client.send(open);
  const common = { FunctionName, Principal: "*" };
  await cloud.client.send(
    new AddPermissionCommand({
      ...{ ...common, StatementId: "url", Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE" },
    }),
  );
  await cloud.client.send(
    new AddPermissionCommand({
      ...{ ...common, StatementId: "invoke", Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true },
    }),
  );
  return new URL(FunctionUrl!).host;
}

async function get(host: string, path = "/"): Promise<IncomingMessage> {
  const { port } = new URL(cloud.running.endpoint);
  const sent = request({ host: "127.0.0.1", port, path, headers: { host } }).end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return answer;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of answer) text += chunk;
  return text;
}

it("sends status, headers and cookies at once, and the body as it is made", async () => {
  const host = await streaming(
    "page",
    `stream = from(stream, { statusCode: 201, headers: { "Content-Type": "text/html", "X-Own": "yes" }, cookies: ["a=1", "b=2"] });
    stream.write("<p>"); while (!existsSync(event.rawQueryString)) await delay(5); stream.end("</p>");`,
    "RESPONSE_STREAM",
  );
  const file = `${temporaryFile("page")}.go`;
  const answer = await get(host, `/?${file}`);
  expect(answer.statusCode).toBe(201);
  expect(answer.headers).toMatchObject({ "content-type": "text/html", "x-own": "yes", "set-cookie": ["a=1", "b=2"] });
  expect(String((await once(answer, "data"))[0])).toBe("<p>");
  writeFileSync(file, "");
  expect(await textOf(answer)).toBe("</p>");
});

it("sends what is no HTTP response as it is, with the content type that it has", async () => {
  const host = await streaming("raw", `stream.setContentType("text/csv"); stream.end("a,b");`, "RESPONSE_STREAM");
  const answer = await get(host);

  expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, "text/csv"]);
  expect(await textOf(answer)).toBe("a,b");
});

it("sends the whole answer of a function that does not stream", async () => {
  const host = await streaming("whole", `async () => ({ statusCode: 404, body: "x" })`, "RESPONSE_STREAM");
  const answer = await get(host);
  expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, "application/json"]);
  expect(JSON.parse(await textOf(answer))).toEqual({ statusCode: 404, body: "x" });
});

it("cuts the connection where the function fails in the middle", async () => {
  const host = await streaming("cut", `stream.write("half"); throw new Error("over");`, "RESPONSE_STREAM");
  const answer = await get(host);
  expect(answer.statusCode).toBe(200);
  await expect(textOf(answer)).rejects.toMatchObject({ code: "ECONNRESET" });
});

it("answers 502 where the function fails before it begins, and where its metadata is missing or malformed", async () => {
  const bodies = {
    early: `throw new Error("early")`,
    // Only a write sends the metadata, on AWS too.
    unwritten: `from(stream, { statusCode: 204 }).end();`,
    status: `stream = from(stream, { statusCode: "many" }); stream.write("x"); stream.end();`,
    text: `stream.setContentType("application/vnd.awslambda.http-integration-response"); stream.end("text\\0\\0\\0\\0\\0\\0\\0\\0");`,
    endless: `stream.setContentType("application/vnd.awslambda.http-integration-response"); stream.end(Buffer.alloc(40_000, "x"));`,
  };
  for (const [name, body] of Object.entries(bodies)) {
    const answer = await get(await streaming(name, body, "RESPONSE_STREAM"));
    expect([name, answer.statusCode, await textOf(answer)]).toEqual([name, 502, "Internal Server Error"]);
  }
  expect(cloud.lines.map(({ message }) => message).join("\n")).toContain("streamed response is malformed");
});

it("collects the response in the mode BUFFERED, to which an address can be changed back", async () => {
  const host = await streaming("both", `stream.write('{"statusCode":202,'); stream.end('"body":"x"}');`, "BUFFERED");
  expect((await get(host)).statusCode).toBe(202);
  const FunctionName = "both";
  await cloud.client.send(new UpdateFunctionUrlConfigCommand({ FunctionName, InvokeMode: "RESPONSE_STREAM" }));
  expect((await cloud.client.send(new GetFunctionUrlConfigCommand({ FunctionName }))).InvokeMode).toBe(
    "RESPONSE_STREAM",
  );
  const answer = await get(host);
  expect([answer.statusCode, await textOf(answer)]).toEqual([200, '{"statusCode":202,"body":"x"}']);
  const unknown = new UpdateFunctionUrlConfigCommand({ FunctionName, InvokeMode: "FAST" as never });
  expect(await codeOf(cloud.client.send(unknown))).toBe("InvalidParameterValueException");
});
