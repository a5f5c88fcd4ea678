import {
  type CacheBehavior,
  CloudFrontClient,
  CreateCachePolicyCommand,
  CreateDistributionCommand,
  CreateDistributionWithTagsCommand,
  CreateInvalidationCommand,
  CreateKeyGroupCommand,
  CreateOriginAccessControlCommand,
  DeleteDistributionCommand,
  DeleteOriginAccessControlCommand,
  type DistributionConfig,
  GetCachePolicyCommand,
  GetDistributionCommand,
  GetDistributionConfigCommand,
  GetInvalidationCommand,
  ListCachePoliciesCommand,
  ListDistributionsCommand,
  ListInvalidationsCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateDistributionCommand,
} from "@aws-sdk/client-cloudfront";
import { PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { codeOf } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";
import { BUCKET, BUCKET_DOMAIN, type EdgeCloud, OPTIMIZED, readableBy, startEdge } from "./fixture.ts";

const defaultBehavior = {
  TargetOriginId: "files",
  ViewerProtocolPolicy: "redirect-to-https" as const,
  CachePolicyId: OPTIMIZED,
};

function configOf(more: Partial<DistributionConfig> = {}): DistributionConfig {
  return {
    CallerReference: "one",
    Comment: "",
    Enabled: true,
    Origins: {
      Quantity: 1,
      Items: [{ Id: "files", DomainName: BUCKET_DOMAIN, S3OriginConfig: { OriginAccessIdentity: "" } }],
    },
    DefaultCacheBehavior: defaultBehavior,
    ...more,
  };
}

describe("CloudFront's API", () => {
  let cloud: EdgeCloud;
  beforeEach(async () => {
    cloud = await startEdge();
  });
  afterEach(() => cloud.stop());

  const create = (more?: Partial<DistributionConfig>) =>
    cloud.sdk.send(new CreateDistributionCommand({ DistributionConfig: configOf(more) }));

  it("what it creates is served like what a program declares, and survives a kill", async () => {
    const OriginAccessControlConfig = {
      Name: "files",
      SigningProtocol: "sigv4",
      SigningBehavior: "always",
      OriginAccessControlOriginType: "s3",
    } as const;
    const { OriginAccessControl } = await cloud.sdk.send(
      new CreateOriginAccessControlCommand({ OriginAccessControlConfig }),
    );
    const origin = {
      Id: "files",
      DomainName: BUCKET_DOMAIN,
      OriginAccessControlId: OriginAccessControl!.Id,
      S3OriginConfig: { OriginAccessIdentity: "" },
    };
    const { Distribution, ETag, Location } = await create({
      Origins: { Quantity: 1, Items: [origin] },
      DefaultRootObject: "index.html",
    });
    expect(Distribution).toMatchObject({
      Status: "Deployed",
      DomainName: expect.stringMatching(/^d\w{13}\.cloudfront\.net$/),
      ARN: `arn:aws:cloudfront::000000000000:distribution/${Distribution!.Id}`,
    });
    expect([typeof ETag, Location]).toEqual(["string", expect.stringContaining(Distribution!.Id!)]);
    await cloud.objects.sdk.send(
      new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: readableBy(Distribution!.ARN!) }),
    );
    await cloud.objects.put(BUCKET, "index.html", "by the API");
    const host = Distribution!.DomainName!;
    expect((await cloud.get("/", { host })).text).toBe("by the API");
    expect((await cloud.get("/", { host: `${Distribution!.Id!.toLowerCase()}.localhost` })).text).toBe("by the API");
    await cloud.restart({ isKilled: true });
    expect((await cloud.get("/", { host })).text).toBe("by the API");
  });

  it("a distribution is changed with the version it was read in, and deleted once it is off", async () => {
    const { Distribution, ETag } = await create();
    const Id = Distribution!.Id!;
    const update = (IfMatch: string | undefined, more: Partial<DistributionConfig>) =>
      cloud.sdk.send(new UpdateDistributionCommand({ Id, IfMatch, DistributionConfig: configOf(more) }));
    expect(await codeOf(update(undefined, {}))).toBe("InvalidIfMatchVersion");
    expect(await codeOf(update("EOTHER", {}))).toBe("PreconditionFailed");
    expect(await codeOf(update(ETag, { CallerReference: "two" }))).toBe("IllegalUpdate");
    const changed = await update(ETag, { Enabled: false, Comment: "off" });
    expect(changed.Distribution!.DistributionConfig).toMatchObject({ Enabled: false, Comment: "off" });
    expect(await codeOf(update(ETag, {}))).toBe("PreconditionFailed");
    const on = await update(changed.ETag, { Enabled: true });
    expect(await codeOf(cloud.sdk.send(new DeleteDistributionCommand({ Id, IfMatch: on.ETag })))).toBe(
      "DistributionNotDisabled",
    );
    const off = await update(on.ETag, { Enabled: false });
    await cloud.sdk.send(new DeleteDistributionCommand({ Id, IfMatch: off.ETag }));
    expect(await codeOf(cloud.sdk.send(new GetDistributionCommand({ Id })))).toBe("NoSuchDistribution");
    expect((await cloud.sdk.send(new ListDistributionsCommand({}))).DistributionList).toMatchObject({ Quantity: 0 });
  });

  it("shows a program's distribution in the API's own words, and lists it beside its own", async () => {
    const { id } = await cloud.site({
      aliases: ["www.example.com"],
      orderedCacheBehaviors: [
        {
          pathPattern: "/api/*",
          targetOriginId: "files",
          viewerProtocolPolicy: "https-only",
          allowedMethods: ["GET", "HEAD"],
          cachedMethods: ["GET"],
          forwardedValues: { queryString: true, cookies: { forward: "all" }, headers: ["Authorization"] },
          minTtl: 0,
          defaultTtl: 5,
        },
      ],
      customErrorResponses: [{ errorCode: 404, responseCode: 200, responsePagePath: "/index.html" }],
    });
    const { DistributionConfig } = await cloud.sdk.send(new GetDistributionConfigCommand({ Id: id }));
    expect(DistributionConfig).toMatchObject({
      Aliases: { Quantity: 1, Items: ["www.example.com"] },
      DefaultRootObject: "index.html",
      Origins: {
        Quantity: 1,
        Items: [{ Id: "files", DomainName: BUCKET_DOMAIN, S3OriginConfig: { OriginAccessIdentity: "" } }],
      },
      DefaultCacheBehavior: {
        AllowedMethods: { Quantity: 2, Items: ["GET", "HEAD"], CachedMethods: { Quantity: 2 } },
        Compress: true,
      },
      CacheBehaviors: {
        Quantity: 1,
        Items: [
          {
            PathPattern: "/api/*",
            DefaultTTL: 5,
            ForwardedValues: {
              QueryString: true,
              Cookies: { Forward: "all" },
              Headers: { Quantity: 1, Items: ["Authorization"] },
            },
          },
        ],
      },
      CustomErrorResponses: {
        Quantity: 1,
        Items: [{ ErrorCode: 404, ResponseCode: "200", ResponsePagePath: "/index.html" }],
      },
      ViewerCertificate: { ACMCertificateArn: expect.any(String) },
    });
    await create();
    const all = (await cloud.sdk.send(new ListDistributionsCommand({}))).DistributionList!;
    expect([all.Quantity, all.Items!.map(({ Id }) => Id).includes(id)]).toEqual([2, true]);
    const first = (await cloud.sdk.send(new ListDistributionsCommand({ MaxItems: 1 }))).DistributionList!;
    const second = (await cloud.sdk.send(new ListDistributionsCommand({ MaxItems: 1, Marker: first.NextMarker })))
      .DistributionList!;
    expect([first.IsTruncated, second.IsTruncated, first.Items![0]!.Id !== second.Items![0]!.Id]).toEqual([
      true,
      false,
      true,
    ]);
  });

  const behavior = (more: Partial<CacheBehavior>) => ({ DefaultCacheBehavior: { ...defaultBehavior, ...more } });
  it.each<[string, Partial<DistributionConfig>]>([
    ["InconsistentQuantities", { Aliases: { Quantity: 2, Items: ["a.example.com"] } }],
    ["InvalidOrigin", { Origins: { Quantity: 0, Items: [] } }],
    [
      "InvalidOrigin",
      {
        Origins: {
          Quantity: 1,
          Items: [{ Id: "files", DomainName: "https://a/b", S3OriginConfig: { OriginAccessIdentity: "" } }],
        },
      },
    ],
    [
      "InvalidOriginAccessControl",
      {
        Origins: {
          Quantity: 1,
          Items: [
            {
              Id: "files",
              DomainName: BUCKET_DOMAIN,
              OriginAccessControlId: "ENONE",
              S3OriginConfig: { OriginAccessIdentity: "" },
            },
          ],
        },
      },
    ],
    ["NoSuchOrigin", behavior({ TargetOriginId: "other" })],
    ["NoSuchCachePolicy", behavior({ CachePolicyId: "none" })],
    ["NoSuchOriginRequestPolicy", behavior({ OriginRequestPolicyId: "none" })],
    ["NoSuchResponseHeadersPolicy", behavior({ ResponseHeadersPolicyId: "none" })],
    ["InvalidArgument", behavior({ CachePolicyId: undefined })],
    ["TrustedKeyGroupDoesNotExist", behavior({ TrustedKeyGroups: { Enabled: true, Quantity: 1, Items: ["none"] } })],
    [
      "InvalidFunctionAssociation",
      behavior({
        FunctionAssociations: {
          Quantity: 1,
          Items: [{ EventType: "viewer-request", FunctionARN: "arn:aws:cloudfront::000000000000:function/none" }],
        },
      }),
    ],
    ["InvalidDefaultRootObject", { DefaultRootObject: "/index.html" }],
    ["InvalidViewerCertificate", { Aliases: { Quantity: 1, Items: ["a.example.com"] } }],
    ["InvalidErrorCode", { CustomErrorResponses: { Quantity: 1, Items: [{ ErrorCode: 200 }] } }],
    [
      "InvalidResponseCode",
      { CustomErrorResponses: { Quantity: 1, Items: [{ ErrorCode: 404, ResponseCode: "200" }] } },
    ],
  ])("refuses with %s what CloudFront refuses: %j", async (code, more) => {
    expect(await codeOf(create(more))).toBe(code);
  });

  it("a reference that is used again means the same distribution, or none; an alias belongs to one", async () => {
    const first = await create();
    expect((await create()).Distribution!.Id).toBe(first.Distribution!.Id);
    expect(await codeOf(create({ Comment: "other" }))).toBe("DistributionAlreadyExists");
    const named = {
      Aliases: { Quantity: 1, Items: ["a.example.com"] },
      ViewerCertificate: { ACMCertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/1" },
    };
    await create({ CallerReference: "two", ...named });
    expect(await codeOf(create({ CallerReference: "three", ...named }))).toBe("CNAMEAlreadyExists");
  });

  it("invalidations are kept and listed; a reference does its work once", async () => {
    const { Distribution } = await create();
    const DistributionId = Distribution!.Id!;
    const invalidate = (CallerReference: string, ...Items: string[]) =>
      cloud.sdk.send(
        new CreateInvalidationCommand({
          DistributionId,
          InvalidationBatch: { CallerReference, Paths: { Quantity: Items.length, Items } },
        }),
      );
    const { Invalidation } = await invalidate("one", "/a", "/b*");
    expect(Invalidation).toMatchObject({
      Status: "Completed",
      InvalidationBatch: { Paths: { Quantity: 2, Items: ["/a", "/b*"] } },
    });
    expect((await invalidate("one", "/a", "/b*")).Invalidation!.Id).toBe(Invalidation!.Id);
    expect(await codeOf(invalidate("one", "/c"))).toBe("InvalidArgument");
    expect(await codeOf(invalidate("two", "no-slash"))).toBe("InvalidArgument");
    const found = await cloud.sdk.send(new GetInvalidationCommand({ DistributionId, Id: Invalidation!.Id! }));
    expect(found.Invalidation!.Id).toBe(Invalidation!.Id);
    expect(
      (await cloud.sdk.send(new ListInvalidationsCommand({ DistributionId }))).InvalidationList!.Items,
    ).toHaveLength(1);
    expect(await codeOf(cloud.sdk.send(new GetInvalidationCommand({ DistributionId, Id: "INONE" })))).toBe(
      "NoSuchInvalidation",
    );
    const elsewhere = {
      DistributionId: "ENONE",
      InvalidationBatch: { CallerReference: "x", Paths: { Quantity: 1, Items: ["/"] } },
    };
    expect(await codeOf(cloud.sdk.send(new CreateInvalidationCommand(elsewhere)))).toBe("NoSuchDistribution");
  });

  it("policies are AWS's own and one's own; what is in use stays, and AWS's own can not be changed", async () => {
    const managed = (await cloud.sdk.send(new ListCachePoliciesCommand({ Type: "managed" }))).CachePolicyList!;
    expect(managed.Items!.map(({ CachePolicy }) => CachePolicy!.CachePolicyConfig!.Name)).toContain(
      "Managed-CachingOptimized",
    );
    const CachePolicyConfig = { Name: "mine", MinTTL: 5, DefaultTTL: 10, MaxTTL: 20 };
    const { CachePolicy } = await cloud.sdk.send(new CreateCachePolicyCommand({ CachePolicyConfig }));
    const custom = (await cloud.sdk.send(new ListCachePoliciesCommand({ Type: "custom" }))).CachePolicyList!;
    expect(custom.Items).toMatchObject([{ Type: "custom", CachePolicy: { Id: CachePolicy!.Id } }]);
    expect(
      (await cloud.sdk.send(new GetCachePolicyCommand({ Id: CachePolicy!.Id! }))).CachePolicy!.CachePolicyConfig,
    ).toMatchObject(CachePolicyConfig);
    expect(await codeOf(cloud.sdk.send(new CreateCachePolicyCommand({ CachePolicyConfig })))).toBe(
      "CachePolicyAlreadyExists",
    );
    const upside = { CachePolicyConfig: { Name: "x", MinTTL: 5, DefaultTTL: 1 } };
    expect(await codeOf(cloud.sdk.send(new CreateCachePolicyCommand(upside)))).toBe("InvalidArgument");
    const { id } = await cloud.program("aws:cloudfront/originAccessControl:OriginAccessControl", "access", {
      originAccessControlOriginType: "s3",
      signingBehavior: "always",
      signingProtocol: "sigv4",
    });
    await cloud.site();
    expect(await codeOf(cloud.sdk.send(new DeleteOriginAccessControlCommand({ Id: id })))).toBe(
      "InvalidIfMatchVersion",
    );
    const missing = new CreateKeyGroupCommand({ KeyGroupConfig: { Name: "group", Items: ["KNONE"] } });
    expect(await codeOf(cloud.sdk.send(missing))).toBe("InvalidArgument");
  });

  it("says of what is not emulated that it has no effect", async () => {
    const geo = { RestrictionType: "whitelist" as const, Quantity: 1, Items: ["CH"] };
    const edge = {
      EventType: "viewer-request" as const,
      LambdaFunctionARN: "arn:aws:lambda:us-east-1:000000000000:function:e:1",
    };
    await create({
      Restrictions: { GeoRestriction: geo },
      DefaultCacheBehavior: { ...defaultBehavior, LambdaFunctionAssociations: { Quantity: 1, Items: [edge] } },
    });
    const warned = cloud.logged.filter(({ level }) => level === "warn").map(({ message }) => message);
    expect(warned).toEqual([
      "Lambda@Edge functions are not emulated on this machine",
      "geo restrictions are not emulated on this machine",
    ]);
  });

  it("tags are set, read and removed", async () => {
    const DistributionConfigWithTags = { DistributionConfig: configOf(), Tags: { Items: [{ Key: "a", Value: "1" }] } };
    const { Distribution } = await cloud.sdk.send(
      new CreateDistributionWithTagsCommand({ DistributionConfigWithTags }),
    );
    const Resource = Distribution!.ARN!;
    await cloud.sdk.send(new TagResourceCommand({ Resource, Tags: { Items: [{ Key: "b", Value: "2" }] } }));
    await cloud.sdk.send(new UntagResourceCommand({ Resource, TagKeys: { Items: ["a"] } }));
    expect((await cloud.sdk.send(new ListTagsForResourceCommand({ Resource }))).Tags).toEqual({
      Items: [{ Key: "b", Value: "2" }],
    });
  });

  it("asks IAM about each call, by distribution", async () => {
    const { id, arn } = await cloud.site();
    const other = (await create()).Distribution!.Id!;
    const role = await roleWith(cloud.running, "publisher", {
      Effect: "Allow",
      Action: "cloudfront:CreateInvalidation",
      Resource: arn,
    });
    const publisher = new CloudFrontClient({ ...cloud.running.client(role), maxAttempts: 1 });
    const invalidate = (DistributionId: string) =>
      publisher.send(
        new CreateInvalidationCommand({
          DistributionId,
          InvalidationBatch: { CallerReference: "x", Paths: { Quantity: 1, Items: ["/"] } },
        }),
      );
    expect((await invalidate(id)).Invalidation!.Status).toBe("Completed");
    expect(await codeOf(invalidate(other))).toBe("AccessDenied");
    expect(await codeOf(publisher.send(new ListDistributionsCommand({})))).toBe("AccessDenied");
    publisher.destroy();
  });
});
