/**
 * The AWS SDK that Lambda's Node.js runtimes have: a package without it finds the project's, where Node.js looks for what is
 * not in the package itself. Only the clients that are installed here are there.
 */
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const SCOPES = ["@aws-sdk", "@smithy"];

/** @param cache Directory below which all code is laid out. */
export function offerRuntimePackages(cache: string): void {
  // Of any client: all of them stand side by side.
  const sdk = dirname(createRequire(import.meta.url).resolve("@aws-sdk/client-lambda/package.json"));
  const installed = join(sdk, "../..");
  const offered = join(cache, "node_modules");
  mkdirSync(offered, { recursive: true });
  for (const scope of SCOPES) {
    const target = join(installed, scope);
    if (existsSync(target) && !existsSync(join(offered, scope))) symlinkSync(target, join(offered, scope), "junction");
  }
}
