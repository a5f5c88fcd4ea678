/** Amazon States Language in both of its query languages. */
import { type StatesCloud, startStates } from "./fixture.ts";

let cloud: StatesCloud;

beforeAll(async () => {
  cloud = await startStates();
});

afterAll(() => cloud.stop());

const pass = (fields: object) => ({ It: { Type: "Pass", End: true, ...fields } });
const ORDER = {
  id: "o-1",
  lines: [
    { sku: "a", n: 1 },
    { sku: "b", n: 5 },
    { sku: "c", n: 9 },
  ],
  note: null,
};

describe("JSONPath", () => {
  it.each<[field: string, path: string, value: unknown]>([
    ["a member", "$.id", "o-1"],
    ["a quoted member", "$['id']", "o-1"],
    ["an index", "$.lines[1].sku", "b"],
    ["a wildcard", "$.lines[*].sku", ["a", "b", "c"]],
    ["a slice", "$.lines[1:].n", [5, 9]],
    ["a union", "$.lines[0,2].n", [1, 9]],
    ["descendants", "$..sku", ["a", "b", "c"]],
    ["a filter", "$.lines[?(@.n > 1 && @.sku != 'c')].sku", ["b"]],
    ["a filter that nothing passes", "$.lines[?(@.n > 100)]", []],
    ["a null", "$.note", null],
    ["Format", "States.Format('{} has {} lines', $.id, States.ArrayLength($.lines))", "o-1 has 3 lines"],
    ["escaped braces", "States.Format('\\{{}\\}', $.id)", "{o-1}"],
    ["StringToJson", `States.StringToJson('{"a":[1]}')`, { a: [1] }],
    ["JsonToString", "States.JsonToString($.lines[0])", '{"sku":"a","n":1}'],
    ["Array", "States.Array(1, 'two', $.note)", [1, "two", null]],
    ["ArrayPartition", "States.ArrayPartition($.lines[*].n, 2)", [[1, 5], [9]]],
    ["ArrayContains", "States.ArrayContains($.lines[*].n, 5)", true],
    ["ArrayRange", "States.ArrayRange(1, 9, 4)", [1, 5, 9]],
    ["ArrayGetItem", "States.ArrayGetItem($.lines[*].sku, 2)", "c"],
    ["ArrayUnique", "States.ArrayUnique(States.Array(1, 1, 2))", [1, 2]],
    ["Base64Encode", "States.Base64Encode('Grüße')", Buffer.from("Grüße").toString("base64")],
    ["Base64Decode", "States.Base64Decode('aGk=')", "hi"],
    ["Hash", "States.Hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"],
    ["JsonMerge", "States.JsonMerge($.lines[0], $.lines[1], false)", { sku: "b", n: 5 }],
    ["MathAdd", "States.MathAdd(2, -5)", -3],
    ["StringSplit", "States.StringSplit('a,b;c', ',;')", ["a", "b", "c"]],
  ])("reads %s", async (_, path, value) => {
    expect(await cloud.run(pass({ Parameters: { "v.$": path } }), ORDER)).toMatchObject({ output: { v: value } });
  });

  it("fills UUIDs and random numbers", async () => {
    const Parameters = { "id.$": "States.UUID()", "n.$": "States.MathRandom(3, 6)" };
    const { output } = await cloud.run(pass({ Parameters }));
    expect(output.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([3, 4, 5]).toContain(output.n);
  });

  it("takes InputPath, puts the result where ResultPath says, and lets OutputPath out", async () => {
    const fields = {
      InputPath: "$.lines[0]",
      Parameters: { "n.$": "$.n" },
      ResultPath: "$.new.deep",
      OutputPath: "$.new",
    };
    expect(await cloud.run(pass(fields), ORDER)).toMatchObject({ output: { deep: { n: 1 } } });
    expect(await cloud.run(pass({ Result: 1, ResultPath: null }), { kept: true })).toMatchObject({
      output: { kept: true },
    });
    expect(await cloud.run(pass({ InputPath: null, OutputPath: "$" }), { gone: true })).toMatchObject({ output: {} });
  });

  it("has the context object and variables", async () => {
    const { output } = await cloud.run(
      {
        Keep: { Type: "Pass", Assign: { "order.$": "$.id", list: [1] }, Next: "Use" },
        Use: {
          Type: "Pass",
          Parameters: {
            "o.$": "$order",
            "l.$": "$list[0]",
            "state.$": "$$.State.Name",
            "in.$": "$$.Execution.Input.id",
            "m.$": "$$.StateMachine.Name",
          },
          End: true,
        },
      },
      ORDER,
    );
    expect(output).toEqual({ o: "o-1", l: 1, state: "Use", in: "o-1", m: expect.stringMatching(/^machine-/) });
  });

  it("fails with States.Runtime, the state and the path named, where a path leads nowhere", async () => {
    expect(await cloud.run(pass({ Parameters: { "v.$": "$.absent" } }), { a: 1 })).toMatchObject({
      status: "FAILED",
      error: "States.Runtime",
      cause: `An error occurred while executing the state 'It' (entered at the event id #2). The JSONPath '$.absent' specified for the field 'v.$' could not be found in the input '{"a":1}'`,
    });
  });

  it("fails with States.IntrinsicFailure where a function cannot take its arguments", async () => {
    expect(await cloud.run(pass({ Parameters: { "v.$": "States.ArrayGetItem($.lines, 9)" } }), ORDER)).toMatchObject({
      error: "States.IntrinsicFailure",
    });
  });
});

describe("Choice", () => {
  const at = "2026-03-01T12:00:00Z";
  const data = { s: "cat", n: 5, b: true, z: null, t: at, other: { n: 5, s: "cat", t: at, b: true } };
  const choose = (rule: object) =>
    cloud.run(
      {
        Choice: { Type: "Choice", Choices: [{ ...rule, Next: "Yes" }], Default: "No" },
        Yes: { Type: "Pass", Result: true, End: true },
        No: { Type: "Pass", Result: false, End: true },
      },
      data,
    );
  it.each<[rule: object, holds: boolean]>([
    [{ Variable: "$.s", StringEquals: "cat" }, true],
    [{ Variable: "$.n", StringEquals: "5" }, false],
    [{ Variable: "$.s", StringLessThan: "dog" }, true],
    [{ Variable: "$.s", StringGreaterThanEquals: "cat" }, true],
    [{ Variable: "$.s", StringEqualsPath: "$.other.s" }, true],
    [{ Variable: "$.s", StringMatches: "c*" }, true],
    [{ Variable: "$.s", StringMatches: "c\\*" }, false],
    [{ Variable: "$.n", NumericEquals: 5 }, true],
    [{ Variable: "$.n", NumericLessThan: 5 }, false],
    [{ Variable: "$.n", NumericLessThanEqualsPath: "$.other.n" }, true],
    [{ Variable: "$.n", NumericGreaterThan: 4 }, true],
    [{ Variable: "$.b", BooleanEquals: true }, true],
    [{ Variable: "$.b", BooleanEqualsPath: "$.other.b" }, true],
    [{ Variable: "$.t", TimestampEquals: "2026-03-01T13:00:00+01:00" }, true],
    [{ Variable: "$.t", TimestampLessThan: "2026-03-01T12:00:01Z" }, true],
    [{ Variable: "$.s", TimestampGreaterThan: at }, false],
    [{ Variable: "$.z", IsNull: true }, true],
    [{ Variable: "$.absent", IsPresent: false }, true],
    [{ Variable: "$.s", IsString: true }, true],
    [{ Variable: "$.n", IsNumeric: false }, false],
    [{ Variable: "$.b", IsBoolean: true }, true],
    [{ Variable: "$.t", IsTimestamp: true }, true],
    [
      {
        And: [
          { Variable: "$.n", NumericEquals: 5 },
          { Variable: "$.s", StringEquals: "dog" },
        ],
      },
      false,
    ],
    [
      {
        Or: [
          { Variable: "$.n", NumericEquals: 5 },
          { Variable: "$.s", StringEquals: "dog" },
        ],
      },
      true,
    ],
    [{ Not: { Variable: "$.n", NumericEquals: 5 } }, false],
  ])("%j is %s", async (rule, holds) => {
    expect(await choose(rule)).toMatchObject({ status: "SUCCEEDED", output: holds });
  });

  it("without a rule that holds and without Default fails with States.NoChoiceMatched", async () => {
    const states = {
      Choice: { Type: "Choice", Choices: [{ Variable: "$.n", NumericEquals: 1, Next: "End" }] },
      End: { Type: "Succeed" },
    };
    expect(await cloud.run(states, data)).toMatchObject({ status: "FAILED", error: "States.NoChoiceMatched" });
  });

  it("on a value that is not there fails with States.Runtime", async () => {
    expect(await choose({ Variable: "$.absent", NumericEquals: 1 })).toMatchObject({ error: "States.Runtime" });
  });
});

describe("Wait", () => {
  it.each<[string, object, unknown]>([
    ["SecondsPath", { SecondsPath: "$.s" }, { s: 90 }],
    ["a timestamp's path", { TimestampPath: "$.at" }, undefined],
  ])("follows %s", async (_, fields, input) => {
    const at = new Date(cloud.clock.now() + 90_000).toISOString();
    const execution = await cloud.start(
      await cloud.machine({ W: { Type: "Wait", ...fields, End: true } }),
      input ?? { at },
    );
    await cloud.event(execution, "WaitStateEntered");
    await cloud.clock.advance(89_000);
    expect(await cloud.history(execution)).toHaveLength(2);
    await cloud.clock.advance(1_000);
    expect(await cloud.ended(execution)).toMatchObject({ status: "SUCCEEDED" });
  });
});

describe("JSONata", () => {
  const language = "JSONata" as const;

  it("fills Output and Assign from input, context and variables", async () => {
    const { output } = await cloud.run(
      {
        Keep: {
          Type: "Pass",
          Assign: { skus: "{% $states.input.lines.sku %}", n: 1 },
          Output: { total: "{% $sum($states.input.lines.n) %}" },
          Next: "Use",
        },
        Use: {
          Type: "Pass",
          Output: {
            text: "{% $join($skus, '-') & ':' & $states.input.total %}",
            list: ["{% $n + 1 %}"],
            state: "{% $states.context.State.Name %}",
          },
          End: true,
        },
      },
      ORDER,
      { language },
    );
    expect(output).toEqual({ text: "a-b-c:15", list: [2], state: "Use" });
  });

  it("has the functions that AWS adds, and its time is the cloud's", async () => {
    const Output = {
      parts: "{% $partition([1,2,3], 2) %}",
      range: "{% $range(0, 4, 2) %}",
      hash: "{% $hash('a', 'MD5') %}",
      seeded: "{% $random(7) = $random(7) %}",
      uuid: "{% $length($uuid()) %}",
      parsed: `{% $parse('{"a":1}').a %}`,
      now: "{% $millis() %}",
      today: "{% $now() %}",
    };
    expect((await cloud.run(pass({ Output }), {}, { language })).output).toEqual({
      ...{
        parts: [[1, 2], [3]],
        range: [0, 2, 4],
        hash: "0cc175b9c0f1b6a831c399e269772661",
        seeded: true,
        uuid: 36,
        parsed: 1,
      },
      ...{ now: cloud.clock.now(), today: new Date(cloud.clock.now()).toISOString() },
    });
  });

  it("chooses by the first condition that is true, with its Output and Assign", async () => {
    const states = {
      Choice: {
        Type: "Choice",
        Choices: [
          { Condition: "{% $states.input.n > 10 %}", Next: "Big" },
          {
            Condition: "{% $states.input.n > 1 %}",
            Output: { was: "{% $states.input.n %}" },
            Assign: { size: "middle" },
            Next: "Middle",
          },
        ],
        Default: "Big",
      },
      Big: { Type: "Fail" },
      Middle: { Type: "Succeed", Output: "{% $merge([$states.input, {'size': $size}]) %}" },
    };
    expect((await cloud.run(states, { n: 5 }, { language })).output).toEqual({ was: 5, size: "middle" });
  });

  it.each<[string, object, string]>([
    [
      "nothing",
      { Output: { v: "{% $states.input.absent %}" } },
      "'$states.input.absent' specified for the field 'Output/v' returned nothing (undefined).",
    ],
    [
      "an error",
      { Output: "{% 1 + 'a' %}" },
      "'1 + 'a'' specified for the field 'Output' threw an error during evaluation.",
    ],
    ["a use of $eval", { Output: "{% $eval('1') %}" }, "$eval is not supported"],
  ])("fails with States.QueryEvaluationError on %s", async (_, fields, cause) => {
    const failed = await cloud.run(pass(fields), {}, { language });
    expect(failed).toMatchObject({
      status: "FAILED",
      error: "States.QueryEvaluationError",
      cause: expect.stringContaining(cause),
    });
  });

  it("may stand in one state of a JSONPath machine", async () => {
    const states = {
      One: { Type: "Pass", QueryLanguage: "JSONata", Output: "{% { 'n': $states.input.n * 2 } %}", Next: "Two" },
      Two: { Type: "Pass", Parameters: { "m.$": "$.n" }, End: true },
    };
    expect((await cloud.run(states, { n: 4 })).output).toEqual({ m: 8 });
  });
});
