import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runInNewContext } from "node:vm";
import { hasHash } from "../../components/edge/website/files.ts";
import { routerCode } from "../../components/edge/website/router.ts";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";

const directory = mkdtempSync(join(tmpdir(), "site-"));
afterAll(() => rmSync(directory, { recursive: true }));
for (const [key, content] of [
  ["index.html", "<!doctype html>"],
  ["404.html", "nothing here"],
  ["robots.txt", "User-agent: *"],
  ["assets/app-4f2a9c1b.js", "1"],
  ["assets/logo-horizontal.svg", "<svg/>"],
]) {
  mkdirSync(dirname(join(directory, key!)), { recursive: true });
  writeFileSync(join(directory, key!), content!);
}

const website =
  (args: terrace.WebsiteArgs = {}) =>
  () =>
    new terrace.Website("site", args);
const distribution = (stack: Deployment) => stack.resource("aws:cloudfront/distribution:Distribution");

describe("Website", () => {
  it("lets its own distribution, and nobody else, read a private bucket", async () => {
    const stack = await deploy(website());
    expect(stack.resource("OriginAccessControl").inputs).toMatchObject({
      originAccessControlOriginType: "s3",
      signingBehavior: "always",
      signingProtocol: "sigv4",
    });
    expect(distribution(stack).inputs.origins).toMatchObject([
      {
        domainName: stack.resource("aws:s3/bucket:Bucket", "site-files").outputs.bucketRegionalDomainName,
        originAccessControlId: stack.resource("OriginAccessControl").id,
      },
    ]);
    const policy = JSON.parse(String(stack.resource("BucketPolicy", "site-files-policy").inputs.policy));
    expect(policy.Statement).toHaveLength(3);
    for (const statement of policy.Statement.slice(1)) {
      expect(statement).toMatchObject({
        Principal: { Service: "cloudfront.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceArn": distribution(stack).outputs.arn } },
      });
    }
    expect(stack.resource("BucketPublicAccessBlock", "site-files-private").inputs.restrictPublicBuckets).toBe(true);
  });

  it("speaks TLS only, HTTP/3 and compressed, and tells browsers to run nothing foreign", async () => {
    const stack = await deploy(website({ connectTo: ["https://api.example.com"] }));
    expect(distribution(stack).inputs).toMatchObject({
      httpVersion: "http2and3",
      isIpv6Enabled: true,
      defaultCacheBehavior: {
        viewerProtocolPolicy: "redirect-to-https",
        compress: true,
        allowedMethods: ["GET", "HEAD"],
      },
    });
    const { securityHeadersConfig } = stack.resource("ResponseHeadersPolicy").inputs;
    expect(securityHeadersConfig).toMatchObject({
      strictTransportSecurity: { accessControlMaxAgeSec: 63_072_000, includeSubdomains: true },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: "DENY" },
      contentSecurityPolicy: {
        contentSecurityPolicy: expect.stringMatching(
          /^default-src 'self'; connect-src 'self' https:\/\/api\.example\.com; .*frame-ancestors 'none'/,
        ),
      },
    });
  });

  it("puts hashed files first and for a year, pages after them and never kept, then forgets the old pages", async () => {
    const stack = await deploy(website({ directory }));
    const files = stack.all("aws:s3/bucketObjectv2:BucketObjectv2");
    expect(
      Object.fromEntries(files.map(({ inputs }) => [inputs.key, [inputs.contentType, inputs.cacheControl]])),
    ).toEqual({
      "404.html": ["text/html; charset=utf-8", "no-cache"],
      "assets/app-4f2a9c1b.js": ["text/javascript; charset=utf-8", "public, max-age=31536000, immutable"],
      "assets/logo-horizontal.svg": ["image/svg+xml", "no-cache"],
      "index.html": ["text/html; charset=utf-8", "no-cache"],
      "robots.txt": ["text/plain; charset=utf-8", "no-cache"],
    });
    const asset = files.find(({ inputs }) => inputs.key === "assets/app-4f2a9c1b.js")!;
    const page = files.find(({ inputs }) => inputs.key === "index.html")!;
    expect(page.dependencies).toContain(asset.urn);
    const published = stack.resource("aws:lambda/invocation:Invocation");
    expect(JSON.parse(String(published.inputs.input))).toEqual({
      distributionId: distribution(stack).id,
      paths: ["/404.html", "/assets/logo-horizontal.svg", "/index.html", "/robots.txt"],
      version: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(published.dependencies).toContain(page.urn);
    const policy = JSON.parse(String(stack.resource("aws:iam/rolePolicy:RolePolicy").inputs.policy));
    expect(policy.Statement[1]).toMatchObject({
      Action: ["cloudfront:CreateInvalidation"],
      Resource: [distribution(stack).outputs.arn],
    });
  });

  it("says what has changed when a page does, and not when nothing did", async () => {
    const version = async () =>
      JSON.parse(String((await deploy(website({ directory }))).resource("Invocation").inputs.input)).version;
    const before = await version();
    expect(await version()).toBe(before);
    writeFileSync(join(directory, "robots.txt"), "User-agent: nobody");
    expect(await version()).not.toBe(before);
  });

  it("has a certificate of us-east-1 for its host and what redirects there, and A and AAAA records for each", async () => {
    const domain = { host: "www.example.com", zone: "example.com", redirectFrom: ["example.com"] };
    const stack = await deploy(website({ domain }));
    expect(stack.resource("Certificate").inputs).toMatchObject({
      domainName: "www.example.com",
      subjectAlternativeNames: ["example.com"],
      region: "us-east-1",
    });
    expect(distribution(stack).inputs).toMatchObject({
      aliases: ["www.example.com", "example.com"],
      viewerCertificate: {
        acmCertificateArn: stack.resource("CertificateValidation").inputs.certificateArn,
        sslSupportMethod: "sni-only",
        minimumProtocolVersion: "TLSv1.2_2021",
      },
    });
    const records = stack.all("aws:route53/record:Record").map(({ inputs }) => `${inputs.type} ${inputs.name}`);
    expect(records).toEqual(
      expect.arrayContaining([
        ...["A www.example.com", "AAAA www.example.com", "A example.com", "AAAA example.com"],
        expect.stringMatching(/^CNAME _\w+\.www\.example\.com\.$/),
        expect.stringMatching(/^CNAME _\w+\.example\.com\.$/),
      ]),
    );
  });

  it("logs who asked for what, without cookies and queries, as JSON that expires", async () => {
    const stack = await deploy(website({ logRetentionDays: 90 }));
    expect(stack.resource("LogDeliverySource").inputs).toMatchObject({
      logType: "ACCESS_LOGS",
      region: "us-east-1",
      resourceArn: distribution(stack).outputs.arn,
    });
    const fields = stack.resource("LogDelivery").inputs.recordFields as string[];
    expect(fields).toEqual(expect.arrayContaining(["c-ip", "cs-uri-stem", "sc-status"]));
    expect(fields.filter((field) => /cookie|query/i.test(field))).toEqual([]);
    expect(stack.resource("BucketLifecycleConfiguration", "site-logs-lifecycle").inputs.rules).toMatchObject([
      { id: "clean-up" },
      { id: "access-logs", expiration: { days: 90 } },
    ]);
  });

  it("stands behind a firewall where asked, and answers with the site's own page for what is not there", async () => {
    const stack = await deploy(() =>
      website({ firewall: new terrace.Firewall("wall", { scope: "cloudfront" }), notFoundPage: "404.html" })(),
    );
    expect(distribution(stack).inputs).toMatchObject({
      webAclId: stack.resource("WebAcl").outputs.arn,
      customErrorResponses: [{ errorCode: 404, responseCode: 404, responsePagePath: "/404.html" }],
    });
  });

  it("is emptied with its stack in development only", async () => {
    const kept = await deploy(website());
    const quick = await deploy(website({ protection: "disposable" }));
    for (const [stack, forceDestroy] of [
      [kept, false],
      [quick, true],
    ] as const) {
      expect(stack.all("aws:s3/bucket:Bucket").map(({ inputs }) => inputs.forceDestroy)).toEqual([
        forceDestroy,
        forceDestroy,
      ]);
    }
  });

  it.each(
    byMessage<terrace.WebsiteArgs>([
      [{ directory: "nowhere" }, 'directory is "nowhere"; build the site first'],
      [{ directory: "tests/components" }, "it has to hold index.html"],
      [{ index: "a/b.html" }, 'index is "a/b.html"'],
      [{ notFoundPage: "/404.html" }, 'notFoundPage is "/404.html"'],
      [{ pages: "one" as never }, 'pages is "one"; it has to be single or many'],
      [{ priceClass: "cheap" as never }, 'priceClass is "cheap"'],
      [{ logRetentionDays: 0 }, "logRetentionDays is 0"],
      [{ hashedFolders: ["assets"] }, 'hashedFolders[0] is "assets"'],
      [{ domain: { host: "a.example.org", zone: "example.com" } }, "a host in the zone example.com"],
      [{ domain: { host: "*.example.com", zone: "example.com" } }, "a site has one host; name it"],
      [
        { domain: { host: "a.example.com", zone: "example.com", redirectFrom: ["b.example.org"] } },
        'domain.redirectFrom[0] is "b.example.org"',
      ],
      [{ domain: { host: "a", zone: "Example" } }, 'domain.zone is "Example"'],
      [{ connectTo: ["*"] }, 'connectTo[0] is "*"; it has to be an origin'],
      [{ connectTo: ["https://a.example"], contentSecurityPolicy: "default-src *" }, "leave one of the two out"],
    ]),
  )("refuses: %s", async (message, args) => {
    const error = await refused(website(args));
    expect(error).toContain('Website "site": ');
    expect(error).toContain(message);
  });

  it("refuses an API's firewall, and a name that leaves no room", async () => {
    const walled = () => website({ firewall: new terrace.Firewall("wall") })();
    expect(await refused(walled)).toContain('CloudFront takes one of scope "cloudfront"');
    expect(await refused(() => new terrace.Website("s".repeat(45)))).toContain("it may have 44 characters");
  });
});

describe("what a path means at the edge", () => {
  const route = (
    options: Parameters<typeof routerCode>[0],
    uri: string,
    host = "www.example.com",
    querystring = {},
  ) => {
    const event = { request: { uri, headers: { host: { value: host } }, querystring } };
    return runInNewContext(`${routerCode(options)}; handler(event)`, { event });
  };
  const single = { pages: "single", index: "index.html" } as const;
  const many = { pages: "many", index: "index.html" } as const;

  it.each([
    [single, "/", "/index.html"],
    [single, "/albums/42", "/index.html"],
    [single, "/assets/app-4f2a9c1b.js", "/assets/app-4f2a9c1b.js"],
    [single, "/v1.2/albums", "/index.html"],
    [single, "/.well-known/assetlinks", "/.well-known/assetlinks"],
    [many, "/", "/index.html"],
    [many, "/docs/", "/docs/index.html"],
    [many, "/docs", "/docs/index.html"],
    [many, "/docs/a.pdf", "/docs/a.pdf"],
  ])("with %j, %s is the file %s", (options, uri, file) => {
    expect(route(options, uri).uri).toBe(file);
  });

  it("sends other hosts to the site's own, with path and query", () => {
    const query = {
      a: { value: "1" },
      b: { value: "2", multiValue: [{ value: "2" }, { value: "3" }] },
      c: { value: "" },
    };
    const options = { ...single, host: "www.example.com" };
    expect(route(options, "/x", "example.com", query)).toMatchObject({
      statusCode: 301,
      headers: { location: { value: "https://www.example.com/x?a=1&b=2&b=3&c" } },
    });
    expect(route(options, "/x").uri).toBe("/index.html");
  });
});

it.each([
  ["assets/index-BxK3_f9Q.js", true],
  ["assets/index.4f2a9c1b.css.map", true],
  ["_next/static/chunks/4f2a9c1b7d.js", false],
  ["_next/static/chunks/main-4f2a9c1b7d.js", true],
  ["assets/logo-horizontal.png", false],
  ["report-2024summary.pdf", false],
  ["assets/index.html", false],
])("%s has a hash in its name: %s", (key, expected) => {
  expect(hasHash(key)).toBe(expected);
});
