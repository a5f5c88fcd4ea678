/** A cloud with CloudFront and S3 behind the gateway's port, and a client that can say which host it means. */
import { CloudFrontClient } from "@aws-sdk/client-cloudfront";
import type { Value } from "../../../engine/graph.ts";
import type { ServiceFactory } from "../../../local/cloud.ts";
import { type Gateway, type Hosts, startGateway } from "../../../local/services/apigateway/gateway.ts";
import { cloudfront } from "../../../local/services/cloudfront/index.ts";
import { request, type Sent, type SentOptions } from "../http-request.ts";
import { type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { resource } from "../resource.ts";
import { type ObjectClient, objectClient } from "../s3/s3-client.ts";

export const BUCKET = "site-files";
export const OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6";
export const DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
export const BUCKET_DOMAIN = `${BUCKET}.s3.eu-west-1.amazonaws.com`;

export interface EdgeCloud extends MessagingCloud {
  gateway: Gateway;
  sdk: CloudFrontClient;
  objects: ObjectClient;
  /** Declares a resource as a program would. @returns its id and outputs */
  program(
    type: string,
    name: string,
    inputs: Record<string, Value>,
  ): Promise<{ id: string; outputs: Record<string, string> }>;
  /** A distribution `site` over the bucket, which lets it read; further inputs go before those. */
  site(inputs?: Record<string, Value>, behavior?: Record<string, Value>): Promise<{ id: string; arn: string }>;
  /** A CloudFront Function of the program; its ARN. */
  edgeFunction(code: string, name?: string): Promise<string>;
  get(path: string, options?: SentOptions): Promise<Sent>;
}

export async function startEdge(hosts: Hosts = {}, services: Record<string, ServiceFactory> = {}): Promise<EdgeCloud> {
  const cloud = await startMessaging({ cloudfront, ...services });
  let gateway = await startGateway({ cloud: cloud.running, port: 0, hosts });
  const objects = objectClient(cloud.running.client());
  await objects.create(BUCKET);
  const sdk = new CloudFrontClient({ ...cloud.running.client(), maxAttempts: 1 });
  const { restart, stop } = cloud;

  async function program(type: string, name: string, inputs: Record<string, Value>) {
    const made = resource(type, name, inputs);
    const owner = type.startsWith("aws:s3/") ? "s3" : "cloudfront";
    await (await cloud.running.service(owner)).resources[type]!(made);
    return { id: made.id!, outputs: made.outputs as Record<string, string> };
  }

  return Object.assign(cloud, {
    ...{ gateway, sdk, objects, program },
    async site(inputs: Record<string, Value> = {}, behavior: Record<string, Value> = {}) {
      const control = await program("aws:cloudfront/originAccessControl:OriginAccessControl", "access", {
        ...{ originAccessControlOriginType: "s3", signingBehavior: "always", signingProtocol: "sigv4" },
      });
      const { id, outputs } = await program("aws:cloudfront/distribution:Distribution", "site", {
        enabled: true,
        defaultRootObject: "index.html",
        origins: [{ originId: "files", domainName: BUCKET_DOMAIN, originAccessControlId: control.id }],
        defaultCacheBehavior: behaviorTo("files", behavior),
        restrictions: { geoRestriction: { restrictionType: "none" } },
        viewerCertificate: { acmCertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/one" },
        ...inputs,
      });
      await program("aws:s3/bucketPolicy:BucketPolicy", "policy", { bucket: BUCKET, policy: readableBy(outputs.arn!) });
      return { id, arn: outputs.arn! };
    },
    async edgeFunction(code: string, name = "edge") {
      const inputs = { name, runtime: "cloudfront-js-2.0", code, publish: true };
      return (await program("aws:cloudfront/function:Function", name, inputs)).outputs.arn!;
    },
    get: (path: string, options: SentOptions = {}) =>
      request(gateway.port, path, { host: "site.localhost", ...options }),
    async restart(options?: Parameters<typeof restart>[0]) {
      await gateway.stop();
      await restart(options);
      gateway = await startGateway({ cloud: cloud.running, port: 0, hosts });
    },
    async stop() {
      sdk.destroy();
      objects.sdk.destroy();
      await gateway.stop();
      await stop();
    },
  });
}

export function behaviorTo(targetOriginId: string, more: Record<string, Value> = {}): Record<string, Value> {
  return {
    ...{ targetOriginId, viewerProtocolPolicy: "redirect-to-https", cachePolicyId: OPTIMIZED, compress: true },
    ...{ allowedMethods: ["GET", "HEAD"], cachedMethods: ["GET", "HEAD"] },
    ...more,
  };
}

/** A bucket policy for one distribution; `s3:ListBucket` makes what is missing a 404. */
export function readableBy(arn: string, ...more: object[]): string {
  const who = {
    ...{ Effect: "Allow", Principal: { Service: "cloudfront.amazonaws.com" } },
    Condition: { StringEquals: { "aws:SourceArn": arn } },
  };
  const Statement = [
    { ...who, Action: "s3:GetObject", Resource: `arn:aws:s3:::${BUCKET}/*` },
    { ...who, Action: "s3:ListBucket", Resource: `arn:aws:s3:::${BUCKET}` },
    ...more,
  ];
  return JSON.stringify({ Version: "2012-10-17", Statement });
}
