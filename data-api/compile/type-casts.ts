/** What stands around a placeholder, so that its value is of the column's type. */

export interface Around {
  prefix?: string;
  /** `::uuid` */
  suffix?: string;
}

/** The Data API's own parameter types, and those that PostgreSQL makes of them by itself. */
const NEEDS_NONE = new Set(["bool", "int2", "int4", "bytea", "text", "varchar"]);
const NONE: Around = {};
const known = new Map<string, Around>();

/** @param type PostgreSQL's short name; `x[]` for an array, `x{}` for a composite type */
export function aroundOf(type: string): Around {
  if (NEEDS_NONE.has(type)) return NONE;
  let around = known.get(type);
  if (!around) {
    around = makeAround(type);
    known.set(type, around);
  }
  return around;
}

function makeAround(type: string): Around {
  if (type.endsWith("{}")) {
    return { prefix: `jsonb_populate_record(null::${quoteType(type.slice(0, -2))}, `, suffix: "::jsonb)" };
  }
  if (type.endsWith("{}[]")) {
    return {
      prefix: `array(select jsonb_populate_recordset(null::${quoteType(type.slice(0, -4))}, `,
      suffix: "::jsonb))",
    };
  }
  return { suffix: `::${type.endsWith("[]") ? `${quoteType(type.slice(0, -2))}[]` : quoteType(type)}` };
}

/** Names of one's own types may need quotes; `char` and `bit` without them are other types, of one character. */
export function quoteType(type: string): string {
  const quote = (name: string) =>
    /^[a-z_][a-z0-9_]*$/.test(name) && name !== "char" && name !== "bit" ? name : `"${name.replaceAll('"', '""')}"`;
  return type.split(".").map(quote).join(".");
}
