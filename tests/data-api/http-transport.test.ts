import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { DataApiConnectionError, DataApiError, httpTransport } from "../../data-api/index.ts";
import { credentials, failure } from "./backend.ts";

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let connections = 0;
let seen: IncomingMessage[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    request.resume().on("end", () => answer(request, response));
  });
  server.on("connection", () => connections++);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});
beforeEach(() => {
  connections = 0;
  seen = [];
  answer = (_request, response) => response.end('{"records":[]}');
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const endpoint = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const connect = (more: Parameters<typeof httpTransport>[0] = {}) =>
  httpTransport({ endpoint: endpoint(), region: "eu-west-1", credentials, ...more });
const call = (transport = connect(), signal?: AbortSignal) =>
  transport("ExecuteStatement", { sql: "select 1" }, { signal });

describe("an answer that is none of the Data API's", () => {
  it.each([
    [502, "<html>Bad Gateway</html>", "The Data API answered 502 without JSON: <html>Bad Gateway</html>"],
    [200, "", "The Data API answered 200 without JSON: "],
    [200, '{"records":[[', 'The Data API answered 200 without JSON: {"records":[['],
  ])("%d %j is an error that says so", async (status, body, message) => {
    answer = (_request, response) => response.writeHead(status).end(body);
    const error = await failure<DataApiError>(call());
    expect(error).toBeInstanceOf(DataApiError);
    expect([error.statusCode, error.message]).toEqual([status, message]);
  });

  it("has AWS's code wherever AWS puts it", async () => {
    const codes: string[] = [];
    for (const [headers, body] of [
      [{ "x-amzn-errortype": "ForbiddenException:http://internal.amazon.com/coral/" }, '{"message":"no"}'],
      [{}, '{"__type":"com.amazonaws.rdsdata#ForbiddenException","Message":"no"}'],
      [{}, "{}"],
    ] as const) {
      answer = (_request, response) => response.writeHead(403, headers).end(body);
      codes.push((await failure<DataApiError>(call())).code);
    }
    expect(codes).toEqual(["ForbiddenException", "ForbiddenException", "UnknownError"]);
  });
});

describe("a connection", () => {
  it("that breaks, or stays silent, is an error of its own", async () => {
    answer = (request) => request.socket.destroy();
    expect(await failure(call())).toMatchObject({ name: "DataApiConnectionError", code: "ECONNRESET", statusCode: 0 });
    answer = (_request, response) => response.write('{"rec', () => response.destroy());
    expect(await failure(call())).toBeInstanceOf(DataApiConnectionError);
    answer = () => undefined;
    const silent = await failure(call(connect({ timeoutMs: 30 })));
    expect(silent.message).toBe("The Data API did not answer: no answer within 30 ms");
    expect(silent).toBeInstanceOf(DataApiConnectionError);
    answer = (_request, response) => response.write('{"rec');
    const stalled = await failure(call(connect({ timeoutMs: 30 })));
    expect(stalled.message).toBe("The Data API did not answer: no answer within 30 ms");
    const refused = httpTransport({ endpoint: "http://127.0.0.1:9", region: "eu-west-1", credentials });
    expect(await failure(call(refused))).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("is kept for the next call, but not when it was idle for some seconds", async () => {
    const transport = connect();
    await call(transport);
    await call(transport);
    expect(connections).toBe(1);
    const now = Date.now();
    jest.spyOn(Date, "now").mockImplementation(() => now + 5_000);
    await call(transport);
    expect(connections).toBe(2);
  });

  it("is not used again when the server closes it, with its answer or later", async () => {
    const transport = connect();
    answer = (_request, response) => response.setHeader("connection", "close").end('{"records":[]}');
    await call(transport);
    answer = (request, response) => {
      response.end('{"records":[]}');
      last = request.socket;
    };
    let last: Socket | undefined;
    await call(transport);
    expect(connections).toBe(2);
    const closed = once(last!, "close");
    last!.end();
    await closed;
    await call(transport);
    expect(connections).toBe(3);
  });

  it("is one for each call at a time", async () => {
    const transport = connect();
    await Promise.all([call(transport), call(transport), call(transport)]);
    await Promise.all([call(transport), call(transport), call(transport)]);
    expect(connections).toBe(3);
  });

  it("is TLS's, checked, kept, and resumed when it was closed", async () => {
    const read = (file: string) => readFileSync(join(import.meta.dirname, "../fixtures/tls", file), "utf8");
    const resumed: boolean[] = [];
    const secure = createTlsServer({ key: read("key.pem"), cert: read("certificate.pem") }, (request, response) => {
      resumed.push((request.socket as TLSSocket).isSessionReused());
      request.resume().on("end", () => response.end('{"records":[]}'));
    });
    let handshakes = 0;
    secure.on("secureConnection", () => handshakes++);
    await new Promise<void>((listening) => secure.listen(0, "127.0.0.1", listening));
    const trusted = getCACertificates();
    try {
      const transport = connect({ endpoint: `https://localhost:${(secure.address() as AddressInfo).port}` });
      expect((await failure(call(transport))).message).toContain("self-signed certificate");
      setDefaultCACertificates([...trusted, read("certificate.pem")]);
      await call(transport);
      await call(transport);
      expect(handshakes).toBe(1);
      const now = Date.now();
      jest.spyOn(Date, "now").mockImplementation(() => now + 5_000);
      await call(transport);
      expect([handshakes, resumed]).toEqual([2, [false, false, true]]);
    } finally {
      setDefaultCACertificates(trusted);
      secure.closeAllConnections();
      await new Promise((closed) => secure.close(closed));
    }
  });

  it("gives a call on a kept connection its whole time, whatever the server says of idle ones", async () => {
    const set = jest.spyOn(Socket.prototype, "setTimeout");
    let during = -1;
    answer = (_request, response) => {
      const { port } = server.address() as AddressInfo;
      during = (set.mock.contexts as Socket[]).findLast(({ remotePort }) => remotePort === port)?.timeout ?? 0;
      response.setHeader("keep-alive", "timeout=2").end('{"records":[]}');
    };
    const transport = connect({ timeoutMs: 45_678 });
    await call(transport);
    await call(transport);
    expect([connections, during === 0 || during >= 45_678]).toEqual([1, true]);
  });

  it("ends with the caller's signal, with the caller's reason", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    answer = () => controller.abort(reason);
    expect(await failure(call(connect(), controller.signal))).toBe(reason);
    expect(await failure(call(connect(), AbortSignal.abort(reason)))).toBe(reason);
  });
});

describe("a request", () => {
  it("goes to the operation's path, under the endpoint's own, signed, with the session's token", async () => {
    const asked = connect({
      endpoint: `${endpoint()}/behind/`,
      credentials: async () => ({ ...credentials, sessionToken: "token" }),
    });
    await asked("CommitTransaction", {});

    const [request] = seen;
    expect([request!.method, request!.url]).toEqual(["POST", "/behind/CommitTransaction"]);
    expect(request!.headers).toMatchObject({
      "content-type": "application/json",
      "content-length": "2",
      "x-amz-security-token": "token",
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/\d{8}\/eu-west-1\/rds-data\/aws4_request/,
      ),
    });
  });

  it("is not made without region or credentials, and says what to set", async () => {
    const { AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID } = process.env;
    delete process.env.AWS_REGION;
    delete process.env.AWS_DEFAULT_REGION;
    delete process.env.AWS_ACCESS_KEY_ID;
    try {
      expect(() => httpTransport({})).toThrow("The Data API needs a region: set `region` or AWS_REGION.");
      const nobody = httpTransport({ endpoint: endpoint(), region: "eu-west-1" });
      expect((await failure(call(nobody))).message).toContain("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
      expect(seen).toEqual([]);
    } finally {
      Object.assign(process.env, JSON.parse(JSON.stringify({ AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID })));
    }
  });
});
