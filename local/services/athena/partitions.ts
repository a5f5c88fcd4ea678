/** Where a table's data stands for a query: registered partitions, or such as its projection makes of the query itself. */
import type { Partition, Table } from "../glue/catalog.ts";
import type { Constraint } from "./sql/references.ts";
import { SqlError } from "./sql/translate.ts";

export interface Place {
  /** `s3://bucket/prefix/` */
  location: string;
  /** Of the partition's columns, in their order. */
  values: string[];
}

const MOST = 1_000_000;

export function placesOf(
  table: Table,
  partitions: Partition[],
  constraints: Record<string, Constraint>,
  now: number,
): Place[] {
  const keys = (table.PartitionKeys ?? []).map(({ Name }) => Name.toLowerCase());
  const location = table.StorageDescriptor?.Location ?? "";
  if (keys.length === 0) return [{ location, values: [] }];
  if (table.Parameters?.["projection.enabled"] !== "true") {
    return partitions
      .filter(({ Values }) => keys.every((key, index) => allows(constraints[key], Values[index]!)))
      .map(({ Values, StorageDescriptor }) => ({ location: StorageDescriptor?.Location ?? "", values: Values }));
  }
  const template =
    table.Parameters["storage.location.template"] ??
    `${location.replace(/\/?$/, "/")}${keys.map((key) => `${key}=\${${key}}/`).join("")}`;
  let combinations: string[][] = [[]];
  for (const key of keys) {
    const values = projected(key, table.Parameters, constraints[key], now);
    combinations = combinations.flatMap((before) => values.map((value) => [...before, value]));
    if (combinations.length > MOST) throw new SqlError("GENERIC_USER_ERROR", "The projection has too many partitions.");
  }
  return combinations.map((values) => ({
    location: keys.reduce((path, key, index) => path.replaceAll(`\${${key}}`, values[index]!), template),
    values,
  }));
}

function projected(
  key: string,
  parameters: Record<string, string>,
  constraint: Constraint | undefined,
  now: number,
): string[] {
  const of = (name: string) => parameters[`projection.${key}.${name}`];
  switch (of("type")) {
    case "injected":
      if (constraint?.values) return [...new Set(constraint.values)];
      throw new SqlError(
        "CONSTRAINT_VIOLATION",
        `For the injected projected partition column ${key}, the WHERE clause must contain only static equality conditions, and at least one such condition must be present.`,
      );
    case "enum":
      return (of("values") ?? "").split(",").filter((value) => allows(constraint, value));
    case "integer": {
      const [first = 0, last = 0] = (of("range") ?? "").split(",").map(Number);
      const found: string[] = [];
      for (let value = first; value <= last; value += Number(of("interval") ?? 1)) {
        const text = String(value).padStart(Number(of("digits") ?? 0), "0");
        const isIn = constraint?.values?.some((wanted) => Number(wanted) === value) ?? true;
        if (isIn && !(Number(constraint?.least) > value) && !(Number(constraint?.most) < value)) found.push(text);
      }
      return found;
    }
    case "date":
      return dates(of, now).filter((value) => allows(constraint, value));
    default:
      throw new SqlError(
        "INVALID_TABLE_PROPERTY",
        `Projection type of partition column ${key} is not known: ${of("type")}`,
      );
  }
}

const STEPS_MS: Record<string, number> = {
  SECONDS: 1000,
  MINUTES: 60_000,
  HOURS: 3_600_000,
  DAYS: 86_400_000,
  WEEKS: 604_800_000,
};

function dates(of: (name: string) => string | undefined, now: number): string[] {
  const format = of("format") ?? "yyyy-MM-dd";
  const unit = of("interval.unit") ?? (/[Hh]/.test(format) ? "HOURS" : /d/.test(format) ? "DAYS" : "MONTHS");
  const count = Number(of("interval") ?? 1);
  const [first = "", last = "NOW"] = (of("range") ?? "").split(",").map((bound) => bound.trim());
  const until = momentOf(last, format, now);
  const found: string[] = [];
  for (let at = momentOf(first, format, now); at <= until && found.length < MOST; ) {
    found.push(formatted(at, format));
    const step = STEPS_MS[unit];
    if (step) at += step * count;
    else {
      const date = new Date(at);
      at = date.setUTCMonth(date.getUTCMonth() + count * (unit === "YEARS" ? 12 : 1));
    }
  }
  return found;
}

const FIELDS = /yyyy|MM|dd|HH|mm|ss/g;

/** `NOW`, `NOW-3DAYS`, or a date of the format. */
function momentOf(text: string, format: string, now: number): number {
  const [, sign, amount, unit = ""] = /^NOW(?:([+-])(\d+)([A-Z]+))?$/.exec(text) ?? [];
  if (text.startsWith("NOW")) {
    const step =
      STEPS_MS[unit.replace(/S?$/, "S")] ??
      { MONTHS: 2_592_000_000, YEARS: 31_536_000_000 }[unit.replace(/S?$/, "S")] ??
      0;
    return now + (sign === "-" ? -1 : 1) * Number(amount ?? 0) * step;
  }
  const field = (name: string, otherwise: number) => {
    const at = format.indexOf(name);
    return at < 0 ? otherwise : Number(text.slice(at, at + name.length));
  };
  return Date.UTC(
    field("yyyy", 1970),
    field("MM", 1) - 1,
    field("dd", 1),
    field("HH", 0),
    field("mm", 0),
    field("ss", 0),
  );
}

function formatted(at: number, format: string): string {
  const [date = "", time = ""] = new Date(at).toISOString().split("T");
  const [yyyy, MM, dd] = date.split("-");
  const [HH, mm, ss] = time.split(/[:.]/);
  const values: Record<string, string | undefined> = { yyyy, MM, dd, HH, mm, ss };
  return format.replaceAll("'", "").replace(FIELDS, (name) => values[name] ?? name);
}

function allows(constraint: Constraint | undefined, value: string): boolean {
  if (!constraint) return true;
  const { values, least, most } = constraint;
  return (
    (!values || values.includes(value)) &&
    !(least !== undefined && value < least) &&
    !(most !== undefined && value > most)
  );
}
