/** The fourteen fields of a column's metadata. */

import type { ResultColumn } from "../statement.ts";
import type { ColumnOrigin } from "./catalogue.ts";
import type { ResultType } from "./result-types.ts";

const NO_NULLS = 0;
const NULLABLE = 1;
const UNKNOWN = 2;

export function columnMetadata(column: ResultColumn, type: ResultType, origin: ColumnOrigin | undefined): object {
  const serial = Boolean(origin?.serial);
  return {
    arrayBaseColumnType: type.element?.jdbc ?? 0,
    isAutoIncrement: serial,
    isCaseSensitive: !(type.element ?? type).caseInsensitive,
    isCurrency: false,
    isSigned: Boolean((type.element ?? type).signed),
    label: column.name,
    name: column.name,
    nullable: origin ? (origin.notNull ? NO_NULLS : NULLABLE) : UNKNOWN,
    precision: precision(column, type),
    scale: scale(column, type),
    schemaName: "",
    tableName: origin?.table ?? "",
    type: type.jdbc,
    typeName: serial ? serialName(type.name) : type.name,
  };
}

function serialName(typeName: string): string {
  return { int2: "smallserial", int4: "serial", int8: "bigserial" }[typeName] ?? typeName;
}

/** The length of a `varchar(n)`, the digits of a `numeric(p, s)`: both stand in the type's modifier. */
function precision({ dataTypeModifier: modifier }: ResultColumn, type: ResultType): number {
  if (modifier < 4) return type.precision ?? 0;
  if (type.name === "varchar" || type.name === "bpchar") return modifier - 4;
  if (type.name === "numeric") return (modifier - 4) >>> 16;
  return type.precision ?? 0;
}

function scale({ dataTypeModifier: modifier }: ResultColumn, type: ResultType): number {
  if (type.name === "numeric" && modifier >= 4) return (modifier - 4) & 0x7ff;
  return type.scale ?? 0;
}
