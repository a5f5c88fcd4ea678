/** The running platform, as these tools find it: `.terrace/outputs.json` says where it is and how to speak to it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalOutputs } from "../runner/outputs.ts";

export interface Platform extends LocalOutputs {
  /** For any SDK client: the administrator of the local cloud. */
  client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
}

/** What a person typed wrong, or a platform that does not run: one line. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** @param state Where `npm start` keeps its state. */
export function findPlatform(state = ".terrace"): Platform {
  let outputs: LocalOutputs;
  try {
    outputs = JSON.parse(readFileSync(join(state, "outputs.json"), "utf8"));
  } catch {
    throw new ToolError(
      `there is no ${join(state, "outputs.json")}: run \`npm start\` first, or name its state with --state`,
    );
  }
  const { endpoint, region, accessKeyId, secretAccessKey } = outputs.aws;
  return { ...outputs, client: { endpoint, region, credentials: { accessKeyId, secretAccessKey } } };
}

/** Those that are meant: by the whole name, by words of it in their order (`acme-audit`), or else by a part of it. */
export function matching(wanted: string, candidates: readonly string[]): { found: string[]; byWords: boolean } {
  if (candidates.includes(wanted)) return { found: [wanted], byWords: true };
  const words = wanted.split(SEPARATOR);
  const hasWords = (name: string) => {
    let at = 0;
    for (const word of name.split(SEPARATOR)) if (word === words[at]) at++;
    return at === words.length;
  };
  const byWords = candidates.filter(hasWords);
  if (byWords.length > 0) return { found: byWords, byWords: true };
  return { found: candidates.filter((name) => name.includes(wanted)), byWords: false };
}

/** The one candidate that is meant. @throws ToolError where there is none, or several */
export function choose(what: string, wanted: string, candidates: readonly string[]): string {
  const { found } = matching(wanted, candidates);
  if (found.length === 1) return found[0]!;
  const list = (found.length > 0 ? found : candidates).slice(0, 20).map((name) => `\n  ${name}`);
  const problem =
    found.length > 0 ? `"${wanted}" is not the only ${what} of that name` : `there is no ${what} "${wanted}"`;
  throw new ToolError(`${problem}; there are:${list.join("")}`);
}

const SEPARATOR = /[-_/]/;

export function tenantOf(platform: Platform, id: string): LocalOutputs["tenants"][string] {
  const tenant = platform.tenants[id];
  if (tenant) return tenant;
  throw new ToolError(`there is no tenant "${id}"; there are: ${Object.keys(platform.tenants).join(", ")}`);
}

/** Rows in columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
