/** Whatever is sent, Lambda and Firehose answer with an error of the service's own, never with one of this program. */
import * as firehoseModule from "@aws-sdk/client-firehose";
import { FirehoseClient, PutRecordCommand } from "@aws-sdk/client-firehose";
import * as lambdaModule from "@aws-sdk/client-lambda";
import fc from "fast-check";
import type { Service } from "../../../local/service.ts";
import { firehose } from "../../../local/services/firehose/index.ts";
import { SEED } from "../../seed.ts";
import { answering, create } from "./api-fixture.ts";
import { type LambdaCloud, startLambda } from "./fixture.ts";

let cloud: LambdaCloud;
interface Sender {
  send(command: never): Promise<unknown>;
  destroy(): void;
}
let clients: Record<"lambda" | "firehose", { client: Sender; module: object }>;

beforeAll(async () => {
  cloud = await startLambda({ firehose });
  await create(cloud, "hello", answering("1"));
  const firehoseClient = new FirehoseClient({ ...cloud.running.client(), maxAttempts: 1 });
  clients = {
    lambda: { client: cloud.client as Sender, module: lambdaModule },
    firehose: { client: firehoseClient as Sender, module: firehoseModule },
  };
});

afterAll(async () => {
  clients.firehose.client.destroy();
  await cloud.stop();
});

const operationsOf = async (name: string) => Object.keys(((await cloud.running.service(name)) as Service).operations);

const text = fc.oneof(
  fc.constantFrom(
    "",
    "hello",
    "$LATEST",
    "1",
    "arn:aws:lambda:eu-west-1:000000000000:function:hello",
    ":::",
    "hello:live",
  ),
  fc.string(),
);

/** Members as the wire's schemas let them through: of their type, absent or of any content. */
const input = (names: readonly string[], values: fc.Arbitrary<unknown>) =>
  fc.dictionary(fc.constantFrom(...names), values, { maxKeys: 6 });

const lambdaInput = fc
  .tuple(
    input(["FunctionName", "Qualifier", "Name", "FunctionVersion", "StatementId", "Action", "Principal", "UUID"], text),
    input(["EventSourceArn", "LayerName", "Arn", "Resource", "Role", "Runtime", "Handler", "AuthType", "Marker"], text),
    input(
      ["MemorySize", "Timeout", "ReservedConcurrentExecutions", "MaxItems", "BatchSize", "VersionNumber"],
      fc.integer(),
    ),
    fc.record(
      { Code: fc.record({ ZipFile: fc.uint8Array({ maxLength: 40 }) }, { requiredKeys: [] }) },
      { requiredKeys: [] },
    ),
  )
  .map((parts) => Object.assign({}, ...parts));

const firehoseInput = fc
  .tuple(
    input(["DeliveryStreamName", "DestinationId", "CurrentDeliveryStreamVersionId"], text),
    fc.record(
      {
        Record: fc.record({ Data: fc.uint8Array() }, { requiredKeys: [] }),
        Records: fc.array(fc.record({ Data: fc.uint8Array() }, { requiredKeys: [] }), { maxLength: 3 }),
        ExtendedS3DestinationConfiguration: input(["RoleARN", "BucketARN", "Prefix", "ErrorOutputPrefix"], text),
      },
      { requiredKeys: [] },
    ),
  )
  .map((parts) => Object.assign({}, ...parts));

/** Through the SDK; what it refuses itself never gets here. */
async function answersOwnErrors(kind: "lambda" | "firehose", operation: string, given: object): Promise<void> {
  const { client, module } = clients[kind];
  const Command = (module as unknown as Record<string, new (input: object) => never>)[`${operation}Command`]!;
  try {
    await client.send(new Command(given));
  } catch (error) {
    const { $metadata, message } = error as { $metadata?: { httpStatusCode?: number }; message: string };
    if (($metadata?.httpStatusCode ?? 400) >= 500) throw new Error(`${operation} ${JSON.stringify(given)}: ${message}`);
  }
  // What is no answer of the service's own is written down with where it happened.
  expect(cloud.lines.filter(({ level }) => level === "error").map(({ message }) => message)).toEqual([]);
}

it.each([
  ["lambda", lambdaInput],
  ["firehose", firehoseInput],
] as const)("every operation of %s takes anything", async (kind, inputs) => {
  const operations = await operationsOf(kind);
  for (const operation of operations) await answersOwnErrors(kind, operation, {});
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...operations), inputs, (operation, given) =>
      answersOwnErrors(kind, operation, given),
    ),
    { numRuns: 1_000, ...SEED },
  );
});

it("a member that is missing is named", async () => {
  const put = new PutRecordCommand({ DeliveryStreamName: "x", Record: {} as never });
  await expect(clients.firehose.client.send(put as never)).rejects.toMatchObject({
    name: "ValidationException",
    message: expect.stringContaining("Value null at 'record.data'"),
  });
});
