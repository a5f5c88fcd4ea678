/** Registered consumers (enhanced fan-out): who may subscribe to a stream's shards. */
import { AwsError, type Cloud, type Operation } from "../../service.ts";
import type { StreamReference, Streams } from "./streams.ts";

export interface Consumer {
  name: string;
  arn: string;
  streamName: string;
  createdAt: number;
}

interface ConsumerReference {
  StreamARN?: string;
  ConsumerName?: string;
  ConsumerARN?: string;
}

const MOST_CONSUMERS = 20;
const NAME = /^[a-zA-Z0-9_.-]{1,128}$/;

export interface Consumers {
  operations: Record<string, Operation>;
  /** Throws ResourceNotFoundException. */
  find(reference: ConsumerReference): Consumer;
}

export function consumersOf({ clock, database, account }: Cloud, streams: Streams): Consumers {
  database.exec("CREATE TABLE IF NOT EXISTS kinesis_consumers (arn TEXT PRIMARY KEY, consumer TEXT NOT NULL) STRICT");
  const save = database.prepare("INSERT INTO kinesis_consumers VALUES (?, ?)");
  const drop = database.prepare("DELETE FROM kinesis_consumers WHERE arn = ?");
  const all = new Map<string, Consumer>();
  for (const row of database.prepare("SELECT consumer FROM kinesis_consumers").all()) {
    const consumer = JSON.parse(String(row.consumer)) as Consumer;
    all.set(consumer.arn, consumer);
  }

  /** A consumer goes with its stream: another one of that name is not its. */
  function of({ name, createdAt }: { name: string; createdAt: number }): Consumer[] {
    return [...all.values()].filter((each) => each.streamName === name && each.createdAt >= createdAt);
  }

  function find({ ConsumerARN, ConsumerName, StreamARN }: ConsumerReference): Consumer {
    const found =
      ConsumerARN === undefined
        ? of(streams.find({ StreamARN })).find(({ name }) => name === ConsumerName)
        : all.get(ConsumerARN);
    if (found && of(streams.find({ StreamName: found.streamName })).includes(found)) return found;
    const message = `Consumer ${ConsumerARN ?? ConsumerName} under account ${account} not found.`;
    throw new AwsError("ResourceNotFoundException", message);
  }

  const onConsumer =
    (action: string): NonNullable<Operation["authorize"]> =>
    (input: ConsumerReference) =>
      input.ConsumerARN === undefined
        ? streams.access(action)(input)
        : { action: `kinesis:${action}`, resource: input.ConsumerARN };

  const describe = ({ name, arn, createdAt }: Consumer) => ({
    ...{ ConsumerName: name, ConsumerARN: arn, ConsumerStatus: "ACTIVE" },
    ConsumerCreationTimestamp: new Date(createdAt),
  });

  return {
    find,
    operations: {
      RegisterStreamConsumer: {
        authorize: streams.access("RegisterStreamConsumer"),
        run({ StreamARN, ConsumerName }: { StreamARN: string; ConsumerName: string }) {
          const stream = streams.find({ StreamARN });
          if (!NAME.test(ConsumerName)) {
            throw new AwsError("InvalidArgumentException", `ConsumerName ${ConsumerName} has to match ${NAME.source}`);
          }
          const known = of(stream);
          if (known.some(({ name }) => name === ConsumerName)) {
            const message = `Consumer ${ConsumerName} under stream ${stream.name} already exists for account ${account}.`;
            throw new AwsError("ResourceInUseException", message);
          }
          if (known.length >= MOST_CONSUMERS) {
            throw new AwsError("LimitExceededException", `A stream has ${MOST_CONSUMERS} consumers at most.`);
          }
          const createdAt = clock.now();
          const arn = `${stream.arn}/consumer/${ConsumerName}:${Math.floor(createdAt / 1000)}`;
          const consumer = { name: ConsumerName, arn, streamName: stream.name, createdAt };
          all.set(arn, consumer);
          save.run(arn, JSON.stringify(consumer));
          return { Consumer: { ...describe(consumer), ConsumerStatus: "CREATING" } };
        },
      },
      DescribeStreamConsumer: {
        authorize: onConsumer("DescribeStreamConsumer"),
        run(input: ConsumerReference) {
          const consumer = find(input);
          return { ConsumerDescription: { ...describe(consumer), StreamARN: streams.arnOf(consumer.streamName) } };
        },
      },
      ListStreamConsumers: {
        authorize: streams.access("ListStreamConsumers"),
        run({
          NextToken,
          MaxResults = 100,
          ...reference
        }: StreamReference & { NextToken?: string; MaxResults?: number }) {
          const found = of(streams.find(reference)).sort((a, b) => (a.name < b.name ? -1 : 1));
          const start = Number(NextToken ?? 0);
          if (!Number.isInteger(start) || start < 0)
            throw new AwsError("InvalidArgumentException", "Invalid NextToken.");
          const end = start + MaxResults;
          return {
            Consumers: found.slice(start, end).map(describe),
            NextToken: end < found.length ? String(end) : undefined,
          };
        },
      },
      DeregisterStreamConsumer: {
        authorize: onConsumer("DeregisterStreamConsumer"),
        run(input: ConsumerReference) {
          const { arn } = find(input);
          all.delete(arn);
          drop.run(arn);
          return {};
        },
      },
    },
  };
}
