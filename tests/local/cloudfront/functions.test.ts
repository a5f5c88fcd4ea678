import {
  CreateFunctionCommand,
  CreateKeyValueStoreCommand,
  DeleteFunctionCommand,
  DescribeFunctionCommand,
  GetFunctionCommand,
  ListFunctionsCommand,
  PublishFunctionCommand,
  TestFunctionCommand,
  UpdateFunctionCommand,
} from "@aws-sdk/client-cloudfront";
import { codeOf } from "../messaging-cloud.ts";
import { BUCKET, type EdgeCloud, startEdge } from "./fixture.ts";

describe("CloudFront Functions", () => {
  let cloud: EdgeCloud;
  beforeEach(async () => {
    cloud = await startEdge();
    await cloud.objects.put(BUCKET, "index.html", "home", { ContentType: "text/html" });
  });
  afterEach(() => cloud.stop());

  /** The site with a function before and one after. */
  async function siteWith(request?: string, response?: string) {
    const functionAssociations = [];
    if (request)
      functionAssociations.push({
        eventType: "viewer-request",
        functionArn: await cloud.edgeFunction(request, "before"),
      });
    if (response)
      functionAssociations.push({
        eventType: "viewer-response",
        functionArn: await cloud.edgeFunction(response, "after"),
      });
    return cloud.site({}, { functionAssociations });
  }

  it("decides before the cache which file a path means", async () => {
    await siteWith(
      `function handler(event) { var request = event.request; if (!request.uri.includes(".")) request.uri = "/index.html"; return request; }`,
    );
    expect((await cloud.get("/albums/42")).text).toBe("home");
    expect((await cloud.get("/settings")).headers["x-cache"]).toBe("Hit from cloudfront");
  });

  it("answers in the origin's place: status, headers, several cookies, body", async () => {
    await siteWith(`async function handler(event) {
      return {
        statusCode: 302, statusDescription: "Found",
        headers: { location: { value: "https://elsewhere.example/?q=" + event.request.querystring.q.value } },
        cookies: { a: { value: "1", attributes: "Secure; Path=/" }, b: { value: "2" } },
        body: { encoding: "base64", data: btoa("gone") },
      };
    }`);
    const { status, headers, text } = await cloud.get("/x?q=a%20b");
    expect([status, text, headers.location]).toEqual([302, "gone", "https://elsewhere.example/?q=a%20b"]);
    expect(headers["set-cookie"]).toEqual(["a=1; Secure; Path=/", "b=2"]);
    expect(headers["x-cache"]).toBe("FunctionGeneratedResponse from cloudfront");
  });

  it("sees the viewer's request as AWS shows it", async () => {
    await siteWith(`function handler(event) { return { statusCode: 200, body: JSON.stringify(event) }; }`);
    const headers = { "X-Custom": "one", cookie: "a=1; b=2; a=3", accept: "*/*" };
    const event = JSON.parse((await cloud.get("/p%20q?x=1&y=2&x=3&z", { headers })).text);
    expect(event).toMatchObject({
      version: "1.0",
      context: {
        eventType: "viewer-request",
        distributionId: expect.stringMatching(/^E/),
        distributionDomainName: expect.stringMatching(/\.cloudfront\.net$/),
      },
      viewer: { ip: "127.0.0.1" },
      request: {
        method: "GET",
        uri: "/p%20q",
        querystring: {
          x: { value: "3", multiValue: [{ value: "1" }, { value: "3" }] },
          y: { value: "2" },
          z: { value: "" },
        },
        headers: { "x-custom": { value: "one" }, host: { value: event.context.distributionDomainName } },
        cookies: { a: { value: "3", multiValue: [{ value: "1" }, { value: "3" }] }, b: { value: "2" } },
      },
    });
    expect(event.request.headers.cookie).toBeUndefined();
  });

  it("changes answers on their way back, but not those of an origin that failed", async () => {
    await siteWith(
      undefined,
      `function handler(event) {
      var response = event.response;
      response.headers["x-from"] = { value: event.request.uri };
      delete response.headers["x-amz-server-side-encryption"];
      response.cookies.seen = { value: "1", attributes: "HttpOnly" };
      return response;
    }`,
    );
    const { headers, text } = await cloud.get("/index.html");
    expect(text).toBe("home");
    expect(headers).toMatchObject({ "x-from": "/index.html", "set-cookie": ["seen=1; HttpOnly"] });
    expect(headers["x-amz-server-side-encryption"]).toBeUndefined();
    expect((await cloud.get("/none")).headers["x-from"]).toBeUndefined();
  });

  it.each([
    ["throws", "function handler() { throw new TypeError('no'); }", 503, "TypeError: no"],
    ["never ends", "function handler() { for (;;) {} }", 503, "timed out"],
    ["never settles", "function handler() { return new Promise(function () {}); }", 503, "did not return"],
    ["has no handler", "var x = 1;", 503, "The function handler is missing"],
    [
      "asks for the network",
      "function handler(event) { return fetch('http://localhost'); }",
      503,
      "fetch is not defined",
    ],
    ["makes code of texts", "function handler(event) { return eval('1'); }", 503, "Code generation from strings"],
    ["reaches for the process", "function handler(event) { return process.env; }", 503, "process is not defined"],
    ["returns nothing", "function handler() { return null; }", 502, "has to return an object"],
    [
      "sets what it may not",
      "function handler(event) { event.request.headers.via = { value: 'x' }; return event.request; }",
      502,
      "may not set the header via",
    ],
    [
      "changes the host",
      "function handler(event) { event.request.headers.host = { value: 'x' }; return event.request; }",
      502,
      "may not change the header host",
    ],
    [
      "names a status that is none",
      "function handler() { return { statusCode: 'x' }; }",
      502,
      "not an HTTP status code",
    ],
    [
      "breaks a header",
      "function handler() { return { statusCode: 200, headers: { a: { value: 'x\\r\\nb: 1' } } }; }",
      502,
      "The header a is not valid",
    ],
  ])("one that %s is an error of the viewer's, and the log says why", async (_case, code, status, reason) => {
    await siteWith(code);
    const answer = await cloud.get("/");
    expect(answer.status).toBe(status);
    expect(answer.headers["x-cache"]).toBe(
      `Function${status === 503 ? "Execution" : "Validation"}Error from cloudfront`,
    );
    expect(
      cloud.logged
        .filter(({ source }) => source === "cloudfront/before")
        .map(({ message }) => message)
        .join(),
    ).toContain(reason);
  });

  it("keeps nothing from one call to the next, and what it logs is in the log", async () => {
    await siteWith(
      `var calls = 0; function handler(event) { calls++; console.log("call", { calls }); return { statusCode: 200, body: String(calls) }; }`,
    );
    expect([(await cloud.get("/")).text, (await cloud.get("/")).text]).toEqual(["1", "1"]);
    expect(cloud.logged.at(-1)).toMatchObject({ source: "cloudfront/before", message: 'call {"calls":1}' });
  });

  it("has hashes, query strings and buffers, and no other modules", async () => {
    await siteWith(`import crypto from "crypto";
      const { parse } = require("querystring");
      function handler() {
        const sha = crypto.createHash("sha256").update("a").digest("hex");
        const mac = crypto.createHmac("sha256", "key").update("a").digest("base64");
        let fs = "none"; try { require("fs"); } catch (error) { fs = error.message; }
        return { statusCode: 200, body: [sha.slice(0, 8), mac.slice(0, 6), parse("a=1").a, Buffer.from("hi").toString("base64"), fs].join(" ") };
      }`);
    expect((await cloud.get("/")).text).toBe(
      "ca978112 TPM2vb 1 aGk= There is no module fs".replace(
        "TPM2vb",
        (await import("node:crypto")).createHmac("sha256", "key").update("a").digest("base64").slice(0, 6),
      ),
    );
  });

  it("reads the key value store that it is associated with", async () => {
    const store = await cloud.program("aws:cloudfront/keyValueStore:KeyValueStore", "flags", { name: "flags" });
    const keyValueStoreArn = store.outputs.arn!;
    await cloud.program("aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey", "beta", {
      keyValueStoreArn,
      key: "beta",
      value: '{"on":true}',
    });
    const code = `import cf from "cloudfront";
      const kvs = cf.kvs();
      async function handler() {
        const beta = await kvs.get("beta", { format: "json" });
        let missing; try { await kvs.get("none"); } catch (error) { missing = error.message; }
        return { statusCode: 200, body: beta.on + " " + (await kvs.exists("none")) + " " + missing };
      }`;
    const inputs = {
      name: "reader",
      runtime: "cloudfront-js-2.0",
      code,
      publish: true,
      keyValueStoreAssociations: [keyValueStoreArn],
    };
    const { outputs } = await cloud.program("aws:cloudfront/function:Function", "reader", inputs);
    await cloud.site({}, { functionAssociations: [{ eventType: "viewer-request", functionArn: outputs.arn! }] });
    expect((await cloud.get("/")).text).toBe("true false KeyNotFound: none");
  });

  it("is written, tested, published and changed through its API; only what is published is served", async () => {
    const code = (body: string) =>
      Buffer.from(`function handler(event) { console.log("ran"); return { statusCode: 200, body: "${body}" }; }`);
    const FunctionConfig = { Comment: "", Runtime: "cloudfront-js-2.0" as const };
    const made = await cloud.sdk.send(
      new CreateFunctionCommand({ Name: "api", FunctionCode: code("one"), FunctionConfig }),
    );
    expect(made.FunctionSummary).toMatchObject({
      Name: "api",
      FunctionMetadata: { Stage: "DEVELOPMENT", FunctionARN: "arn:aws:cloudfront::000000000000:function/api" },
    });
    expect(
      await codeOf(cloud.sdk.send(new CreateFunctionCommand({ Name: "api", FunctionCode: code("x"), FunctionConfig }))),
    ).toBe("FunctionAlreadyExists");
    expect(
      await codeOf(
        cloud.sdk.send(
          new CreateFunctionCommand({ Name: "big", FunctionCode: Buffer.alloc(10_241, " "), FunctionConfig }),
        ),
      ),
    ).toBe("FunctionSizeLimitExceeded");
    const EventObject = Buffer.from(JSON.stringify({ version: "1.0", context: {}, viewer: {}, request: {} }));
    const { TestResult } = await cloud.sdk.send(
      new TestFunctionCommand({ Name: "api", IfMatch: made.ETag, EventObject }),
    );
    expect(TestResult).toMatchObject({ FunctionExecutionLogs: ["ran"], FunctionErrorMessage: "" });
    expect(JSON.parse(TestResult!.FunctionOutput!)).toEqual({ response: { statusCode: 200, body: "one" } });
    expect(await codeOf(cloud.sdk.send(new GetFunctionCommand({ Name: "api", Stage: "LIVE" })))).toBe(
      "NoSuchFunctionExists",
    );
    await cloud.sdk.send(new PublishFunctionCommand({ Name: "api", IfMatch: made.ETag }));
    await cloud.site(
      {},
      {
        functionAssociations: [
          { eventType: "viewer-request", functionArn: "arn:aws:cloudfront::000000000000:function/api" },
        ],
      },
    );
    const changed = await cloud.sdk.send(
      new UpdateFunctionCommand({ Name: "api", IfMatch: made.ETag, FunctionCode: code("two"), FunctionConfig }),
    );
    expect((await cloud.get("/")).text).toBe("one");
    expect(await codeOf(cloud.sdk.send(new PublishFunctionCommand({ Name: "api", IfMatch: made.ETag })))).toBe(
      "PreconditionFailed",
    );
    await cloud.sdk.send(new PublishFunctionCommand({ Name: "api", IfMatch: changed.ETag }));
    expect((await cloud.get("/")).text).toBe("two");
    const live = await cloud.sdk.send(new GetFunctionCommand({ Name: "api", Stage: "LIVE" }));
    expect(Buffer.from(live.FunctionCode!).toString()).toContain('"two"');
    expect((await cloud.sdk.send(new ListFunctionsCommand({}))).FunctionList!.Items!.map(({ Name }) => Name)).toEqual([
      "api",
    ]);
    const { ETag } = await cloud.sdk.send(new DescribeFunctionCommand({ Name: "api" }));
    expect(await codeOf(cloud.sdk.send(new DeleteFunctionCommand({ Name: "api", IfMatch: ETag })))).toBe(
      "FunctionInUse",
    );
  });

  it("a key value store takes its values from an object that its maker may read", async () => {
    await cloud.objects.put(BUCKET, "values.json", JSON.stringify({ data: [{ key: "a", value: "1" }] }));
    const SourceARN = `arn:aws:s3:::${BUCKET}/values.json`;
    const { KeyValueStore } = await cloud.sdk.send(
      new CreateKeyValueStoreCommand({ Name: "imported", ImportSource: { SourceType: "S3", SourceARN } }),
    );
    expect(KeyValueStore).toMatchObject({ Name: "imported", Status: "READY" });
    const missing = { SourceType: "S3" as const, SourceARN: `arn:aws:s3:::${BUCKET}/none.json` };
    expect(await codeOf(cloud.sdk.send(new CreateKeyValueStoreCommand({ Name: "other", ImportSource: missing })))).toBe(
      "NoSuchKey",
    );
  });
});
