/** Events as the services send them, for trying a function out by hand. */
import { createHash, randomUUID } from "node:crypto";

export interface EventValues {
  region: string;
  account: string;
  /** Text of the message, or JSON of the detail. */
  body?: string;
  bucket?: string;
  key?: string;
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
  sns: [
    "a topic's message (--body)",
    ({ region, account, body = "{}" }) => ({ Records: [snsRecord(region, account, body)] }),
  ],
  rest: ["a request through a REST API (--method, --path, --body)", restEvent],
  http: ["a request through an HTTP API (--method, --path, --body)", httpEvent],
  schedule: ["EventBridge Scheduler's own event", scheduleEvent],
  eventbridge: [
    "an event of a bus (--body is its detail)",
    ({ region, account, body = "{}" }) => busEvent(region, account, JSON.parse(body)),
  ],
  kinesis: ["one record of a stream (--body is its data)", (values) => ({ Records: [kinesisRecord(values)] })],
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
  { region, bucket = "photos", key = "tenants/acme/photos/1/original" }: EventValues,
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
        size: 1024,
        eTag: md5(key),
        sequencer: "0",
      },
    },
  };
}

function sqsRecord({ region, account }: EventValues, body: string) {
  return {
    ...{ messageId: randomUUID(), receiptHandle: "sample", body, md5OfBody: md5(body), messageAttributes: {} },
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: String(Date.now()),
      SenderId: account,
      ApproximateFirstReceiveTimestamp: String(Date.now()),
    },
    ...{ eventSource: "aws:sqs", eventSourceARN: `arn:aws:sqs:${region}:${account}:sample`, awsRegion: region },
  };
}

function snsRecord(region: string, account: string, Message: string) {
  const TopicArn = `arn:aws:sns:${region}:${account}:sample`;
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

function restEvent({ account, method = "GET", path = "/health", body }: EventValues) {
  const headers = { Host: "api.example.com", "Content-Type": "application/json" };
  const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return {
    ...{ resource: path, path, httpMethod: method, headers, multiValueHeaders, queryStringParameters: null },
    ...{ multiValueQueryStringParameters: null, pathParameters: null, stageVariables: null },
    requestContext: {
      ...{ accountId: account, apiId: "sample", stage: "v1", httpMethod: method, path, resourcePath: path },
      ...{
        requestId: randomUUID(),
        requestTimeEpoch: Date.now(),
        identity: { sourceIp: "127.0.0.1", userAgent: "sample" },
      },
    },
    ...{ body: body ?? null, isBase64Encoded: false },
  };
}

function httpEvent({ account, method = "GET", path = "/health", body }: EventValues) {
  return {
    ...{ version: "2.0", routeKey: `${method} ${path}`, rawPath: path, rawQueryString: "" },
    headers: { host: "api.example.com", "content-type": "application/json" },
    requestContext: {
      ...{
        accountId: account,
        apiId: "sample",
        domainName: "api.example.com",
        routeKey: `${method} ${path}`,
        stage: "$default",
      },
      ...{ requestId: randomUUID(), timeEpoch: Date.now() },
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "sample" },
    },
    ...(body === undefined ? {} : { body }),
    isBase64Encoded: false,
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

function kinesisRecord({ region, account, body = "{}" }: EventValues) {
  const eventSourceARN = `arn:aws:kinesis:${region}:${account}:stream/sample`;
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
