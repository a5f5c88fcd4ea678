import fc from "fast-check";
import {
  addDecimals,
  compareDecimals,
  formatDecimal,
  parseDecimal,
  sortableDecimal,
} from "../../../local/services/dynamodb/decimal.ts";
import { SEED } from "../../seed.ts";

const canonical = (text: string) => formatDecimal(parseDecimal(text));

/** Any number DynamoDB can hold with up to 20 digits, written in exponent form. */
const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: -60, max: 60 }))
  .map(([coefficient, exponent]) => `${coefficient}e${exponent}`);

describe("DynamoDB numbers", () => {
  it.each([
    ["1e3", "1000"],
    ["1E-3", "0.001"],
    ["+1.50", "1.5"],
    ["-0", "0"],
    ["00012.3400", "12.34"],
    [".5", "0.5"],
    ["12345678901234567890123456789012345678", "12345678901234567890123456789012345678"],
  ])("%s is returned as %s", (given, returned) => {
    expect(canonical(given)).toBe(returned);
  });

  it("38 digits survive arithmetic that a float would lose", () => {
    const sum = addDecimals(parseDecimal("12345678901234567890123456789012345677"), parseDecimal("1"));
    expect(formatDecimal(sum)).toBe("12345678901234567890123456789012345678");
    expect(formatDecimal(addDecimals(parseDecimal("0.1"), parseDecimal("0.2")))).toBe("0.3");
  });

  it.each([
    ["123456789012345678901234567890123456789", "Attempting to store more than 38 significant digits in a Number"],
    ["1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"],
    ["1e-131", "Number underflow. Attempting to store a number with magnitude smaller than supported range"],
    ["abc", "The parameter cannot be converted to a numeric value: abc"],
    ["", "The parameter cannot be converted to a numeric value"],
    [".", "The parameter cannot be converted to a numeric value: ."],
    ["NaN", "The parameter cannot be converted to a numeric value: NaN"],
  ])("%s is refused as AWS refuses it", (given, message) => {
    expect(() => parseDecimal(given)).toThrow(message);
  });

  it("writing and reading again never changes a value", () => {
    fc.assert(
      fc.property(decimals, (text) => canonical(canonical(text)) === canonical(text)),
      SEED,
    );
  });

  it("sort keys order as the numbers do", () => {
    fc.assert(
      fc.property(decimals, decimals, (left, right) => {
        const [a, b] = [parseDecimal(left), parseDecimal(right)];
        return Math.sign(Buffer.compare(sortableDecimal(a), sortableDecimal(b))) === compareDecimals(a, b);
      }),
      SEED,
    );
  });
});
