/** Types of a table's columns (Hive's) as DuckDB's, types of results as Athena names them, and values as it writes them. */

const SIMPLE: Record<string, string> = {
  string: "VARCHAR",
  boolean: "BOOLEAN",
  tinyint: "TINYINT",
  smallint: "SMALLINT",
  int: "INTEGER",
  integer: "INTEGER",
  bigint: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
  date: "DATE",
  timestamp: "TIMESTAMP",
  binary: "BLOB",
};

/** `array<struct<a:int>>` → `STRUCT("a" INTEGER)[]` */
export function duckType(hive: string): string {
  const type = hive.trim().toLowerCase();
  if (SIMPLE[type]) return SIMPLE[type];
  if (/^(var)?char\(\d+\)$/.test(type)) return "VARCHAR";
  if (/^decimal(\(\d+, *\d+\))?$/.test(type)) return type === "decimal" ? "DECIMAL(10,0)" : type.toUpperCase();
  const [, outer, inner = ""] = /^(array|map|struct)<(.*)>$/.exec(type) ?? [];
  if (outer === "array") return `${duckType(inner)}[]`;
  if (outer === "map") return `MAP(${parts(inner).map(duckType).join(", ")})`;
  if (outer === "struct") {
    const fields = parts(inner).map((field) => {
      const colon = field.indexOf(":");
      return `"${field.slice(0, colon).trim()}" ${duckType(field.slice(colon + 1))}`;
    });
    return `STRUCT(${fields.join(", ")})`;
  }
  throw new Error(`HIVE_INVALID_METADATA: type ${hive} is not known on this machine`);
}

/** Parts between commas that no brackets enclose. */
function parts(text: string): string[] {
  const found = [""];
  let depth = 0;
  for (const char of text) {
    if (char === "<" || char === "(") depth++;
    if (char === ">" || char === ")") depth--;
    if (char === "," && depth === 0) found.push("");
    else found[found.length - 1] += char;
  }
  return found;
}

export interface ColumnInfo {
  CatalogName: string;
  SchemaName: string;
  TableName: string;
  Name: string;
  Label: string;
  Type: string;
  Precision: number;
  Scale: number;
  Nullable: "UNKNOWN";
  CaseSensitive: boolean;
}

const RESULTS: [form: RegExp, type: string, precision: number][] = [
  [/^BOOLEAN$/, "boolean", 0],
  [/^TINYINT$/, "tinyint", 3],
  [/^SMALLINT$/, "smallint", 5],
  [/^INTEGER$/, "integer", 10],
  // A sum of integers is a HUGEINT in DuckDB, and a bigint in Presto.
  [/^(BIGINT|HUGEINT|UBIGINT|UINTEGER|UTINYINT|USMALLINT|UHUGEINT)$/, "bigint", 19],
  [/^FLOAT$/, "float", 17],
  [/^DOUBLE$/, "double", 17],
  [/^DATE$/, "date", 0],
  [/^TIMESTAMP(_S|_MS|_NS)?$/, "timestamp", 3],
  [/^TIMESTAMP WITH TIME ZONE$/, "timestamp with time zone", 3],
  [/^BLOB$/, "varbinary", 1_073_741_824],
  [/^JSON$/, "json", 0],
  [/\[\d*\]$/, "array", 0],
  [/^MAP\(/, "map", 0],
  [/^STRUCT\(/, "row", 0],
];

export function columnInfo(Name: string, duck: string): ColumnInfo {
  const [, Precision, Scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(duck)?.map(Number) ?? [];
  const [, Type, precision] = RESULTS.find(([form]) => form.test(duck)) ?? [undefined, "varchar", 2_147_483_647];
  return {
    ...{ CatalogName: "hive", SchemaName: "", TableName: "", Name, Label: Name },
    ...(Precision === undefined
      ? { Type, Precision: precision, Scale: 0 }
      : { Type: "decimal", Precision, Scale: Scale ?? 0 }),
    ...{ Nullable: "UNKNOWN" as const, CaseSensitive: Type === "varchar" && Precision === undefined },
  };
}

/** A value of DuckDB's JSON form, as Athena writes it; undefined is NULL. */
export function written(value: unknown, duck: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) {
    if (duck.startsWith("MAP(")) return entries(value.map(({ key, value: of }) => [String(key), of]));
    const inner = duck.replace(/\[\d*\]$/, "");
    return `[${value.map((each) => written(each, inner) ?? "null").join(", ")}]`;
  }
  if (typeof value === "object") return entries(Object.entries(value));
  const text = String(value);
  if (duck === "DOUBLE" || duck === "FLOAT") return real(Number(value));
  if (/^TIMESTAMP(_S|_MS|_NS)?$/.test(duck)) return millis(text);
  if (duck === "TIMESTAMP WITH TIME ZONE") return `${millis(text.replace(/[+-]\d\d(:\d\d)?$/, ""))} UTC`;
  return text;
}

function entries(pairs: [string, unknown][]): string {
  return `{${pairs.map(([key, value]) => `${key}=${written(value, "") ?? "null"}`).join(", ")}}`;
}

function millis(text: string): string {
  const [seconds, fraction = ""] = text.split(".");
  return `${seconds}.${fraction.padEnd(3, "0").slice(0, 3)}`;
}

/** As Java writes it: `1.0`, `1.0E7`. */
function real(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e7)) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}
