/** Where a function's or a layer's code can be downloaded from: an address that holds for ten minutes, as on AWS. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AwsError, type AwsRequest, type AwsResponse, type Cloud } from "../../../service.ts";
import type { Code } from "./code.ts";
import { pack } from "./packages.ts";

const HOLDS_MS = 600_000;
/** Requests for it come without a signature: see `unsignedService` in server.ts. */
export const CODE_PATH = "/.lambda-code/";

export interface CodeLocations {
  of(code: Code): string;
  /** Answers a request for such an address; undefined for any other. */
  handle(request: AwsRequest): AwsResponse | undefined;
}

/** @param packages Directory of the zips as they came. */
export function codeLocations({ endpoint, clock }: Pick<Cloud, "endpoint" | "clock">, packages: string): CodeLocations {
  const open = new Map<string, { code: Code; until: number }>();

  return {
    of(code) {
      const now = clock.now();
      for (const [token, { until }] of open) if (until < now) open.delete(token);
      const token = randomBytes(24).toString("base64url");
      open.set(token, { code, until: now + HOLDS_MS });
      return `${endpoint}${CODE_PATH}${token}`;
    },
    handle({ method, url }) {
      if (!url.pathname.startsWith(CODE_PATH)) return undefined;
      const found = open.get(url.pathname.slice(CODE_PATH.length));
      if (method !== "GET" || !found || found.until < clock.now()) {
        throw new AwsError("AccessDeniedException", "Request has expired", 403);
      }
      const { sha256, directory } = found.code;
      const path = join(packages, `${Buffer.from(sha256, "base64").toString("hex")}.zip`);
      const body = existsSync(path) ? readFileSync(path) : pack(directory);
      return { status: 200, headers: { "content-type": "application/zip" }, body };
    },
  };
}
