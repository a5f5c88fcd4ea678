import { parseExpression } from "../../../local/services/scheduler/expression.ts";

const START = Date.UTC(2026, 0, 1, 10, 0, 0); // a Thursday
const next = (text: string, now = START, timezone?: string) => {
  const due = parseExpression(text, START, timezone).next(now);
  return due === undefined ? undefined : new Date(due).toISOString();
};

describe("schedule expressions", () => {
  it.each([
    ["rate(1 minute)", "2026-01-01T10:01:00.000Z"],
    ["rate(5 minutes)", "2026-01-01T10:05:00.000Z"],
    ["rate(2 hours)", "2026-01-01T12:00:00.000Z"],
    ["rate(1 day)", "2026-01-02T10:00:00.000Z"],
    ["cron(0 3 * * ? *)", "2026-01-02T03:00:00.000Z"],
    ["cron(0/15 * * * ? *)", "2026-01-01T10:15:00.000Z"],
    ["cron(0 9 ? * 2 *)", "2026-01-05T09:00:00.000Z"],
    ["cron(0 9 ? * MON-FRI *)", "2026-01-02T09:00:00.000Z"],
    ["cron(0 9 L * ? *)", "2026-01-31T09:00:00.000Z"],
    ["cron(0 9 ? * 6#1 *)", "2026-01-02T09:00:00.000Z"],
    ["cron(0 9 1 1 ? 2028)", "2028-01-01T09:00:00.000Z"],
    ["at(2026-03-01T12:00:00)", "2026-03-01T12:00:00.000Z"],
  ])("%s is next due at %s", (text, due) => {
    expect(next(text)).toBe(due);
  });

  it("a rate keeps its beat however late it is asked", () => {
    expect(next("rate(5 minutes)", START + 12 * 60_000)).toBe("2026-01-01T10:15:00.000Z");
  });

  it("a time of day is the timezone's, across daylight saving", () => {
    expect(next("cron(0 3 * * ? *)", START, "Europe/Berlin")).toBe("2026-01-02T02:00:00.000Z");
    expect(next("cron(0 3 * * ? *)", Date.UTC(2026, 6, 1), "Europe/Berlin")).toBe("2026-07-01T01:00:00.000Z");
    expect(next("at(2026-07-01T12:00:00)", START, "America/New_York")).toBe("2026-07-01T16:00:00.000Z");
  });

  it("what lies in the past is never due again", () => {
    expect(next("at(2025-01-01T00:00:00)")).toBeUndefined();
    expect(next("cron(0 0 1 1 ? 2020)")).toBeUndefined();
  });

  it.each([
    "rate(0 minutes)",
    "rate(1 fortnight)",
    "cron(0 3 * * *)",
    "cron(0 3 * * * *)",
    "cron(0 3 ? * ? *)",
    "cron(99 3 * * ? *)",
    "at(tomorrow)",
    "every minute",
  ])("%s is refused", (text) => {
    expect(() => next(text)).toThrow(`Invalid Schedule Expression ${text}.`);
  });
});
