/** What no SDK would send, or asks for what is not here: each is answered in API Gateway's own words. */
import { connect } from "node:net";
import { APIGatewayClient, GetSdkTypesCommand } from "@aws-sdk/client-api-gateway";
import { ApiGatewayV2Client, ListPortalsCommand } from "@aws-sdk/client-apigatewayv2";
import { signed } from "../fuzz/signing.ts";
import { resource } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { ECHO_V2, httpApi } from "./resources.ts";

let cloud: GatewayCloud;

beforeEach(async () => {
  cloud = await startApi();
});

afterEach(() => cloud.stop());

/** A signed request to the AWS API, whatever its body. */
async function send(method: string, path: string, body: string) {
  const { credentials, region, endpoint } = cloud.running.client();
  const host = new URL(endpoint).host;
  const request = { method, path, headers: { "content-type": "application/json" }, body: Buffer.from(body) };
  const { headers } = signed(request, { keys: credentials, service: "apigateway", region, host }, "none");
  const answer = await fetch(`${endpoint}${path}`, { method, headers, body: body === "" ? undefined : body });
  const { message } = (await answer.json()) as { message: string };
  return { status: answer.status, type: answer.headers.get("x-amzn-errortype"), message };
}

it.each(["/restapis", "/v2/apis"])("a body that is no JSON, or has wrong types, is refused: %s", async (path) => {
  expect(await send("POST", path, '{"name": ')).toMatchObject({ status: 400, type: "SerializationException" });
  expect(await send("POST", path, '{"name": 5}')).toMatchObject({ status: 400, type: "SerializationException" });
  expect(await send("POST", path, "[]")).toMatchObject({ status: 400, type: "SerializationException" });
});

it.each(["/restapis", "/v2/apis"])(
  "a body without what is required is refused by the member's name: %s",
  async (path) => {
    expect(await send("POST", path, "{}")).toMatchObject({
      ...{ status: 400, type: "BadRequestException" },
      message: expect.stringMatching(/Value null at '\w+' failed to satisfy constraint: Member must not be null/),
    });
  },
);

it("a path that is no operation's is refused", async () => {
  const { status } = await send("POST", "/nothing/of/this", "{}");
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
});

it("operations that are not emulated are refused by name, and the log names them", async () => {
  const rest = new APIGatewayClient({ ...cloud.running.client(), maxAttempts: 1 });
  const http = new ApiGatewayV2Client({ ...cloud.running.client(), maxAttempts: 1 });
  await expect(rest.send(new GetSdkTypesCommand({}))).rejects.toMatchObject({ name: "UnknownOperationException" });
  await expect(http.send(new ListPortalsCommand({}))).rejects.toMatchObject({ name: "UnknownOperationException" });
  const messages = cloud.lines.map(({ message }) => message);
  expect(messages).toContain("apigateway:GetSdkTypes is not emulated on this machine.");
  expect(messages).toContain("apigatewayv2:ListPortals is not emulated on this machine.");
  rest.destroy();
  http.destroy();
});

it("an HTTP API takes 10 MB and no more: 413", async () => {
  await cloud.define("length", "export const handler = async ({ body }) => String(body.length);");
  await cloud.provision(...httpApi({ routes: { $default: { function: "length" } } }));
  const post = (bytes: number) =>
    cloud.fetch("/", { method: "POST", host: "httpapi001.execute-api.localhost", body: "x".repeat(bytes) });
  expect(await post(10 * 1024 * 1024 + 1)).toMatchObject({
    ...{ status: 413, json: { message: "Request Entity Too Large" } },
  });
});

describe("a WebSocket API", () => {
  beforeEach(async () => {
    await cloud.define("echo", ECHO_V2);
    await cloud.provision(
      resource("aws:apigatewayv2/api:Api", "sock000001", {
        ...{ protocolType: "WEBSOCKET", routeSelectionExpression: "$request.body.action" },
      }),
      resource("aws:apigatewayv2/stage:Stage", "stage", { apiId: "sock000001", name: "v1", autoDeploy: true }),
    );
  });

  /** Everything that is answered to this text until the connection ends. */
  function say(...lines: string[]): Promise<string> {
    return new Promise((done, failed) => {
      const socket = connect(cloud.gateway.port, "127.0.0.1");
      let answer = "";
      socket.on("data", (chunk) => {
        answer += chunk;
      });
      socket.on("error", failed).on("close", () => done(answer));
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    });
  }

  const upgrade = (...more: string[]) =>
    say(
      "GET /v1 HTTP/1.1",
      "Host: sock000001.execute-api.localhost",
      "Connection: Upgrade",
      "Upgrade: websocket",
      ...more,
    );

  it("refuses an upgrade without a key, and of another version: 400 and 426", async () => {
    expect(await upgrade("Sec-WebSocket-Version: 13")).toMatch(/^HTTP\/1\.1 400 /);
    expect(await upgrade("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 99")).toMatch(
      /^HTTP\/1\.1 4(00|26) /,
    );
  });

  it("refuses upgrades of hosts that nobody has, and of nonsense: 403", async () => {
    const host = (name: string) =>
      say(`GET /v1 HTTP/1.1`, `Host: ${name}`, "Connection: Upgrade", "Upgrade: websocket");
    expect(await host("nobody.localhost")).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*\{"message":"Forbidden"\}$/);
    expect(await host("]:x")).toMatch(/^HTTP\/1\.1 403 /);
  });

  it("takes a message that comes together with the request to connect, once", async () => {
    const body = Buffer.from('{"action":"x"}');
    // A client's frames are masked: here with zeros. Then it closes, which is answered.
    const frame = (opcode: number, payload: Buffer) =>
      Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
    const head = [
      ...["GET /v1 HTTP/1.1", "Host: sock000001.execute-api.localhost", "Connection: Upgrade", "Upgrade: websocket"],
      ...["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", ""],
    ].join("\r\n");
    const answer = await new Promise<string>((done, failed) => {
      const socket = connect(cloud.gateway.port, "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        if (text.includes("Forbidden")) socket.write(frame(8, Buffer.alloc(0)));
      });
      socket.on("error", failed).on("close", () => done(text));
      socket.write(Buffer.concat([Buffer.from(head), frame(1, body)]));
    });
    expect(answer.match(/"message":"Forbidden"/g)).toHaveLength(1);
  });

  it("closes a connection whose frames are none", async () => {
    const answer = await upgrade(
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
      "",
      "\xff\xff\xff",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  });
});
