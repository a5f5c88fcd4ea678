import {
  DeletePublicAccessBlockCommand,
  GetBucketWebsiteCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  type WebsiteConfiguration,
} from "@aws-sdk/client-s3";
import { request, type SentOptions } from "../http-request.ts";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { type ObjectClient, objectClient } from "./s3-client.ts";

const Bucket = "www.example.com";

describe("a bucket as a website", () => {
  let cloud: MessagingCloud;
  let objects: ObjectClient;

  beforeEach(async () => {
    cloud = await startMessaging();
    objects = objectClient(cloud.running.client());
    await objects.create(Bucket);
    await objects.sdk.send(new DeletePublicAccessBlockCommand({ Bucket }));
    const Statement = [
      { Effect: "Allow", Principal: "*", Action: ["s3:GetObject"], Resource: `arn:aws:s3:::${Bucket}/*` },
      { Effect: "Allow", Principal: "*", Action: ["s3:ListBucket"], Resource: `arn:aws:s3:::${Bucket}` },
    ];
    await objects.sdk.send(
      new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
    );
    for (const Key of ["index.html", "docs/index.html", "plain.html"])
      await objects.put(Bucket, Key, Key, { ContentType: "text/html" });
  });
  afterEach(async () => {
    objects.sdk.destroy();
    await cloud.stop();
  });

  const configure = (WebsiteConfiguration: WebsiteConfiguration) =>
    objects.sdk.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }));
  const site = (more: WebsiteConfiguration = {}) => configure({ IndexDocument: { Suffix: "index.html" }, ...more });
  const get = (path: string, options: SentOptions = {}) =>
    request(Number(new URL(cloud.running.endpoint).port), path, { host: `${Bucket}.s3-website.localhost`, ...options });
  const wherefrom = async (path: string) => {
    const { status, headers } = await get(path);
    return [status, headers.location];
  };

  it("shows the index document at the root and in folders, and sends a folder's name to the folder", async () => {
    await site();
    expect(await get("/")).toMatchObject({ status: 200, text: "index.html" });
    expect((await get("/docs/")).text).toBe("docs/index.html");
    expect(await wherefrom("/docs")).toEqual([302, "/docs/"]);
    expect((await get("/plain.html", { host: `${Bucket}.s3-website-eu-west-1.amazonaws.com` })).text).toBe(
      "plain.html",
    );
    const head = await get("/", { method: "HEAD" });
    expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", "10"]);
    const etag = String(head.headers.etag);
    expect((await get("/", { headers: { "if-none-match": etag } })).status).toBe(304);
  });

  it("answers what is missing with the error document and its code, or with a page that says what was wrong", async () => {
    await site();
    const bare = await get("/none");
    expect([bare.status, bare.headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
    expect(bare.text).toContain("<li>Code: NoSuchKey</li>");
    await site({ ErrorDocument: { Key: "error.html" } });
    expect((await get("/none")).text).toContain(
      "An Error Occurred While Attempting to Retrieve a Custom Error Document",
    );
    await objects.put(Bucket, "error.html", "sorry", { ContentType: "text/html" });
    expect(await get("/none")).toMatchObject({ status: 404, text: "sorry" });
    expect((await get("/", { method: "POST", body: "x" })).status).toBe(405);
  });

  it("sends all requests elsewhere, path and query kept", async () => {
    await configure({ RedirectAllRequestsTo: { HostName: "example.com", Protocol: "https" } });
    expect(await wherefrom("/a%20b?c=d")).toEqual([301, "https://example.com/a%20b?c=d"]);
  });

  it("follows routing rules before an object is asked for, and those for errors after it", async () => {
    await site({
      RoutingRules: [
        { Condition: { KeyPrefixEquals: "old/" }, Redirect: { ReplaceKeyPrefixWith: "docs/" } },
        {
          Condition: { KeyPrefixEquals: "away/" },
          Redirect: { HostName: "example.com", Protocol: "https", ReplaceKeyWith: "x", HttpRedirectCode: "307" },
        },
        { Condition: { HttpErrorCodeReturnedEquals: "404" }, Redirect: { ReplaceKeyWith: "index.html" } },
      ],
    });
    const own = `http://${Bucket}.s3-website.localhost:${new URL(cloud.running.endpoint).port}`;
    expect(await wherefrom("/old/a")).toEqual([301, `${own}/docs/a`]);
    expect(await wherefrom("/away/a")).toEqual([307, "https://example.com/x"]);
    expect(await wherefrom("/none")).toEqual([301, `${own}/index.html`]);
    expect((await get("/plain.html")).status).toBe(200);
  });

  it("an object can send to another address itself", async () => {
    await site();
    await objects.put(Bucket, "moved", "", { WebsiteRedirectLocation: "/plain.html" });
    expect(await wherefrom("/moved")).toEqual([301, "/plain.html"]);
  });

  it("lets nobody in whom the bucket's policy does not, and is none where none was set", async () => {
    expect(await get("/")).toMatchObject({ status: 404, text: expect.stringContaining("NoSuchWebsiteConfiguration") });
    expect((await get("/", { host: "nothing.s3-website.localhost" })).text).toContain("NoSuchBucket");
    await objects.create("closed-site");
    await objects.put("closed-site", "index.html", "secret");
    await objects.sdk.send(
      new PutBucketWebsiteCommand({
        Bucket: "closed-site",
        WebsiteConfiguration: { IndexDocument: { Suffix: "index.html" } },
      }),
    );
    const closed = await get("/", { host: "closed-site.s3-website.localhost" });
    expect([closed.status, closed.text.includes("secret"), closed.text.includes("Code: AccessDenied")]).toEqual([
      403,
      false,
      true,
    ]);
  });

  it.each<WebsiteConfiguration>([
    {},
    { IndexDocument: { Suffix: "a/b.html" } },
    { IndexDocument: { Suffix: "i" }, RedirectAllRequestsTo: { HostName: "a" } },
    {
      IndexDocument: { Suffix: "i" },
      RoutingRules: [{ Redirect: { ReplaceKeyWith: "a", ReplaceKeyPrefixWith: "b" } }],
    },
    { IndexDocument: { Suffix: "i" }, RoutingRules: [{ Redirect: { HttpRedirectCode: "200" } }] },
  ])("refuses %j", async (configuration) => {
    expect(await codeOf(configure(configuration))).toBe("InvalidArgument");
  });

  it("is declared by a program as it is set through the API", async () => {
    await cloud.declare("aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration", {
      bucket: Bucket,
      indexDocument: { suffix: "index.html" },
      routingRules: [{ condition: { keyPrefixEquals: "old/" }, redirect: { replaceKeyPrefixWith: "docs/" } }],
    });
    expect((await get("/")).text).toBe("index.html");
    expect(await objects.sdk.send(new GetBucketWebsiteCommand({ Bucket }))).toMatchObject({
      IndexDocument: { Suffix: "index.html" },
      RoutingRules: [{ Condition: { KeyPrefixEquals: "old/" }, Redirect: { ReplaceKeyPrefixWith: "docs/" } }],
    });
  });
});
