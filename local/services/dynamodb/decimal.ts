/** DynamoDB numbers: decimals of up to 38 significant digits between 1E-130 and 9.99…E+125, never a float. */

import { AwsError } from "../../service.ts";

/** `coefficient × 10^exponent`; the coefficient never ends in a zero, and zero has exponent 0. */
export interface Decimal {
  coefficient: bigint;
  exponent: number;
}

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const MAX_DIGITS = 38;

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

function magnitude({ coefficient, exponent }: Decimal): number {
  return (coefficient < 0n ? -coefficient : coefficient).toString().length - 1 + exponent;
}

/** Brings a value to its one canonical form and holds it to DynamoDB's range. */
function canonical(coefficient: bigint, exponent: number): Decimal {
  if (coefficient === 0n) return { coefficient: 0n, exponent: 0 };
  const digits = coefficient.toString();
  const zeros = digits.length - digits.replace(/0+$/, "").length;
  const decimal = { coefficient: coefficient / 10n ** BigInt(zeros), exponent: exponent + zeros };
  const size = magnitude(decimal);
  if (size > 125)
    throw invalid("Number overflow. Attempting to store a number with magnitude larger than supported range");
  if (size < -130)
    throw invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range");
  if (decimal.coefficient.toString().replace("-", "").length > MAX_DIGITS)
    throw invalid("Attempting to store more than 38 significant digits in a Number");
  return decimal;
}

export function parseDecimal(text: string): Decimal {
  const match = PATTERN.exec(text);
  if (match === null || (match[2] === "" && !match[3]))
    throw invalid(
      text === ""
        ? "The parameter cannot be converted to a numeric value"
        : `The parameter cannot be converted to a numeric value: ${text}`,
    );
  const [, sign, whole = "", fraction = "", power = "0"] = match;
  const coefficient = BigInt(`${whole}${fraction}` || "0");
  return canonical(sign === "-" ? -coefficient : coefficient, Number(power) - fraction.length);
}

/** Plain notation, as DynamoDB returns numbers: `1E3` comes back as `1000`. */
export function formatDecimal({ coefficient, exponent }: Decimal): string {
  const sign = coefficient < 0n ? "-" : "";
  const digits = coefficient.toString().replace("-", "");
  if (exponent >= 0) return sign + digits + "0".repeat(exponent);
  const padded = digits.padStart(1 - exponent, "0");
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

export function addDecimals(left: Decimal, right: Decimal): Decimal {
  const exponent = Math.min(left.exponent, right.exponent);
  const scaled = (value: Decimal) => value.coefficient * 10n ** BigInt(value.exponent - exponent);
  return canonical(scaled(left) + scaled(right), exponent);
}

export function negateDecimal({ coefficient, exponent }: Decimal): Decimal {
  return { coefficient: -coefficient, exponent };
}

export function compareDecimals(left: Decimal, right: Decimal): number {
  const exponent = Math.min(left.exponent, right.exponent);
  const scaled = (value: Decimal) => value.coefficient * 10n ** BigInt(value.exponent - exponent);
  const difference = scaled(left) - scaled(right);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Bytes that sort (memcmp) as the numbers do: sign, then magnitude, then digits; negatives complemented. */
export function sortableDecimal(decimal: Decimal): Buffer {
  if (decimal.coefficient === 0n) return Buffer.from([1]);
  const negative = decimal.coefficient < 0n;
  const digits = decimal.coefficient.toString().replace("-", "");
  const bytes = Buffer.from([negative ? 0 : 2, magnitude(decimal) + 131, 1, ...Buffer.from(digits)]);
  if (!negative) return bytes;
  for (let at = 1; at < bytes.length; at++) bytes[at] = 255 - bytes[at]!;
  // A shorter negative is the larger one: -1.2 > -1.25
  return Buffer.concat([bytes, Buffer.from([255])]);
}
