/** What the columns of a database are, and what the Data API does with each type. */

/**
 * Table → column → PostgreSQL's short type name: `{ albums: { album_id: "uuid", tags: "text[]" } }`; `address{}` for a
 * composite type. Written by `describeDatabase` beside the `Database` interface. A table outside `public` stands as
 * `schema.table`.
 */
export type ColumnTypes = Record<string, Record<string, string>>;

/** A member of one's own: a column may well be called `constructor`. */
export function own<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Built-in types whose values the Data API refuses to return, whatever they hold. */
const UNREADABLE = new Set(
  (
    "interval timetz char money xml bit varbit macaddr macaddr8 point line lseg box path polygon circle " +
    "tsvector tsquery jsonpath pg_lsn xid xid8 cid tid txid_snapshot pg_snapshot " +
    "regclass regtype regproc regprocedure regoper regoperator regrole regnamespace regcollation regconfig regdictionary " +
    "int4range int8range numrange tsrange tstzrange daterange " +
    "int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange " +
    "hstore ltree lquery vector halfvec sparsevec geometry geography cube box2d box3d"
  ).split(" "),
);

/** How a column of a type is selected, where it can not be as it is. */
export type Reading = "text" | "text[]" | "json";

export function readingOf(type: string): Reading | undefined {
  let reading = readings.get(type);
  if (reading === undefined) {
    reading = makeReading(type) ?? null;
    readings.set(type, reading);
  }
  return reading ?? undefined;
}

const readings = new Map<string, Reading | null>();

function makeReading(type: string): Reading | undefined {
  if (type.includes("{}")) return "json";
  if (!type.endsWith("[]")) return UNREADABLE.has(type) ? "text" : undefined;
  const element = type.slice(0, -2);
  // The result's arrays have no member for bytes.
  return element === "bytea" || UNREADABLE.has(element) ? "text[]" : undefined;
}
