/** Log events on their way to a filter's destination, packed as CloudWatch Logs packs them. */
import { createHash, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { AwsError, type Cloud } from "../../../service.ts";
import { groupAccess } from "../access.ts";
import type { SubscriptionFilter } from "./filters.ts";

export interface SubscribedEvent {
  id: string;
  timestamp: number;
  message: string;
}

type Destination = Pick<SubscriptionFilter, "group" | "destinationArn" | "roleArn" | "distribution">;

const zip = promisify(gzip);
/** In base64 and its envelope it is below what an event of a function may be (256 KB). */
const MAX_BYTES = 180 * 1024;

/** @throws AwsError where the destination does not take it */
export async function deliverEvents(
  cloud: Cloud,
  filter: SubscriptionFilter,
  stream: string,
  events: SubscribedEvent[],
): Promise<void> {
  const data = await pack({
    messageType: "DATA_MESSAGE",
    ...{ owner: cloud.account, logGroup: filter.group, logStream: stream },
    ...{ subscriptionFilters: [filter.name], logEvents: events },
  });
  if (data.length <= MAX_BYTES || events.length === 1) return send(cloud, filter, stream, data);
  const half = events.length >> 1;
  await deliverEvents(cloud, filter, stream, events.slice(0, half));
  await deliverEvents(cloud, filter, stream, events.slice(half));
}

/** Whether the destination may be reached: functions are not run for it, the others get a message that says so. */
export async function tryDestination(cloud: Cloud, destination: Destination): Promise<void> {
  const kind = destination.destinationArn.split(":")[2];
  if (kind === "lambda") return invoke(cloud, destination, "DryRun");
  const checked = kind === "firehose" ? "Firehose" : "Kinesis stream";
  const message = `CWL CONTROL MESSAGE: Checking health of destination ${checked}.`;
  const data = await pack({
    ...{ messageType: "CONTROL_MESSAGE", owner: "CloudwatchLogs", logGroup: "", logStream: "" },
    ...{ subscriptionFilters: [], logEvents: [{ id: "", timestamp: cloud.clock.now(), message }] },
  });
  await send(cloud, destination, "", data);
}

const pack = (message: object): Promise<Buffer> => zip(JSON.stringify(message));

async function send(cloud: Cloud, destination: Destination, stream: string, data: Buffer): Promise<void> {
  const { destinationArn: arn, roleArn = "", group, distribution } = destination;
  const kind = arn.split(":")[2];
  if (kind === "lambda") {
    return invoke(cloud, destination, "Event", JSON.stringify({ awslogs: { data: data.toString("base64") } }));
  }
  const key = distribution === "Random" ? randomUUID() : createHash("md5").update(`${group}:${stream}`).digest("hex");
  const principal = await asLogs(cloud, (service) =>
    cloud.assume(roleArn, "CloudWatchLogs", service, sourceOf(cloud, group)),
  );
  if (kind === "kinesis") {
    await cloud.call("kinesis", "PutRecord", { StreamARN: arn, PartitionKey: key, Data: data }, { principal });
  } else {
    const record = { DeliveryStreamName: arn.slice(arn.lastIndexOf("/") + 1), Record: { Data: data } };
    await cloud.call("firehose", "PutRecord", record, { principal });
  }
}

function invoke(cloud: Cloud, { destinationArn, group }: Destination, type: string, payload?: string): Promise<void> {
  return asLogs(cloud, async (service) => {
    const principal = { type: "service" as const, arn: service, account: cloud.account };
    const input = { FunctionName: destinationArn, InvocationType: type, Payload: payload };
    await cloud.call("lambda", "Invoke", input, { principal, sourceArn: sourceOf(cloud, group) });
  });
}

/** What `aws:SourceArn` is. */
const sourceOf = (cloud: Cloud, group: string) => `${groupAccess(cloud).arnOf(group)}:*`;

/** Policies name the service with or without the region. */
async function asLogs<Result>(cloud: Cloud, run: (service: string) => Result | Promise<Result>): Promise<Result> {
  try {
    return await run("logs.amazonaws.com");
  } catch (first) {
    if (!isDenied(first)) throw first;
    try {
      return await run(`logs.${cloud.region}.amazonaws.com`);
    } catch (second) {
      throw isDenied(second) ? first : second;
    }
  }
}

const isDenied = (error: unknown) => error instanceof AwsError && error.code.startsWith("AccessDenied");
