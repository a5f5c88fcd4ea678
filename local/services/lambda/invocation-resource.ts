/**
 * `aws.lambda.Invocation`: a call that belongs to the deployment. It is made while provisioning, in the program's order, and
 * again only when what it was asked for has changed since it last succeeded.
 */
import { createHash } from "node:crypto";
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud } from "../../service.ts";
import type { Functions } from "./functions.ts";

/** Nothing calls a migration again soon; others of the same provisioning may. */
const KEEP_WARM_MS = 2_000;

export function invocationResource(cloud: Cloud, functions: Functions): (resource: Resource) => Promise<void> {
  cloud.database.exec(
    "CREATE TABLE IF NOT EXISTS lambda_invocations (urn TEXT PRIMARY KEY, digest TEXT NOT NULL, input TEXT NOT NULL) STRICT",
  );
  const select = cloud.database.prepare("SELECT digest, input FROM lambda_invocations WHERE urn = ?");
  const upsert = cloud.database.prepare("INSERT OR REPLACE INTO lambda_invocations VALUES (?, ?, ?)");

  return async ({ urn, inputs }) => {
    const input = String(inputs.input ?? "{}");
    const digest = digestOf({
      functionName: inputs.functionName,
      qualifier: inputs.qualifier,
      input,
      triggers: inputs.triggers,
    });
    const last = select.get(urn);
    if (last?.digest === digest) return;
    const payload =
      inputs.lifecycleScope === "CRUD"
        ? withLifecycle(input, String(inputs.terraformKey ?? "tf"), last && String(last.input))
        : input;
    const qualifier = inputs.qualifier === undefined ? undefined : String(inputs.qualifier);
    const target = functions.find(String(inputs.functionName), qualifier);
    const result = await functions.invoke(target, { payload, qualifier, keepWarmMs: KEEP_WARM_MS });
    if (result.functionError) {
      const { errorType, errorMessage } = JSON.parse(result.payload.toString());
      throw new Error(`the function ${target.config.name} failed: ${errorType ? `${errorType}: ` : ""}${errorMessage}`);
    }
    upsert.run(urn, digest, input);
  };
}

function withLifecycle(input: string, key: string, previous: string | undefined): string {
  const lifecycle = {
    action: previous === undefined ? "create" : "update",
    prev_input: previous && JSON.parse(previous),
  };
  return JSON.stringify({ ...JSON.parse(input), [key]: lifecycle });
}

function digestOf(value: unknown): string {
  const sorted = JSON.stringify(value, (_key, member) =>
    member && typeof member === "object" && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
  return createHash("sha256").update(sorted).digest("hex");
}
