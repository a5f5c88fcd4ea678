import { gunzipSync } from "node:zlib";
import { CreateInvalidationCommand } from "@aws-sdk/client-cloudfront";
import { DeletePublicAccessBlockCommand, PutBucketCorsCommand, PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import {
  BUCKET,
  BUCKET_DOMAIN,
  behaviorTo,
  DISABLED,
  type EdgeCloud,
  OPTIMIZED,
  readableBy,
  startEdge,
} from "./fixture.ts";

describe("CloudFront serving a bucket", () => {
  let cloud: EdgeCloud;
  beforeEach(async () => {
    cloud = await startEdge({ acme: { host: "acme.photos.example.com", apiId: "none", stage: "live" } });
    await cloud.objects.put(BUCKET, "index.html", "<h1>home</h1>", { ContentType: "text/html" });
    await cloud.objects.put(BUCKET, "a/page.html", "page", { ContentType: "text/html", CacheControl: "max-age=60" });
  });
  afterEach(() => cloud.stop());

  it("shows the default root object at the root, and other files at their paths", async () => {
    await cloud.site();
    expect(await cloud.get("/")).toMatchObject({ status: 200, text: "<h1>home</h1>" });
    const page = await cloud.get("/a/page.html");
    expect(page).toMatchObject({ status: 200, text: "page" });
    expect(page.headers).toMatchObject({
      "content-type": "text/html",
      server: "AmazonS3",
      "x-cache": "Miss from cloudfront",
    });
    expect(page.headers.via).toMatch(/^1\.1 d\w+\.cloudfront\.net \(CloudFront\)$/);
  });

  it("a bucket that does not let the distribution in answers 403, and the log says which statement is missing", async () => {
    const { arn } = await cloud.site();
    for (const policy of [undefined, readableBy(arn.replace(/.$/, "0").replace("distribution/E", "distribution/X"))]) {
      if (policy) await cloud.objects.sdk.send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: policy }));
      else
        await cloud.program("aws:s3/bucketPolicy:BucketPolicy", "policy", {
          bucket: BUCKET,
          policy: readableBy("arn:aws:cloudfront::1:distribution/OTHER"),
        });
      const { status, text, headers } = await cloud.get(`/index.html?${policy ? 1 : 2}`);
      expect([status, headers["x-cache"]]).toEqual([403, "Error from cloudfront"]);
      expect(text).toContain("<Code>AccessDenied</Code><Message>Access Denied</Message>");
      expect(cloud.logged.at(-1)!.message).toMatch(/may not use the bucket site-files: .*s3:GetObject.*Missing: \{/);
      cloud.clock.advance(11_000);
    }
  });

  it("what is missing is a 404 to a distribution that may list the bucket, and a 403 to one that may not", async () => {
    const { arn } = await cloud.site();
    expect((await cloud.get("/none")).status).toBe(404);
    const policy = JSON.parse(readableBy(arn));
    policy.Statement.pop();
    await cloud.program("aws:s3/bucketPolicy:BucketPolicy", "policy", {
      bucket: BUCKET,
      policy: JSON.stringify(policy),
    });
    expect((await cloud.get("/other")).status).toBe(403);
  });

  it("is served under its local name, its own host, its aliases, and the tenant's host that is among them", async () => {
    await cloud.site({ aliases: ["www.example.com", "*.photos.example.com"] });
    const own = (await cloud.get("/")).headers.via!.split(" ")[1]!;
    for (const host of [
      "site.localhost",
      own,
      "www.example.com",
      "WWW.Example.com",
      "acme.localhost",
      "x.photos.example.com",
    ]) {
      expect([host, (await cloud.get("/", { host })).text]).toEqual([host, "<h1>home</h1>"]);
    }
    expect((await cloud.get("/", { host: "other.localhost" })).status).toBe(403);
  });

  it("keeps an answer for as long as the origin says, and asks again after that", async () => {
    await cloud.site();
    const cacheOf = async () => (await cloud.get("/a/page.html")).headers["x-cache"];
    expect(await cacheOf()).toBe("Miss from cloudfront");
    await cloud.objects.put(BUCKET, "a/page.html", "newer", { CacheControl: "max-age=60" });
    await cloud.clock.advance(59_000);
    const kept = await cloud.get("/a/page.html");
    expect([kept.text, kept.headers["x-cache"], kept.headers.age]).toEqual(["page", "Hit from cloudfront", "59"]);
    await cloud.clock.advance(2_000);
    expect((await cloud.get("/a/page.html")).text).toBe("newer");
    await cloud.clock.advance(61_000);
    expect(await cacheOf()).toBe("RefreshHit from cloudfront");
  });

  it.each([
    ["no-cache is kept for the policy's minimum of a second", { CacheControl: "no-cache" }, 900, 1_100],
    ["nothing said is kept for a day", {}, 86_300_000, 86_500_000],
    ["s-maxage goes before max-age", { CacheControl: "max-age=9, s-maxage=100" }, 99_000, 101_000],
  ])("%s", async (_promise, headers, before, after) => {
    await cloud.site();
    await cloud.objects.put(BUCKET, "f.txt", "one", headers);
    await cloud.get("/f.txt");
    await cloud.objects.put(BUCKET, "f.txt", "two", headers);
    await cloud.clock.advance(before);
    expect((await cloud.get("/f.txt")).text).toBe("one");
    await cloud.clock.advance(after - before);
    expect((await cloud.get("/f.txt")).text).toBe("two");
  });

  it("CachingDisabled keeps nothing, and the program's own policy decides what else there is", async () => {
    const { id: cachePolicyId } = await cloud.program("aws:cloudfront/cachePolicy:CachePolicy", "brief", {
      ...{ minTtl: 0, defaultTtl: 5, maxTtl: 10 },
      parametersInCacheKeyAndForwardedToOrigin: {
        ...{ headersConfig: { headerBehavior: "none" }, cookiesConfig: { cookieBehavior: "none" } },
        queryStringsConfig: { queryStringBehavior: "whitelist", queryStrings: { items: ["size"] } },
      },
    });
    await cloud.site({
      orderedCacheBehaviors: [
        { pathPattern: "a/*", ...behaviorTo("files", { cachePolicyId: DISABLED }) },
        { pathPattern: "/brief*", ...behaviorTo("files", { cachePolicyId }) },
      ],
    });
    const cacheOf = async (path: string) => (await cloud.get(path)).headers["x-cache"]!.toString().split(" ")[0];
    expect([await cacheOf("/a/page.html"), await cacheOf("/a/page.html")]).toEqual(["Miss", "Miss"]);
    await cloud.objects.put(BUCKET, "brief", "x");
    expect([await cacheOf("/brief?size=1&x=1"), await cacheOf("/brief?size=1&x=2")]).toEqual(["Miss", "Hit"]);
    expect(await cacheOf("/brief?size=2")).toBe("Miss");
    await cloud.clock.advance(5_001);
    expect(await cacheOf("/brief?size=1")).toBe("RefreshHit");
  });

  it("the first behaviour whose pattern matches decides, in the order of the distribution", async () => {
    const policyNamed = async (value: string) => {
      const item = { header: "x-behavior", value, override: true };
      const made = await cloud.program("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", value, {
        customHeadersConfig: { items: [item] },
      });
      return made.id;
    };
    const [wide, narrow, byDefault] = [
      await policyNamed("wide"),
      await policyNamed("narrow"),
      await policyNamed("default"),
    ];
    await cloud.site(
      {
        orderedCacheBehaviors: [
          { pathPattern: "a/?.txt", ...behaviorTo("files", { responseHeadersPolicyId: narrow }) },
          { pathPattern: "a/*", ...behaviorTo("files", { responseHeadersPolicyId: wide }) },
        ],
      },
      { responseHeadersPolicyId: byDefault },
    );
    const seen = async (path: string) => (await cloud.get(path)).headers["x-behavior"];
    expect([await seen("/a/1.txt"), await seen("/a/12.txt"), await seen("/index.html")]).toEqual([
      "narrow",
      "wide",
      "default",
    ]);
  });

  it("forgets what an invalidation names, and nothing else", async () => {
    const { id } = await cloud.site();
    for (const path of ["/a/page.html", "/a/other.html", "/index.html"]) {
      await cloud.objects.put(BUCKET, path.slice(1), "old");
      await cloud.get(path);
      await cloud.objects.put(BUCKET, path.slice(1), "new");
    }
    const invalidate = (CallerReference: string, ...Items: string[]) =>
      cloud.sdk.send(
        new CreateInvalidationCommand({
          DistributionId: id,
          InvalidationBatch: { CallerReference, Paths: { Quantity: Items.length, Items } },
        }),
      );
    const texts = async () => [
      (await cloud.get("/a/page.html")).text,
      (await cloud.get("/a/other.html")).text,
      (await cloud.get("/index.html")).text,
    ];
    await invalidate("one", "/a/page.html");
    expect(await texts()).toEqual(["new", "old", "old"]);
    await invalidate("two", "/a/*");
    expect(await texts()).toEqual(["new", "new", "old"]);
    await invalidate("three", "/*");
    expect(await texts()).toEqual(["new", "new", "new"]);
  });

  it("a single-page application's paths are its index page, with the code that the distribution names", async () => {
    await cloud.site({
      customErrorResponses: [{ errorCode: 404, responseCode: 200, responsePagePath: "/index.html" }],
    });
    expect(await cloud.get("/albums/42")).toMatchObject({ status: 200, text: "<h1>home</h1>" });
  });

  it("an error page keeps the error's code, and a missing error page is an error itself", async () => {
    await cloud.objects.put(BUCKET, "404.html", "nothing here");
    await cloud.site({
      customErrorResponses: [
        { errorCode: 404, responseCode: 404, responsePagePath: "/404.html", errorCachingMinTtl: 0 },
        { errorCode: 403, responseCode: 200, responsePagePath: "/none.html" },
      ],
    });
    expect(await cloud.get("/none")).toMatchObject({ status: 404, text: "nothing here" });
    await cloud.objects.put(BUCKET, "none", "now");
    expect((await cloud.get("/none")).text).toBe("now");
  });

  it("compresses texts of a thousand bytes and more for viewers that take it, and keeps both forms", async () => {
    const text = "photos ".repeat(500);
    await cloud.objects.put(BUCKET, "long.css", text, { ContentType: "text/css" });
    await cloud.objects.put(BUCKET, "photo.jpg", text, { ContentType: "image/jpeg" });
    await cloud.site();
    const gzip = { headers: { "accept-encoding": "gzip" } };
    const packed = await cloud.get("/long.css", gzip);
    expect(packed.headers).toMatchObject({ "content-encoding": "gzip", etag: expect.stringMatching(/^W\//) });
    expect(gunzipSync(packed.bytes).toString()).toBe(text);
    expect(
      (await cloud.get("/long.css", { headers: { "accept-encoding": "gzip, br" } })).headers["content-encoding"],
    ).toBe("br");
    expect((await cloud.get("/long.css")).text).toBe(text);
    expect((await cloud.get("/photo.jpg", gzip)).headers["content-encoding"]).toBeUndefined();
    expect((await cloud.get("/index.html", gzip)).headers["content-encoding"]).toBeUndefined();
  });

  it("answers a range with that part, a known tag with 304, and a method that is not allowed with 403", async () => {
    await cloud.objects.put(BUCKET, "digits", "0123456789");
    await cloud.site();
    const part = await cloud.get("/digits", { headers: { range: "bytes=2-4" } });
    expect([part.status, part.text, part.headers["content-range"]]).toEqual([206, "234", "bytes 2-4/10"]);
    expect((await cloud.get("/digits", { headers: { range: "bytes=20-" } })).status).toBe(416);
    const etag = String(part.headers.etag);
    expect(await cloud.get("/digits", { headers: { "if-none-match": etag } })).toMatchObject({ status: 304, text: "" });
    expect((await cloud.get("/digits", { method: "HEAD" })).headers["content-length"]).toBe("10");
    expect(await cloud.get("/digits", { method: "POST", body: "x" })).toMatchObject({
      status: 403,
      text: expect.stringContaining("not configured to allow the HTTP request method"),
    });
  });

  it("adds the security headers and CORS of a managed policy", async () => {
    await cloud.site({}, { responseHeadersPolicyId: "e61eb60c-9c35-4d20-a928-2b84e02af89c" });
    const { headers } = await cloud.get("/", { headers: { origin: "https://elsewhere.example" } });
    expect(headers).toMatchObject({
      "access-control-allow-origin": "*",
      "strict-transport-security": "max-age=31536000",
      "x-content-type-options": "nosniff",
      "x-frame-options": "SAMEORIGIN",
      "referrer-policy": "strict-origin-when-cross-origin",
    });
    expect((await cloud.get("/")).headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("hands a browser's question for permission to the bucket's own rules", async () => {
    await cloud.objects.sdk.send(
      new PutBucketCorsCommand({
        Bucket: BUCKET,
        CORSConfiguration: { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["https://app.example"] }] },
      }),
    );
    const methods = ["GET", "HEAD", "OPTIONS"];
    await cloud.site(
      {},
      {
        ...{ allowedMethods: methods, cachedMethods: methods },
        cachePolicyId: DISABLED,
        originRequestPolicyId: "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
      },
    );
    const ask = (origin: string) =>
      cloud.get("/index.html", { method: "OPTIONS", headers: { origin, "access-control-request-method": "GET" } });
    const first = await ask("https://app.example");
    expect(first.headers["access-control-allow-origin"]).toBe("https://app.example");
    expect((await ask("https://evil.example")).status).toBe(403);
  });

  it("goes to the group's second origin where the first has not what is asked for", async () => {
    await cloud.objects.create("spare");
    await cloud.objects.put("spare", "only-here", "spare");
    const { arn, id } = await cloud.site();
    const origins = ["site-files", "spare"].map((name) => ({ originId: name, domainName: `${name}.s3.amazonaws.com` }));
    const control = {
      originAccessControlId: (
        await cloud.program("aws:cloudfront/originAccessControl:OriginAccessControl", "access", {
          originAccessControlOriginType: "s3",
          signingBehavior: "always",
          signingProtocol: "sigv4",
        })
      ).id,
    };
    await cloud.site({
      origins: origins.map((origin) => ({ ...origin, ...control })),
      originGroups: [
        {
          originId: "both",
          failoverCriteria: { statusCodes: [404] },
          members: [{ originId: "site-files" }, { originId: "spare" }],
        },
      ],
      defaultCacheBehavior: behaviorTo("both"),
    });
    const policy = readableBy(arn).replaceAll("site-files", "spare");
    await cloud.program("aws:s3/bucketPolicy:BucketPolicy", "spare-policy", { bucket: "spare", policy });
    expect((await cloud.get("/only-here")).text).toBe("spare");
    expect((await cloud.get("/index.html")).text).toBe("<h1>home</h1>");
    expect(id).toMatch(/^E/);
  });

  it("reads a bucket that lets an origin access identity in, and a public one without any", async () => {
    const identity = await cloud.program("aws:cloudfront/originAccessIdentity:OriginAccessIdentity", "identity", {});
    const path = identity.outputs.cloudfrontAccessIdentityPath!;
    await cloud.site({
      origins: [{ originId: "files", domainName: BUCKET_DOMAIN, s3OriginConfig: { originAccessIdentity: path } }],
    });
    expect((await cloud.get("/index.html")).status).toBe(403);
    const who = { Effect: "Allow", Principal: { AWS: identity.outputs.iamArn! }, Action: "s3:GetObject" };
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ ...who, Resource: `arn:aws:s3:::${BUCKET}/*` }],
    });
    await cloud.program("aws:s3/bucketPolicy:BucketPolicy", "policy", { bucket: BUCKET, policy });
    await cloud.clock.advance(11_000);
    expect((await cloud.get("/index.html")).text).toBe("<h1>home</h1>");
  });

  it("an origin that is not there is a 502, and a distribution that is off answers nobody", async () => {
    const custom = { httpPort: 9, httpsPort: 9, originProtocolPolicy: "http-only", originSslProtocols: ["TLSv1.2"] };
    await cloud.site({ origins: [{ originId: "files", domainName: "localhost", customOriginConfig: custom }] });
    expect((await cloud.get("/")).status).toBe(502);
    await cloud.site({ enabled: false });
    expect((await cloud.get("/")).status).toBe(403);
  });

  it("what it keeps of CachingOptimized is one form for all queries, cookies and headers", async () => {
    await cloud.site({}, { cachePolicyId: OPTIMIZED });
    await cloud.get("/index.html?a=1", { headers: { cookie: "a=1", "user-agent": "one" } });
    const second = await cloud.get("/index.html?a=2", { headers: { cookie: "a=2", "user-agent": "two" } });
    expect(second.headers["x-cache"]).toBe("Hit from cloudfront");
  });

  it("takes a bucket's website as its origin, with its index documents and redirects", async () => {
    await cloud.objects.sdk.send(new DeletePublicAccessBlockCommand({ Bucket: BUCKET }));
    const website = {
      indexDocument: { suffix: "index.html" },
      routingRules: [{ condition: { keyPrefixEquals: "old/" }, redirect: { replaceKeyPrefixWith: "a/" } }],
    };
    const { outputs } = await cloud.program("aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration", "web", {
      bucket: BUCKET,
      ...website,
    });
    const custom = { httpPort: 80, httpsPort: 443, originProtocolPolicy: "http-only", originSslProtocols: ["TLSv1.2"] };
    await cloud.site({
      origins: [{ originId: "files", domainName: outputs.websiteEndpoint!, customOriginConfig: custom }],
    });
    expect((await cloud.get("/index.html")).status).toBe(403);
    const Statement = [
      { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${BUCKET}/*` },
    ];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await cloud.objects.sdk.send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy }));
    await cloud.clock.advance(11_000);
    expect((await cloud.get("/")).text).toBe("<h1>home</h1>");
    const { status, headers } = await cloud.get("/old/x");
    expect([status, headers.location]).toEqual([301, expect.stringMatching(/\/a\/x$/)]);
  });

  it("finds files by their encoded names, and answers whatever else it is asked for", async () => {
    for (const key of ["a b.txt", "ü/é+1.txt", "/slash", "100%.txt"]) await cloud.objects.put(BUCKET, key, key);
    await cloud.site();
    expect((await cloud.get("/a%20b.txt")).text).toBe("a b.txt");
    expect((await cloud.get("/%C3%BC/%C3%A9%2B1.txt")).text).toBe("ü/é+1.txt");
    expect((await cloud.get("//slash")).text).toBe("/slash");
    expect((await cloud.get("/100%25.txt")).text).toBe("100%.txt");
    const strange = [
      "/%",
      "/%zz",
      "/%00",
      "/..%2f..%2fetc/passwd",
      "/?",
      "/?&&=&%",
      "//",
      "/a/../../b",
      `/${"x".repeat(4000)}`,
    ];
    for (const path of strange) expect([path, (await cloud.get(path)).status]).toEqual([path, expect.any(Number)]);
    const headers = {
      range: "bytes=9-1",
      "if-none-match": ",,",
      "if-modified-since": "yesterday",
      cookie: "=;;=",
      "accept-encoding": "gzip;q=0",
    };
    expect((await cloud.get("/index.html", { headers })).status).toBe(200);
    expect(cloud.logged.filter(({ level }) => level === "error")).toEqual([]);
  });
});
