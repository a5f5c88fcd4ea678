/** `npm run sql -- --tenant acme "select …"`: as the tenant's own database role, through the Data API; row security applies. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { ExecuteStatementCommand, type Field, RDSDataClient } from "@aws-sdk/client-rds-data";
import type { Tool } from "./main.ts";
import { ToolError, table, tenantOf } from "./platform.ts";

export const sql: Tool = {
  usage: `npm run sql -- --tenant <id> ["<statement>"]

Runs a statement as the tenant's own database role: it sees what the tenant's functions see. Without a statement it asks for
them one by one, each up to a semicolon.`,
  options: { tenant: { type: "string" } },
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
        const output = await client.send(
          new ExecuteStatementCommand({ ...database, sql: statement, includeResultMetadata: true }),
        );
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
    if (words.length > 0) return (await execute(words.join(" "))) ? 0 : 1;
    let failed = false;
    const executeAll = async (statements: string[]): Promise<void> => {
      for (const each of statements) if (each.trim() !== "") failed = !(await execute(each)) || failed;
    };
    if (!process.stdin.isTTY) {
      await executeAll(readFileSync(0, "utf8").split(/;\s*(?:\n|$)/));
      return failed ? 1 : 0;
    }
    const input = createInterface({ input: process.stdin, output: process.stdout, prompt: `${values.tenant}=> ` });
    signal.addEventListener("abort", () => input.close());
    let pending = "";
    input.prompt();
    for await (const line of input) {
      const statements = `${pending}${line}\n`.split(/;\s*\n/);
      pending = statements.pop()!;
      await executeAll(statements);
      if (!signal.aborted) input.prompt();
    }
    return failed ? 1 : 0;
  },
};

function shown(field: Field): string {
  if (field.isNull) return "∅";
  if (field.arrayValue) return JSON.stringify(Object.values(field.arrayValue)[0]);
  if (field.blobValue) return `\\x${Buffer.from(field.blobValue).toString("hex")}`;
  return String(field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue);
}
