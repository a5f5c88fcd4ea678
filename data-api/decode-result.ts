/** Records → rows, by the type names that the result's metadata tells. */

import type { ColumnMetadata, ExecuteOutput, Field } from "./transport/data-api-transport.ts";

/** How values of a type reach the program, by PostgreSQL's short type name; over the defaults in docs/data-api.md. */
export type Parsers = Record<string, (text: string) => unknown>;

type Decode = (field: Field) => unknown;

const number = (text: string) => Number(text);

const DEFAULTS: Parsers = {
  int2: number,
  int4: number,
  oid: number,
  json: JSON.parse,
  jsonb: JSON.parse,
  timestamptz: parseInstant,
  // NaN and the infinities have no number in JSON.
  float4: number,
  float8: number,
};

// A type may be called as a member of every object is.
const SERIALS: Record<string, string> = {
  __proto__: null as never,
  smallserial: "int2",
  serial: "int4",
  bigserial: "int8",
};

/**
 * @param castTypes label → type of what the compiler made text or JSON, for the Data API does not return it otherwise
 */
export function decodeRows(
  output: ExecuteOutput,
  parsers: Parsers = {},
  castTypes?: ReadonlyMap<string, string>,
): Record<string, unknown>[] {
  const { records, columnMetadata } = output;
  if (!records?.length || !columnMetadata) return [];
  // The caller's own over the defaults, and nothing inherited.
  const all: Parsers = { __proto__: null as never, ...DEFAULTS, ...parsers };
  const names = columnMetadata.map(({ label, name }) => label ?? name ?? "");
  const decoders = columnMetadata.map((column, index) => {
    const castType = castTypes?.get(names[index]!);
    return castType === undefined ? columnDecoder(column, all) : castDecoder(castType, all);
  });
  const isOdd = names.includes("__proto__");
  return records.map((record) => {
    const row: Record<string, unknown> = isOdd ? Object.create(null) : {};
    for (let i = 0; i < names.length; i++) {
      const field = record[i]!;
      row[names[i]!] = field.isNull ? null : decoders[i]!(field);
    }
    return row;
  });
}

function columnDecoder({ typeName = "text" }: ColumnMetadata, parsers: Parsers): Decode {
  const type = SERIALS[typeName] ?? typeName;
  if (type.startsWith("_")) {
    const parse = parsers[type.slice(1)];
    return ({ arrayValue }) => {
      const items = Object.values(arrayValue ?? {})[0] as unknown[];
      return items.map((item) => (item !== null && parse ? parse(String(item)) : textOfLong(item, type)));
    };
  }
  const parse = parsers[type];
  if (type === "bytea") {
    return ({ blobValue }) => {
      const bytes = typeof blobValue === "string" ? Buffer.from(blobValue, "base64") : Buffer.from(blobValue!);
      return parse ? parse(`\\x${bytes.toString("hex")}`) : bytes;
    };
  }
  if (parse === number) return (field) => Number(field.stringValue ?? field.longValue ?? field.doubleValue);
  return (field) => {
    const value = field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue;
    if (parse) return parse(String(value));
    return textOfLong(value, type);
  };
}

/** Text of a type that the metadata does not tell. */
function castDecoder(type: string, parsers: Parsers): Decode {
  if (type.includes("{}")) {
    const parse = parsers[type] ?? JSON.parse;
    return ({ stringValue }) => parse(stringValue!);
  }
  const element = type.endsWith("[]") ? type.slice(0, -2) : type;
  const parse = parsers[element] ?? (element === "bytea" ? parseBytes : undefined);
  if (element === type) return ({ stringValue }) => (parse ? parse(stringValue!) : stringValue);
  return ({ arrayValue }) => {
    const items = Object.values(arrayValue ?? {})[0] as (string | null)[];
    return parse ? items.map((item) => (item === null ? null : parse(item))) : items;
  };
}

/** `\\x00ff` */
function parseBytes(text: string): Buffer {
  return Buffer.from(text.slice(2), "hex");
}

/** An int8 is a string whichever way it came, like a numeric: neither fits a JavaScript number. */
function textOfLong(value: unknown, type: string): unknown {
  return typeof value === "number" && type.endsWith("int8") ? String(value) : value;
}

/** `2024-05-01 12:00:00.123456`, in UTC. A Date keeps milliseconds; a parser of one's own can keep all of it. */
function parseInstant(text: string): Date {
  // A year of four digits, and nothing behind the time: nearly always.
  if (text[4] === "-" && text.length <= 26 && !text.endsWith("C"))
    return new Date(`${text.slice(0, 10)}T${text.slice(11)}Z`);
  const found = /^(\d+)-(\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)( BC)?$/.exec(text);
  if (!found) return new Date(Number.NaN);
  const [, year, day, time, before] = found;
  const signed = before ? 1 - Number(year) : Number(year);
  const plain = signed >= 0 && signed <= 9999;
  const yearText = plain
    ? String(signed).padStart(4, "0")
    : `${signed < 0 ? "-" : "+"}${String(Math.abs(signed)).padStart(6, "0")}`;
  return new Date(`${yearText}-${day}T${time}Z`);
}
