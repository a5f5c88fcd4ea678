/** The SDK's S3 client, and a signed request of whatever form for what no SDK would send. */

import { createHash, createHmac } from "node:crypto";
import {
  CreateBucketCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from "@aws-sdk/client-s3";
import type { HttpRequest } from "@smithy/core/protocols";
import { SignatureV4 } from "@smithy/signature-v4";
import type { ClientConfig } from "../../../local/cloud.ts";

export interface ObjectClient {
  sdk: S3Client;
  create(bucket: string): Promise<void>;
  put(
    Bucket: string,
    Key: string,
    Body?: PutObjectCommandInput["Body"],
    more?: Partial<PutObjectCommandInput>,
  ): Promise<object>;
  text(Bucket: string, Key: string, more?: Partial<GetObjectCommandInput>): Promise<string>;
  /** Signs exactly these headers and sends them. */
  signed(method: string, path: string, headers: Record<string, string>, body?: string | Buffer): Promise<Response>;
}

export function objectClient(config: ClientConfig): ObjectClient {
  const sdk = new S3Client({ ...config, forcePathStyle: true, maxAttempts: 1 });
  return {
    sdk,
    async create(Bucket) {
      await sdk.send(new CreateBucketCommand({ Bucket }));
    },
    put: (Bucket, Key, Body = "x", more) => sdk.send(new PutObjectCommand({ Bucket, Key, Body, ...more })),
    async text(Bucket, Key, more) {
      const { Body } = await sdk.send(new GetObjectCommand({ Bucket, Key, ...more }));
      return Body!.transformToString();
    },
    async signed(method, path, headers, body) {
      const signer = new SignatureV4({
        ...{ credentials: config.credentials, region: config.region, service: "s3", sha256: Sha256 as never },
        uriEscapePath: false,
      });
      const { hostname, port, host } = new URL(config.endpoint);
      const request: { headers: Record<string, string> } = await signer.sign({
        ...{ method, protocol: "http:", hostname, port: Number(port), path, query: {} },
        headers: { host, ...headers },
      } as unknown as HttpRequest);
      const { host: _host, ...sent } = request.headers;
      return fetch(`${config.endpoint}${path}`, { method, headers: sent, body: body as never });
    },
  };
}

/** The hash that the signer asks for. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Uint8Array);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data as Uint8Array);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}
