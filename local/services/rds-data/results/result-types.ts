/** PostgreSQL's types by OID: what a result column of each becomes, and how the metadata names it. */

/** How a value travels. `unsupported` types are refused by name. */
export type Kind =
  | "boolean"
  | "long"
  | "double"
  | "decimal"
  | "string"
  | "blob"
  | "time"
  | "timestamp"
  | "timestamptz"
  | "date"
  | "void"
  | "array"
  | "unsupported";

export interface ResultType {
  name: string;
  kind: Kind;
  /** java.sql.Types, which the metadata's `type` speaks. */
  jdbc: number;
  signed?: boolean;
  caseInsensitive?: boolean;
  precision?: number;
  scale?: number;
  /** Element type of an array. */
  element?: ResultType;
}

const ARRAY = 2003;
const OTHER = 1111;
const UNBOUNDED = 2147483647;

const number = { signed: true, caseInsensitive: true };

/** OID, OID of its array, type. */
const BUILT_IN: [number, number, ResultType][] = [
  [16, 1000, { name: "bool", kind: "boolean", jdbc: -7, caseInsensitive: true, precision: 1 }],
  [17, 1001, { name: "bytea", kind: "blob", jdbc: -2, precision: UNBOUNDED }],
  [18, 1002, { name: "char", kind: "unsupported", jdbc: 1, precision: 1 }],
  [19, 1003, { name: "name", kind: "string", jdbc: 12, precision: 63 }],
  [20, 1016, { name: "int8", kind: "long", jdbc: -5, ...number, precision: 19 }],
  [21, 1005, { name: "int2", kind: "long", jdbc: 5, ...number, precision: 5 }],
  [23, 1007, { name: "int4", kind: "long", jdbc: 4, ...number, precision: 10 }],
  [25, 1009, { name: "text", kind: "string", jdbc: 12, precision: UNBOUNDED }],
  [26, 1028, { name: "oid", kind: "string", jdbc: -5, caseInsensitive: true, precision: 10 }],
  [114, 199, { name: "json", kind: "string", jdbc: OTHER, precision: UNBOUNDED }],
  [650, 651, { name: "cidr", kind: "string", jdbc: OTHER, precision: UNBOUNDED }],
  [700, 1021, { name: "float4", kind: "double", jdbc: 7, ...number, precision: 8, scale: 8 }],
  [701, 1022, { name: "float8", kind: "double", jdbc: 8, ...number, precision: 17, scale: 17 }],
  [705, 0, { name: "unknown", kind: "string", jdbc: OTHER, precision: UNBOUNDED }],
  [869, 1041, { name: "inet", kind: "string", jdbc: OTHER, precision: UNBOUNDED }],
  [1042, 1014, { name: "bpchar", kind: "string", jdbc: 1, precision: UNBOUNDED }],
  [1043, 1015, { name: "varchar", kind: "string", jdbc: 12, precision: UNBOUNDED }],
  [1082, 1182, { name: "date", kind: "date", jdbc: 91, caseInsensitive: true, precision: 13 }],
  [1083, 1183, { name: "time", kind: "time", jdbc: 92, caseInsensitive: true, precision: 15, scale: 6 }],
  [1114, 1115, { name: "timestamp", kind: "timestamp", jdbc: 93, caseInsensitive: true, precision: 29, scale: 6 }],
  [1184, 1185, { name: "timestamptz", kind: "timestamptz", jdbc: 93, caseInsensitive: true, precision: 35, scale: 6 }],
  [1700, 1231, { name: "numeric", kind: "decimal", jdbc: 2, ...number, precision: 0, scale: 0 }],
  [2278, 0, { name: "void", kind: "void", jdbc: OTHER, precision: UNBOUNDED }],
  [2950, 2951, { name: "uuid", kind: "string", jdbc: OTHER, precision: UNBOUNDED }],
  [3802, 3807, { name: "jsonb", kind: "string", jdbc: OTHER, precision: UNBOUNDED }],
];

const byOid = new Map<number, ResultType>();
for (const [oid, arrayOid, type] of BUILT_IN) {
  byOid.set(oid, type);
  if (arrayOid) byOid.set(arrayOid, arrayOf(type));
}

export function arrayOf(element: ResultType): ResultType {
  return { name: `_${element.name}`, kind: "array", jdbc: ARRAY, precision: element.precision, element };
}

/** A type that every PostgreSQL has; others are looked up in the database's own catalogue. */
export function builtInType(oid: number): ResultType | undefined {
  return byOid.get(oid);
}

/** A type known by its catalogue row only: enums are strings, everything else is beyond the Data API. */
export function catalogueType(row: { typname: string; typtype: string }): ResultType {
  const isText = row.typtype === "e" || row.typname === "citext";
  return { name: row.typname, kind: isText ? "string" : "unsupported", jdbc: 12, precision: UNBOUNDED };
}
