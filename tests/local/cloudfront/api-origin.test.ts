import type { Value } from "../../../engine/graph.ts";
import { cloudfront } from "../../../local/services/cloudfront/index.ts";
import { s3 } from "../../../local/services/s3/index.ts";
import { type GatewayCloud, type RequestOptions, startApi } from "../apigateway/fixture.ts";
import { ECHO_V2, httpApi } from "../apigateway/resources.ts";
import { resource } from "../resource.ts";
import { behaviorTo, DISABLED } from "./fixture.ts";

const ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac";
const HOST = "acme.photos.example.com";

describe("CloudFront before an API", () => {
  let cloud: GatewayCloud;
  beforeEach(async () => {
    cloud = await startApi({ acme: { host: HOST, apiId: "httpapi001", stage: "$default" } }, { cloudfront, s3 });
    await cloud.define("echo", ECHO_V2);
    await cloud.provision(...httpApi({ routes: { "ANY /api/{path+}": { function: "echo" } } }));
    await cloud.running.call("s3", "CreateBucket", { Bucket: "pages" });
    const page = { Bucket: "pages", Key: "index.html", Body: Buffer.from("<h1>acme</h1>"), ContentType: "text/html" };
    await cloud.running.call("s3", "PutObject", page);
  });
  afterEach(() => cloud.stop());

  const declare = async (type: string, name: string, inputs: Record<string, Value>) => {
    const made = resource(type, name, inputs);
    const owner = type.startsWith("aws:s3/") ? "s3" : "cloudfront";
    await (await cloud.running.service(owner)).resources[type]!(made);
    return made;
  };

  /** Pages from a bucket, and below /api the API: one host for both. */
  async function both(behavior: Record<string, Value> = {}) {
    const control = { originAccessControlOriginType: "s3", signingBehavior: "always", signingProtocol: "sigv4" };
    const { id } = await declare("aws:cloudfront/originAccessControl:OriginAccessControl", "access", control);
    const methods = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"];
    const custom = {
      httpPort: 80,
      httpsPort: 443,
      originProtocolPolicy: "https-only",
      originSslProtocols: ["TLSv1.2"],
    };
    const { outputs } = await declare("aws:cloudfront/distribution:Distribution", "app", {
      enabled: true,
      aliases: [HOST],
      defaultRootObject: "index.html",
      origins: [
        { originId: "pages", domainName: "pages.s3.eu-west-1.amazonaws.com", originAccessControlId: id! },
        {
          ...{
            originId: "api",
            domainName: "httpapi001.execute-api.eu-west-1.amazonaws.com",
            customOriginConfig: custom,
          },
          customHeaders: [{ name: "X-From-Edge", value: "secret" }],
        },
      ],
      defaultCacheBehavior: behaviorTo("pages"),
      orderedCacheBehaviors: [
        {
          ...{ pathPattern: "/api/*", ...behaviorTo("api") },
          ...{ allowedMethods: methods, cachePolicyId: DISABLED, originRequestPolicyId: ALL_BUT_HOST, ...behavior },
        },
      ],
      viewerCertificate: { acmCertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/one" },
    });
    const Statement = [
      {
        ...{ Effect: "Allow", Principal: { Service: "cloudfront.amazonaws.com" }, Action: "s3:GetObject" },
        Resource: "arn:aws:s3:::pages/*",
        Condition: { StringEquals: { "aws:SourceArn": outputs.arn } },
      },
    ];
    const policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await declare("aws:s3/bucketPolicy:BucketPolicy", "policy", { bucket: "pages", policy });
  }
  const fetch = (path: string, options: RequestOptions = {}) =>
    cloud.fetch(path, { host: "acme.localhost", ...options });

  it("a tenant's host leads to pages and to the API, which sees its own host and what the viewer sent", async () => {
    expect((await fetch("/")).status).toBe(404);
    await both();
    expect((await fetch("/")).text).toBe("<h1>acme</h1>");
    const headers = { authorization: "Bearer x", cookie: "a=1", "content-type": "application/json" };
    const {
      status,
      json,
      headers: answered,
    } = await fetch("/api/albums?tag=x%20y", { method: "POST", headers, body: '{"a":1}' });
    expect([status, answered["x-cache"]]).toEqual([200, "Miss from cloudfront"]);
    expect(json).toMatchObject({
      rawPath: "/api/albums",
      rawQueryString: "tag=x%20y",
      body: '{"a":1}',
      cookies: ["a=1"],
    });
    expect(json.headers).toMatchObject({
      authorization: "Bearer x",
      host: "httpapi001.execute-api.eu-west-1.amazonaws.com",
      via: expect.stringContaining("(CloudFront)"),
      "x-forwarded-for": expect.stringContaining("127.0.0.1"),
      "x-from-edge": "secret",
    });
  });

  it("what no policy forwards does not reach the API: tokens, cookies, queries", async () => {
    await both({ originRequestPolicyId: "" });
    const { json } = await fetch("/api/albums?tag=x", { headers: { authorization: "Bearer x", cookie: "a=1" } });
    expect([json.headers.authorization, json.cookies, json.rawQueryString]).toEqual([undefined, undefined, ""]);
    expect(json.headers["user-agent"]).toBe("Amazon CloudFront");
  });

  it("keeps one tenant's answers from another's where the policy makes the host or the token part of the key", async () => {
    const { id } = await declare("aws:cloudfront/cachePolicy:CachePolicy", "by-token", {
      ...{ minTtl: 0, defaultTtl: 60, maxTtl: 60 },
      parametersInCacheKeyAndForwardedToOrigin: {
        ...{ cookiesConfig: { cookieBehavior: "none" }, queryStringsConfig: { queryStringBehavior: "none" } },
        headersConfig: { headerBehavior: "whitelist", headers: { items: ["Authorization"] } },
      },
    });
    await both({ cachePolicyId: id!, originRequestPolicyId: "" });
    const cacheOf = async (authorization: string) =>
      (await fetch("/api/albums", { headers: { authorization } })).headers["x-cache"];
    expect(await cacheOf("one")).toBe("Miss from cloudfront");
    expect(await cacheOf("two")).toBe("Miss from cloudfront");
    expect(await cacheOf("one")).toBe("Hit from cloudfront");
  });

  it("takes a function's own address as its origin", async () => {
    await cloud.define(
      "alone",
      "export const handler = async ({ rawPath }) => ({ statusCode: 200, body: `alone ${rawPath}` });",
    );
    const { FunctionUrl } = await cloud.running.call("lambda", "CreateFunctionUrlConfig", {
      FunctionName: "alone",
      AuthType: "NONE",
    });
    const id = /(\w+)\.lambda-url/.exec(FunctionUrl)![1]!;
    const everybody = { FunctionName: "alone", Principal: "*" };
    for (const permission of [
      { StatementId: "url", Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE" },
      { StatementId: "invoke", Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true },
    ]) {
      await cloud.running.call("lambda", "AddPermission", { ...everybody, ...permission });
    }
    const custom = {
      httpPort: 80,
      httpsPort: 443,
      originProtocolPolicy: "https-only",
      originSslProtocols: ["TLSv1.2"],
    };
    await declare("aws:cloudfront/distribution:Distribution", "url", {
      enabled: true,
      origins: [{ originId: "url", domainName: `${id}.lambda-url.eu-west-1.on.aws`, customOriginConfig: custom }],
      defaultCacheBehavior: behaviorTo("url", { cachePolicyId: DISABLED }),
    });
    expect((await fetch("/hello", { host: "url.localhost" })).text).toBe("alone /hello");
  });
});
