/** Records → rows, by the type names that the result's metadata tells. */

import type { ExecuteOutput, Field } from "./transport/data-api-transport.ts";

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

export interface ResultDecoder {
  /** @param castTypes label → type of what the compiler made text or JSON, for the Data API does not return it otherwise */
  decode(output: ExecuteOutput, castTypes?: ReadonlyMap<string, string>): Record<string, unknown>[];
}

/** @param own over the defaults */
export function resultDecoder(own: Parsers = {}): ResultDecoder {
  const parsers: Parsers = { __proto__: null as never, ...DEFAULTS, ...own };
  const decoders = new Map<string, Decode>();
  const decoderOf = (type: string): Decode => {
    let decode = decoders.get(type);
    if (!decode) {
      decode = columnDecoder(type, parsers);
      if (decoders.size < KEPT_DECODERS) decoders.set(type, decode);
    }
    return decode;
  };
  return {
    decode({ records, columnMetadata }, castTypes) {
      if (!records?.length || !columnMetadata) return [];
      const names: string[] = [];
      const decode: Decode[] = [];
      for (const { label, name, typeName = "text" } of columnMetadata) {
        const key = label ?? name ?? "";
        const castType = castTypes?.get(key);
        names.push(key);
        decode.push(castType === undefined ? decoderOf(typeName) : castDecoder(castType, parsers));
      }
      const isOdd = names.includes("__proto__");
      return records.map((record) => {
        const row: Record<string, unknown> = isOdd ? Object.create(null) : {};
        for (let i = 0; i < names.length; i++) {
          const field = record[i]!;
          row[names[i]!] = field.isNull ? null : decode[i]!(field);
        }
        return row;
      });
    },
  };
}

/** Types of one's own are few; each result's are bounded all the same. */
const KEPT_DECODERS = 500;

function columnDecoder(typeName: string, parsers: Parsers): Decode {
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
  if (parse === number) return numberOf;
  if (!parse) return (field) => textOfLong(valueOf(field), type);
  return (field) => parse(field.stringValue ?? String(valueOf(field)));
}

function numberOf({ longValue, stringValue, doubleValue }: Field): number {
  return longValue ?? Number(stringValue ?? doubleValue);
}

function valueOf({ stringValue, longValue, doubleValue, booleanValue }: Field): unknown {
  return stringValue ?? longValue ?? doubleValue ?? booleanValue;
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
  // A year of four digits, and nothing behind the time but its fraction: nearly always.
  const hasFraction = text[19] === "." && !text.endsWith("C");
  if (text[4] === "-" && (text.length === 19 || hasFraction)) return commonInstant(text);
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

/** By its digits: Date's own parser takes several times as long. */
function commonInstant(text: string): Date {
  const digits = (at: number) => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
  const year = digits(0) * 100 + digits(2);
  // Two digits mean another century to Date.
  if (!(year >= 100)) return new Date(`${text.slice(0, 10)}T${text.slice(11)}Z`);
  const milliseconds = text.length > 19 ? Math.trunc(Number(text.slice(19)) * 1000 + 1e-6) : 0;
  return new Date(Date.UTC(year, digits(5) - 1, digits(8), digits(11), digits(14), digits(17), milliseconds));
}
