import { createSign, generateKeyPairSync } from "node:crypto";
import { CreateKeyGroupCommand, CreatePublicKeyCommand, GetDistributionCommand } from "@aws-sdk/client-cloudfront";
import { BUCKET, behaviorTo, type EdgeCloud, startEdge } from "./fixture.ts";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const HOST = "media.example.com";

/** As CloudFront's guide has it: SHA-1 with RSA, and base64 that a URL can carry. */
const safe = (bytes: Buffer) => bytes.toString("base64").replace(/\+/g, "-").replace(/=/g, "_").replace(/\//g, "~");
const sign = (policy: string) => safe(createSign("RSA-SHA1").update(policy).sign(privateKey));
const canned = (url: string, until: number) =>
  `{"Statement":[{"Resource":"${url}","Condition":{"DateLessThan":{"AWS:EpochTime":${until}}}}]}`;

describe("CloudFront's private content", () => {
  let cloud: EdgeCloud;
  let key: string;
  let soon: number;
  let id: string;

  beforeEach(async () => {
    cloud = await startEdge();
    soon = Math.floor(cloud.clock.now() / 1000) + 60;
    const EncodedKey = publicKey.export({ type: "spki", format: "pem" }).toString();
    const { PublicKey } = await cloud.sdk.send(
      new CreatePublicKeyCommand({ PublicKeyConfig: { CallerReference: "1", Name: "signer", EncodedKey } }),
    );
    key = PublicKey!.Id!;
    const { KeyGroup } = await cloud.sdk.send(
      new CreateKeyGroupCommand({ KeyGroupConfig: { Name: "signers", Items: [key] } }),
    );
    const orderedCacheBehaviors = [{ pathPattern: "/open/*", ...behaviorTo("files") }];
    ({ id } = await cloud.site({ aliases: [HOST], orderedCacheBehaviors }, { trustedKeyGroups: [KeyGroup!.Id!] }));
    await cloud.objects.put(BUCKET, "photo.jpg", "photo");
    await cloud.objects.put(BUCKET, "open/logo.svg", "logo");
  });
  afterEach(() => cloud.stop());

  function url(until: number, given: { path?: string; keyId?: string; signed?: string } = {}): string {
    const { path = "/photo.jpg", keyId = key } = given;
    const signature = sign(canned(given.signed ?? `https://${HOST}${path}`, until));
    return `${path}?Expires=${until}&Signature=${signature}&Key-Pair-Id=${keyId}`;
  }

  it("a signed URL is good until its time, under the host it was signed for and its local name", async () => {
    expect((await cloud.get(url(soon))).text).toBe("photo");
    expect((await cloud.get(url(soon), { host: HOST })).text).toBe("photo");
    await cloud.clock.advance(61_000);
    const { status, text } = await cloud.get(url(soon));
    expect([status, text]).toEqual([
      403,
      expect.stringContaining("<Code>AccessDenied</Code><Message>Access denied</Message>"),
    ]);
  });

  it.each([
    ["MissingKey", "Missing Key-Pair-Id query parameter or cookie value", () => "/photo.jpg"],
    ["InvalidKey", "Unknown Key", () => url(soon, { keyId: "KNONE" })],
    ["AccessDenied", "Access denied", () => url(soon).replace(/Expires=\d+/, `Expires=${soon + 1}`)],
    ["AccessDenied", "Access denied", () => url(soon, { signed: `https://${HOST}/other.jpg` })],
    ["MissingSignature", "Missing Signature", () => `/photo.jpg?Key-Pair-Id=${key}&Expires=1`],
    ["MissingExpires", "Missing Expires or Policy", () => `/photo.jpg?Key-Pair-Id=${key}&Signature=x`],
  ])("refuses with %s: %s", async (code, message, path) => {
    const { status, text, headers } = await cloud.get(path());
    expect([status, headers["x-cache"]]).toEqual([403, "Error from cloudfront"]);
    expect(text).toContain(`<Code>${code}</Code>`);
    expect(text).toContain(message);
  });

  it("a custom policy in cookies opens a folder, from one time to another, for an address", async () => {
    const policyOf = (more: object, resource = `https://${HOST}/pho*`) =>
      JSON.stringify({
        Statement: [{ Resource: resource, Condition: { DateLessThan: { "AWS:EpochTime": soon }, ...more } }],
      });
    const get = (policy: string) => {
      const cookie = `CloudFront-Policy=${safe(Buffer.from(policy))}; CloudFront-Signature=${sign(policy)}; CloudFront-Key-Pair-Id=${key}`;
      return cloud.get("/photo.jpg", { headers: { cookie } });
    };
    expect((await get(policyOf({ IpAddress: { "AWS:SourceIp": "127.0.0.0/8" } }))).text).toBe("photo");
    expect((await get(policyOf({}, `http*://*`))).text).toBe("photo");
    expect((await get(policyOf({ IpAddress: { "AWS:SourceIp": "10.0.0.0/8" } }))).status).toBe(403);
    expect((await get(policyOf({ DateGreaterThan: { "AWS:EpochTime": soon - 1 } }))).status).toBe(403);
    expect((await get(policyOf({}, `https://${HOST}/videos/*`))).status).toBe(403);
  });

  it("the signature is no part of what the cache knows, and other behaviours ask for none", async () => {
    await cloud.get(url(soon));
    expect((await cloud.get(url(soon + 1))).headers["x-cache"]).toBe("Hit from cloudfront");
    expect((await cloud.get("/open/logo.svg")).text).toBe("logo");
  });

  it("a distribution names the keys that it trusts", async () => {
    const { Distribution } = await cloud.sdk.send(new GetDistributionCommand({ Id: id }));
    expect(Distribution!.ActiveTrustedKeyGroups).toMatchObject({
      Enabled: true,
      Items: [{ KeyPairIds: { Items: [key] } }],
    });
  });
});
