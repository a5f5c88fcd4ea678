/** Events as the services send them, for trying a function out by hand. */
import { createHash, randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { ToolError } from "./platform.ts";
import { authorizerEvent, httpEvent, restEvent, tokenEvent, webSocketEvent } from "./sample-requests.ts";

export interface EventValues {
  region: string;
  account: string;
  /** Text of the message, or JSON of the detail. */
  body?: string;
  bucket?: string;
  key?: string;
  /** Of the object. */
  size?: number;
  eTag?: string;
  /** ARNs of what the events come from. */
  queue?: string;
  topic?: string;
  stream?: string;
  /** The topic's messages come without their envelope. */
  isRaw?: boolean;
  method?: string;
  path?: string;
}

type Make = (values: EventValues) => object;

const NAMES: Record<string, [what: string, make: Make]> = {
  "s3:put": ["an object was created", (values) => ({ Records: [s3Record(values, "ObjectCreated:Put")] })],
  "s3:delete": ["an object was removed", (values) => ({ Records: [s3Record(values, "ObjectRemoved:Delete")] })],
  sqs: ["one message of a queue (--body)", (values) => ({ Records: [sqsRecord(values, values.body ?? "{}")] })],
  "sqs:s3:put": [
    "a queue's message that tells of a created object",
    (values) => ({
      Records: [sqsRecord(values, JSON.stringify({ Records: [s3Record(values, "ObjectCreated:Put")] }))],
    }),
  ],
  sns: ["a topic's message (--body)", (values) => ({ Records: [snsRecord(values)] })],
  "sqs:sns": [
    "a queue's message that came from a topic (--body)",
    (values) => ({
      Records: [sqsRecord(values, values.isRaw ? (values.body ?? "{}") : JSON.stringify(snsRecord(values).Sns))],
    }),
  ],
  rest: ["a request through a REST API (--method, --path, --body)", restEvent],
  http: ["a request through an HTTP API (--method, --path, --body)", httpEvent],
  authorizer: [
    "a question to a REST API's authorizer (--method, --path; --body is the Authorization header)",
    authorizerEvent,
  ],
  websocket: ["a connection of a WebSocket API, or with --body a message", webSocketEvent],
  "cognito:token": ["Cognito's trigger before it makes tokens", tokenEvent],
  schedule: ["EventBridge Scheduler's own event", scheduleEvent],
  eventbridge: [
    "an event of a bus (--body is its detail)",
    ({ region, account, body = "{}" }) => busEvent(region, account, jsonOf(body)),
  ],
  "eventbridge:s3:put": ["a bus's event of a created object", s3BusEvent],
  alarm: ["an alarm that calls a function", alarmEvent],
  logs: ["a subscription to a log group (--body is the line)", logsEvent],
  dynamodb: ["a change of a table's item (--body is its new image)", dynamodbEvent],
  kinesis: ["one record of a stream (--body is its data)", (values) => ({ Records: [kinesisRecord(values)] })],
  firehose: ["records to transform for Firehose (--body)", firehoseEvent],
};

export const eventNames: readonly (readonly [string, string])[] = Object.entries(NAMES).map(([name, [what]]) => [
  name,
  what,
]);

/** @returns undefined for an unknown name */
export function sampleEvent(name: string, values: EventValues): object | undefined {
  return Object.hasOwn(NAMES, name) ? NAMES[name]![1](values) : undefined;
}

function s3Record(
  { region, bucket = "photos", key = "tenants/acme/photos/1/original", size = 1024, eTag = md5(key) }: EventValues,
  eventName: string,
) {
  return {
    ...{
      eventVersion: "2.1",
      eventSource: "aws:s3",
      awsRegion: region,
      eventTime: new Date().toISOString(),
      eventName,
    },
    userIdentity: { principalId: "AWS:SAMPLE" },
    requestParameters: { sourceIPAddress: "127.0.0.1" },
    responseElements: { "x-amz-request-id": "SAMPLE", "x-amz-id-2": "SAMPLE" },
    s3: {
      ...{ s3SchemaVersion: "1.0", configurationId: "sample" },
      bucket: { name: bucket, ownerIdentity: { principalId: "SAMPLE" }, arn: `arn:aws:s3:::${bucket}` },
      // Keys come as a form would send them.
      object: {
        key: encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%20", "+"),
        size,
        eTag,
        sequencer: "0",
      },
    },
  };
}

function sqsRecord({ region, account, queue }: EventValues, body: string) {
  return {
    ...{ messageId: randomUUID(), receiptHandle: "sample", body, md5OfBody: md5(body), messageAttributes: {} },
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: String(Date.now()),
      SenderId: account,
      ApproximateFirstReceiveTimestamp: String(Date.now()),
    },
    ...{
      eventSource: "aws:sqs",
      eventSourceARN: queue ?? `arn:aws:sqs:${region}:${account}:sample`,
      awsRegion: region,
    },
  };
}

function snsRecord({ region, account, topic, body: Message = "{}" }: EventValues) {
  const TopicArn = topic ?? `arn:aws:sns:${region}:${account}:sample`;
  return {
    ...{ EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionArn: `${TopicArn}:${randomUUID()}` },
    Sns: {
      Type: "Notification",
      MessageId: randomUUID(),
      TopicArn,
      Subject: null,
      Message,
      Timestamp: new Date().toISOString(),
      MessageAttributes: {},
    },
  };
}

function scheduleEvent({ region, account }: EventValues) {
  return busEvent(region, account, {}, "aws.scheduler", "Scheduled Event");
}

function busEvent(region: string, account: string, detail: object, source = "sample", type = "Sample") {
  return {
    ...{ version: "0", id: randomUUID(), "detail-type": type, source, account, time: new Date().toISOString() },
    ...{ region, resources: [], detail },
  };
}

function s3BusEvent({
  region,
  account,
  bucket = "photos",
  key = "tenants/acme/photos/1/original",
  ...rest
}: EventValues) {
  const object = { key, size: rest.size ?? 1024, etag: rest.eTag ?? md5(key), sequencer: "0" };
  const detail = { version: "0", bucket: { name: bucket }, object, "request-id": "SAMPLE", requester: account };
  return {
    ...busEvent(region, account, { ...detail, reason: "PutObject" }, "aws.s3", "Object Created"),
    resources: [`arn:aws:s3:::${bucket}`],
  };
}

function alarmEvent({ region, account }: EventValues) {
  const alarmArn = `arn:aws:cloudwatch:${region}:${account}:alarm:sample`;
  const state = { value: "ALARM", reason: "Threshold Crossed", timestamp: new Date().toISOString() };
  const alarmData = {
    alarmName: "sample",
    state,
    previousState: { ...state, value: "OK" },
    configuration: { metrics: [] },
  };
  return { source: "aws.cloudwatch", alarmArn, accountId: account, time: new Date().toISOString(), region, alarmData };
}

function logsEvent({ account, body: message = "a line" }: EventValues) {
  const logEvents = [{ id: "0", timestamp: Date.now(), message }];
  const where = { owner: account, logGroup: "/sample", logStream: "sample", subscriptionFilters: ["sample"] };
  const data = JSON.stringify({ messageType: "DATA_MESSAGE", ...where, logEvents });
  return { awslogs: { data: gzipSync(data).toString("base64") } };
}

function dynamodbEvent({ region, account, stream, body = '{"id":"1"}' }: EventValues) {
  const image = Object.fromEntries(Object.entries(jsonOf(body)).map(([name, value]) => [name, attribute(value)]));
  const record = {
    ...{
      eventID: randomUUID(),
      eventName: "INSERT",
      eventVersion: "1.1",
      eventSource: "aws:dynamodb",
      awsRegion: region,
    },
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(Date.now() / 1000),
      Keys: Object.fromEntries(Object.entries(image).slice(0, 1)),
      NewImage: image,
      ...{ SequenceNumber: "111", SizeBytes: Buffer.byteLength(body), StreamViewType: "NEW_AND_OLD_IMAGES" },
    },
    eventSourceARN: stream ?? `arn:aws:dynamodb:${region}:${account}:table/sample/stream/2026-01-01T00:00:00.000`,
  };
  return { Records: [record] };
}

/** In DynamoDB's JSON. */
function attribute(value: unknown): object {
  if (value === null) return { NULL: true };
  if (typeof value === "boolean") return { BOOL: value };
  if (typeof value === "number") return { N: String(value) };
  if (Array.isArray(value)) return { L: value.map(attribute) };
  if (typeof value !== "object") return { S: String(value) };
  return { M: Object.fromEntries(Object.entries(value).map(([name, member]) => [name, attribute(member)])) };
}

function firehoseEvent({ region, account, body = "{}" }: EventValues) {
  const data = Buffer.from(body).toString("base64");
  return {
    ...{ invocationId: randomUUID(), region },
    deliveryStreamArn: `arn:aws:firehose:${region}:${account}:deliverystream/sample`,
    records: [{ recordId: "1", approximateArrivalTimestamp: Date.now(), data }],
  };
}

/** @throws ToolError naming the flag */
function jsonOf(body: string): object {
  try {
    const value = JSON.parse(body);
    if (value !== null && typeof value === "object") return value;
  } catch {
    // Said below.
  }
  throw new ToolError(`--body has to be a JSON object for this event, not ${body}`);
}

function kinesisRecord({ region, account, stream, body = "{}" }: EventValues) {
  const eventSourceARN = stream ?? `arn:aws:kinesis:${region}:${account}:stream/sample`;
  return {
    kinesis: {
      ...{
        kinesisSchemaVersion: "1.0",
        partitionKey: "sample",
        sequenceNumber: "49590338271490256608559692538361571095921575989136588898",
      },
      ...{ data: Buffer.from(body).toString("base64"), approximateArrivalTimestamp: Date.now() / 1000 },
    },
    ...{
      eventSource: "aws:kinesis",
      eventVersion: "1.0",
      eventID: "shardId-000000000000:sample",
      eventName: "aws:kinesis:record",
    },
    ...{ awsRegion: region, eventSourceARN },
  };
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
