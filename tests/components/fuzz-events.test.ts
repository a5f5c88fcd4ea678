/** Whatever the arguments of these components are, they are refused in one line that names them, or make a graph. */
import fc from "fast-check";
import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { SEED } from "../seed.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

/** Mostly what passes, so that the arguments after it are reached too. */
const mostly = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 20, arbitrary: usual }, { weight: 1, arbitrary: other });
const number = mostly(fc.integer({ min: 1, max: 10 }), fc.oneof(fc.integer(), fc.double()));
const seconds = mostly(fc.integer({ min: 60, max: 300 }), number);
const text = mostly(fc.stringMatching(/^[a-z][a-z0-9]{2,20}$/), fc.string({ maxLength: 600 }));
const arnOf = (service: string) => mostly(fc.constant(`arn:aws:${service}:eu-west-1:000000000000:x`), text);
const key = arnOf("kms");
const time = mostly(
  fc.integer({ min: 0, max: 9 }).map((year) => `203${year}-01-01T00:00:00Z`),
  text,
);
const flag = fc.boolean();
const one = <T extends string>(...values: T[]) => fc.constantFrom(...values);
const optional = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { requiredKeys: [] });
const matcher = mostly<unknown>(
  text,
  fc.dictionary(fc.constantFrom("prefix", "numeric", "like"), fc.jsonValue({ maxDepth: 1 })),
);
const fields = fc.dictionary(text, fc.array(matcher, { minLength: 1, maxLength: 3 }), { minKeys: 1, maxKeys: 3 });
const pattern = mostly<unknown>(
  fields,
  fc.dictionary(fc.constantFrom("$or", "x"), fc.jsonValue({ maxDepth: 2 })),
) as fc.Arbitrary<terrace.Pattern>;
const eventPattern = mostly(
  fc.record<terrace.EventPattern>({ source: fc.array(text, { minLength: 1 }) }),
  pattern as fc.Arbitrary<terrace.EventPattern>,
);
const protection = fc.constant("disposable" as const);

const stateName = one("A", "B", "C");
const state = fc.oneof(
  fc.record({ Type: one("Pass"), Next: stateName }),
  fc.record({ Type: one("Pass", "Parallel", "Map", "Task"), End: flag, Branches: fc.constant([]) }),
  fc.record({ Type: one("Wait"), Seconds: number, Next: stateName }),
  fc.record({
    Type: one("Choice"),
    Choices: fc.array(fc.record({ Condition: text, Next: stateName })),
    Default: stateName,
  }),
  fc.record({ Type: one("Succeed", "Fail") }),
  fc.record({ Type: one("Pass", "Map", "Task"), Branches: fc.constant([]) }),
);

/** Each component, with arguments of the right types and any values. */
const components: Record<string, fc.Arbitrary<() => void>> = {
  Stream: optional({ streamName: text, shards: number, retentionHours: seconds, kmsKeyArn: key, protection }).map(
    (args) => () => void new terrace.Stream("x", args),
  ),
  "consumer of a stream": optional({
    batchSize: number,
    batchWindowSeconds: number,
    parallelizationFactor: number,
    maximumRetries: number,
    maximumRecordAgeSeconds: seconds,
    filters: fc.array(pattern, { minLength: 1, maxLength: 11 }),
    onFailure: text,
  }).map((args) => () => void new terrace.Stream("x").consume("y", new terrace.Function("y", { entry }), args)),
  Queue: optional({
    ...{ queueName: text, fifo: flag, visibilityTimeoutSeconds: seconds, retentionSeconds: seconds },
    ...{
      maxReceiveCount: number,
      delaySeconds: number,
      maxMessageBytes: mostly(fc.constant(2048), number),
      kmsKeyId: key,
    },
    ...{ contentBasedDeduplication: flag, perMessageGroup: flag },
  }).map((args) => () => void new terrace.Queue("x", args)),
  Topic: optional({
    ...{ topicName: text, fifo: flag, kmsKeyId: key, archiveDays: number, deliveryLogs: number },
    publishers: fc.array(fc.record({ service: text, sourceArn: text })),
  }).map((args) => () => void new terrace.Topic("x", args)),
  EventBus: optional({
    ...{ busName: text, description: text, kmsKeyArn: key, protection },
    archive: fc.oneof(fc.constant(false as const), fc.record({ days: number, pattern: eventPattern })),
    publishers: fc.array(fc.record({ account: mostly(fc.constant("111122223333"), text), sources: fc.array(text) })),
  }).map((args) => () => void new terrace.EventBus("x", args)),
  rule: fc
    .record({
      pattern: eventPattern,
      input: fc.oneof(
        fc.record({ path: mostly(fc.constant("$.detail"), text) }),
        fc.record({ paths: fc.dictionary(text, mostly(fc.constant("$.id"), text), { maxKeys: 3 }), template: text }),
        fc.record({ constant: fc.object() }),
      ),
      maximumRetries: number,
      maximumEventAgeSeconds: seconds,
    })
    .map((args) => () => {
      const bus = new terrace.EventBus("x");
      bus.rule("y", { ...args, target: { queue: new terrace.Queue("y") } });
    }),
  Schedule: fc
    .record(
      {
        ...{
          expression: fc.oneof(text, fc.constant("rate(1 day)")),
          timezone: text,
          scheduleName: text,
          retries: number,
        },
        ...{
          maximumAgeSeconds: seconds,
          windowMinutes: number,
          startDate: mostly(fc.constant("2029-01-01T00:00:00Z"), text),
          endDate: time,
          deadLetterArn: arnOf("sqs"),
        },
        input: fc.object(),
      },
      { requiredKeys: ["expression"] },
    )
    .map((args) => () => void new terrace.Schedule("x", { ...args, target: new terrace.Queue("y") })),
  Table: fc
    .record(
      {
        attributes: mostly(fc.constant<Record<string, "S" | "N">>({ a: "S", b: "N" }), fc.constant({})),
        ...{ hashKey: one("a"), rangeKey: one("b"), tableName: text, recoveryDays: number, protection },
        indexes: fc.dictionary(
          text,
          fc.record({ hashKey: mostly<string>(one("b"), one("c")), projection: fc.array(text, { minLength: 1 }) }),
        ),
        localIndexes: fc.dictionary(text, fc.record({ rangeKey: one("b") })),
        maximumThroughput: optional({ read: number, write: number }),
        replicas: fc.dictionary(mostly(fc.constant("eu-central-1"), text), optional({ kmsKeyArn: key })),
      },
      { requiredKeys: ["attributes", "hashKey", "rangeKey"] },
    )
    .map((args) => () => void new terrace.Table("x", args)),
  Workflow: fc
    .record(
      {
        definition: fc.record({
          StartAt: mostly(fc.constant("A"), stateName),
          States: mostly(fc.constant({ A: { Type: "Succeed" } }), fc.dictionary(stateName, state) as never),
        }),
        ...{ type: one("standard", "express"), queryLanguage: one("JSONata", "JSONPath"), timeoutSeconds: seconds },
        ...{ workflowName: text, alias: text, kmsKeyArn: key },
        previous: fc.record({ versionArn: arnOf("states"), weight: number }),
      },
      { requiredKeys: ["definition"] },
    )
    .map((args) => () => void new terrace.Workflow("x", args as unknown as terrace.WorkflowArgs)),
  DataLake: fc
    .record(
      {
        tables: fc.dictionary(
          text,
          fc.record({ columns: fc.dictionary(text, mostly(fc.constant("string"), text), { minKeys: 1, maxKeys: 3 }) }),
        ),
        queries: fc.dictionary(text, mostly(fc.constant("SELECT 1 FROM t WHERE tenant = ?"), text), { maxKeys: 2 }),
        ...{ tenants: fc.array(text, { maxLength: 3 }), scanLimitGib: number, resultDays: number, dataDays: number },
        ...{ firstDay: mostly(fc.constant("2026-02-01"), text), lakeName: text, kmsKeyArn: key, protection },
      },
      { requiredKeys: ["tables"] },
    )
    .map((args) => () => void new terrace.DataLake("x", args)),
  Delivery: optional({
    ...{
      table: mostly(fc.constant("t"), text),
      tenantField: text,
      bufferMb: mostly(fc.constant(100), number),
      bufferSeconds: seconds,
    },
    ...{ retrySeconds: number, deliveryName: text, compression: one("GZIP") },
  }).map((args) => () => {
    const lake = new terrace.DataLake("y", { tables: { t: { columns: { a: "string" } } } });
    new terrace.Delivery("x", { lake, table: "t", ...args });
  }),
};

/** The same in every ordinary run; TERRACE_FUZZ looks elsewhere each time. */

describe("any arguments", () => {
  it.each(Object.entries(components))("of a %s are refused in one line, or make a graph", async (_name, programs) => {
    await fc.assert(
      fc.asyncProperty(programs, async (program) => {
        const said = await deploy(program).then(
          () => undefined,
          (error: Error) => error.message,
        );
        if (said !== undefined) expect(said).toMatch(/[A-Z]\w+ "[xy]": .+; .+/s);
      }),
      { numRuns: 40, ...SEED },
    );
  });
});
