import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { decodeCursor, encodeCursor } from "../../../functions/api/cursor.ts";
import { InvalidCursor } from "../../../functions/api/problem.ts";
import { SEED } from "../../seed.ts";

const key = randomBytes(32);
const position = { createdAt: "2026-01-01 00:00:00.123456", id: "11111111-1111-4111-8111-111111111111" };

describe("a cursor", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (createdAt, id, list) => {
        expect(decodeCursor(encodeCursor({ createdAt, id }, list, key), list, key)).toEqual({ createdAt, id });
      }),
      SEED,
    );
  });

  it("is refused when any character of it was changed, added or taken away", () => {
    const cursor = encodeCursor(position, "acme/albums", key);
    for (let at = 0; at < cursor.length; at++) {
      const other = cursor[at] === "A" ? "B" : "A";
      const changed = cursor.slice(0, at) + other + cursor.slice(at + 1);
      expect(() => decodeCursor(changed, "acme/albums", key)).toThrow(InvalidCursor);
      expect(() => decodeCursor(cursor.slice(0, at), "acme/albums", key)).toThrow(InvalidCursor);
    }
    for (const suffix of ["=", "A", " ", "\n"])
      expect(() => decodeCursor(cursor + suffix, "acme/albums", key)).toThrow(InvalidCursor);
  });

  it("is refused by another list and under another key", () => {
    const cursor = encodeCursor(position, "acme/albums", key);
    expect(() => decodeCursor(cursor, "globex/albums", key)).toThrow(InvalidCursor);
    expect(() => decodeCursor(cursor, "acme/albums", randomBytes(32))).toThrow(InvalidCursor);
  });
});
