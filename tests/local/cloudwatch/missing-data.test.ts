import { judge, type Treatment } from "../../../local/services/cloudwatch/alarms/missing-data.ts";

/** `0` is well, `X` breaches, `-` is missing; the newest last. What AWS documents of a range of five, by treatment. */
const STAYS = undefined;
const ROWS: [
  range: string,
  needed: number,
  missing: string | undefined,
  ignore: string | undefined,
  breaching: string,
  notBreaching: string,
][] = [
  ["0 - X - X", 3, "OK", "OK", "OK", "OK"],
  ["0 - - - -", 3, "OK", "OK", "OK", "OK"],
  ["- - - - -", 3, "INSUFFICIENT_DATA", STAYS, "ALARM", "OK"],
  ["0 X X - X", 3, "ALARM", "ALARM", "ALARM", "ALARM"],
  ["- - X - -", 3, "ALARM", STAYS, "ALARM", "OK"],
  ["- - - - X", 3, STAYS, STAYS, "ALARM", "OK"],
  ["- - - X -", 3, STAYS, STAYS, "ALARM", "OK"],
  ["0 - X - X", 2, "ALARM", "ALARM", "ALARM", "ALARM"],
  ["0 0 X 0 X", 2, "ALARM", "ALARM", "ALARM", "ALARM"],
  ["0 - X - -", 2, "OK", "OK", "ALARM", "OK"],
  ["- - - - 0", 2, "OK", "OK", "ALARM", "OK"],
  ["- - - X -", 2, "ALARM", STAYS, "ALARM", "OK"],
];

describe("An alarm of three periods", () => {
  for (const [range, needed, ...states] of ROWS) {
    const expected = Object.fromEntries(
      ["missing", "ignore", "breaching", "notBreaching"].map((each, at) => [each, states[at]]),
    );
    it(`takes ${range} of which ${needed} have to breach for ${JSON.stringify(expected)}`, () => {
      const breaches = range.split(" ").map((each) => (each === "-" ? undefined : each === "X"));
      const judged = Object.keys(expected).map((each) => [each, judge(breaches, 3, needed, each as Treatment).value]);
      expect(Object.fromEntries(judged)).toEqual(expected);
    });
  }
});
