/** AWS names the type that it can not return; which column has it, the map of columns knows. */

import type { CompiledQuery } from "kysely";
import type { ColumnTypes } from "./compile/column-types.ts";
import { UnsupportedResultError } from "./errors.ts";

/** The error itself, with the columns it may mean in its message. */
export function nameUnsupportedColumn(error: unknown, { sql }: CompiledQuery, types: ColumnTypes = {}): unknown {
  if (!(error instanceof UnsupportedResultError)) return error;
  const name = /unsupported data type ("?[\w ]+"?)/
    .exec(error.message)?.[1]
    ?.toLowerCase()
    .replace(/^_(.*)/, "$1[]");
  if (!name) return error;
  const words = new Set(sql.match(/\w+/g));
  const isMeant = (table: string, column: string) =>
    words.has(column) || (sql.includes("*") && words.has(table.split(".").at(-1)!));
  const columns = Object.entries(types).flatMap(([table, of]) =>
    Object.entries(of).flatMap(([column, type]) =>
      type.replace("{}", "") === name && isMeant(table, column) ? [`${table}.${column}`] : [],
    ),
  );
  if (columns.length === 0) return error;
  const [first] = columns;
  const column = first!.split(".").at(-1);
  const text = `${columns.join(", ")} (${name}) can not be returned as it is: select it as text, "${column}"::text.`;
  error.message = `${error.message.split(" Select it")[0]} ${text}`;
  return error;
}
