/**
 * The tenant's objects through signed URLs: uploads and downloads for clients, and removal for the API itself, which spares it
 * the S3 client. The session behind the signature is the tenant's, so that IAM holds every URL below the tenant's prefix.
 */

import { S3RequestPresigner } from "@aws-sdk/s3-request-presigner";
import { buildQueryString, HttpRequest } from "@smithy/core/protocols";
import { Hash } from "@smithy/core/serde";
import type { AwsCredentialIdentityProvider } from "@smithy/types";
import type { Objects } from "./ports.ts";

/** How long a URL is good for. The tenant's session is renewed early enough never to end before. */
export const signedUrlSeconds = 15 * 60;

export interface SignedObjectsOptions {
  bucket: string;
  region: string;
  credentials: AwsCredentialIdentityProvider;
  /** Another S3 than AWS's own. */
  endpoint?: string;
  /** ms since the epoch */
  now?: () => number;
  fetch?: typeof fetch;
}

export function signedObjects({ now = Date.now, fetch = globalThis.fetch, ...options }: SignedObjectsOptions): Objects {
  const { bucket, region, credentials, endpoint } = options;
  const presigner = new S3RequestPresigner({ region, credentials, sha256: Hash.bind(null, "sha256") });
  const base = endpoint ? `${endpoint}/${bucket}` : `https://${bucket}.s3.${region}.amazonaws.com`;

  async function sign(
    method: string,
    key: string,
    extra: Partial<Record<"headers" | "query", Record<string, string>>> = {},
  ) {
    const { protocol, hostname, port, pathname } = new URL(`${base}/${key}`);
    const request = new HttpRequest({
      method,
      protocol,
      hostname,
      port: port === "" ? undefined : Number(port),
      path: pathname,
      headers: { host: port === "" ? hostname : `${hostname}:${port}`, ...extra.headers },
      query: extra.query ?? {},
    });
    const signed = await presigner.presign(request, {
      expiresIn: signedUrlSeconds,
      signingDate: new Date(now()),
      // The presigner leaves content-type out unless it is asked for; content-length it signs when it is given.
      signableHeaders: new Set(["host", ...Object.keys(extra.headers ?? {})]),
    });
    return `${protocol}//${request.headers["host"]}${pathname}?${buildQueryString(signed.query ?? {})}`;
  }

  return {
    async upload(key, contentType, bytes) {
      // If-None-Match: what was uploaded and measured can not be replaced while the signature lasts.
      const headers = { "content-type": contentType, "content-length": String(bytes), "if-none-match": "*" };
      const expiresAt = new Date(now() + signedUrlSeconds * 1000).toISOString();
      return { method: "PUT", url: await sign("PUT", key, { headers }), headers, expiresAt };
    },

    downloadUrl(key, { fileName } = {}) {
      if (fileName === undefined) return sign("GET", key);
      // RFC 6266: the name as it is, for every client of this century; never markup or a header's end.
      const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(fileName).replace(/['()*]/g, percent)}`;
      return sign("GET", key, { query: { "response-content-disposition": disposition } });
    },

    async remove(keys) {
      await Promise.all(
        keys.map(async (key) => {
          const response = await fetch(await sign("DELETE", key), {
            method: "DELETE",
            signal: AbortSignal.timeout(10_000),
          });
          const answer = await response.text();
          if (response.ok || response.status === 404) return;
          const code = /<Code>([^<]*)/.exec(answer)?.[1] ?? "no code";
          throw new Error(`Deleting ${key} from ${bucket} was answered with ${response.status} (${code})`);
        }),
      );
    },
  };
}

const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
