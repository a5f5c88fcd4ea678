/** `npm run sql -- --tenant acme "select …"`: as the tenant's own database role, through the Data API; row security applies. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { setTimeout as delay } from "node:timers/promises";
import { ExecuteStatementCommand, type Field, RDSDataClient } from "@aws-sdk/client-rds-data";
import type { Tool } from "./main.ts";
import { ToolError, table, tenantOf } from "./platform.ts";
import { splitStatements } from "./split-statements.ts";

/** Half a minute together. */
const RESUME_ATTEMPTS = 60;
const RESUME_PAUSE_MS = 500;

export const sql: Tool = {
  usage: `npm run sql -- --tenant <id> ["<statement>"]

Runs a statement as the tenant's own database role: it sees what the tenant's functions see. Without a statement it asks for
them one by one, each up to a semicolon.`,
  options: { tenant: { type: "string" } },
  mostWords: Number.POSITIVE_INFINITY,
  async run({ platform, values, words, write, signal }) {
    if (values.tenant === undefined)
      throw new ToolError(`--tenant is missing; there are: ${Object.keys(platform.tenants).join(", ")}`);
    const { database } = tenantOf(platform, String(values.tenant));
    if (!database)
      throw new ToolError(
        `tenant "${values.tenant}" has no database: its provisioning failed, see \`npm run logs -- lifecycle\``,
      );
    const client = new RDSDataClient(platform.client);
    const execute = async (statement: string): Promise<boolean> => {
      try {
        const command = new ExecuteStatementCommand({ ...database, sql: statement, includeResultMetadata: true });
        const output = await awake(() => client.send(command), write, signal);
        const { columnMetadata = [], records = [], numberOfRecordsUpdated = 0 } = output;
        if (columnMetadata.length === 0) write(`${numberOfRecordsUpdated} rows changed\n`);
        else {
          const heads = columnMetadata.map(({ label, name }) => label ?? name ?? "?");
          write(
            `${table([heads, heads.map((head) => "-".repeat(head.length)), ...records.map((row) => row.map(shown))])}\n`,
          );
          write(`${records.length} row${records.length === 1 ? "" : "s"}\n`);
        }
        return true;
      } catch (error) {
        write(`${(error as Error).message}\n`);
        return false;
      }
    };
    let failed = false;
    const executeAll = async (statements: string[]): Promise<void> => {
      for (const each of statements) if (each.trim() !== "") failed = !(await execute(each)) || failed;
    };
    if (words.length > 0 || !process.stdin.isTTY) {
      const { statements, rest } = splitStatements(words.length > 0 ? words.join(" ") : readFileSync(0, "utf8"));
      await executeAll([...statements, rest]);
      return failed ? 1 : 0;
    }
    const input = createInterface({ input: process.stdin, output: process.stdout, prompt: `${values.tenant}=> ` });
    signal.addEventListener("abort", () => input.close());
    let pending = "";
    input.prompt();
    for await (const line of input) {
      const { statements, rest } = splitStatements(`${pending}${line}\n`);
      pending = rest.trim() === "" ? "" : rest;
      await executeAll(statements);
      if (!signal.aborted) input.prompt();
    }
    return failed ? 1 : 0;
  },
};

/** A database that has paused takes a moment to resume: no answer to hand on to a person. */
async function awake<Answer>(
  ask: () => Promise<Answer>,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if ((error as Error).name !== "DatabaseResumingException" || attempt === RESUME_ATTEMPTS || signal.aborted)
        throw error;
      if (attempt === 0) write("The database has paused; it resumes…\n");
      await delay(RESUME_PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }
}

function shown(field: Field): string {
  if (field.isNull) return "∅";
  if (field.arrayValue) return JSON.stringify(Object.values(field.arrayValue)[0]);
  if (field.blobValue) return `\\x${Buffer.from(field.blobValue).toString("hex")}`;
  return String(field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue);
}
