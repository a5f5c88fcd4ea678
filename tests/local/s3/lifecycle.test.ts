import {
  CreateMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
} from "@aws-sdk/client-s3";
import { codeOf, type MessagingCloud, queuePolicy, startMessaging } from "../messaging-cloud.ts";
import { type ObjectClient, objectClient } from "./s3-client.ts";

const Bucket = "exports";
const DAY = 86_400_000;
let cloud: MessagingCloud;
let objects: ObjectClient;

beforeEach(async () => {
  cloud = await startMessaging();
  objects = objectClient(cloud.running.client());
  await objects.create(Bucket);
});

afterEach(async () => {
  objects.sdk.destroy();
  await cloud.stop();
});

const set = (...Rules: Partial<LifecycleRule>[]) =>
  objects.sdk.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket,
      LifecycleConfiguration: { Rules: Rules.map((rule) => ({ Status: "Enabled", ...rule })) },
    }),
  );
const keys = async () =>
  ((await objects.sdk.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key);
const versions = async () => {
  const { Versions = [], DeleteMarkers = [] } = await objects.sdk.send(new ListObjectVersionsCommand({ Bucket }));
  return { versions: Versions.length, markers: DeleteMarkers.length };
};

describe("a lifecycle rule", () => {
  it("expires what is old enough at the midnight after, by prefix and tag, and nothing else", async () => {
    await set({
      ID: "old",
      Filter: { And: { Prefix: "tmp/", Tags: [{ Key: "keep", Value: "no" }] } },
      Expiration: { Days: 2 },
    });
    await objects.put(Bucket, "tmp/goes", "x", { Tagging: "keep=no" });
    await objects.put(Bucket, "tmp/stays", "x");
    await objects.put(Bucket, "other", "x", { Tagging: "keep=no" });
    const midnight = (Math.floor(cloud.clock.now() / DAY) + 3) * DAY;
    await cloud.clock.advance(midnight - 1 - cloud.clock.now());
    expect(await keys()).toEqual(["other", "tmp/goes", "tmp/stays"]);
    await cloud.clock.advance(1);
    expect(await keys()).toEqual(["other", "tmp/stays"]);
  });

  it("leaves a marker where there are versions, ends older ones, and then the marker", async () => {
    await objects.sdk.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    for (const body of ["1", "2", "3"]) await objects.put(Bucket, "a", body);
    await set(
      { ID: "now", Filter: { Prefix: "" }, Expiration: { Days: 1 } },
      {
        ID: "then",
        Filter: { Prefix: "" },
        NoncurrentVersionExpiration: { NoncurrentDays: 3, NewerNoncurrentVersions: 1 },
      },
    );
    await cloud.clock.advance(2 * DAY);
    expect(await keys()).toEqual([]);
    expect(await versions()).toEqual({ versions: 3, markers: 1 });
    await cloud.clock.advance(5 * DAY);
    expect(await versions()).toEqual({ versions: 1, markers: 1 });
    await set(
      { ID: "rest", Filter: { Prefix: "" }, NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
      { ID: "marker", Filter: { Prefix: "" }, Expiration: { ExpiredObjectDeleteMarker: true } },
    );
    await cloud.clock.advance(2 * DAY);
    expect(await versions()).toEqual({ versions: 0, markers: 0 });
  });

  it("ends uploads that were never completed", async () => {
    await set({ ID: "parts", Filter: { Prefix: "" }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } });
    await objects.sdk.send(new CreateMultipartUploadCommand({ Bucket, Key: "never" }));
    await cloud.clock.advance(2 * DAY);
    expect((await objects.sdk.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).toEqual([]);
  });

  it("moves objects and older versions to another storage class, the last that is due", async () => {
    await objects.sdk.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    const cold = [
      { Days: 1, StorageClass: "STANDARD_IA" as const },
      { Days: 90, StorageClass: "GLACIER" as const },
    ];
    const older = [{ NoncurrentDays: 2, StorageClass: "GLACIER_IR" as const }];
    await set({ ID: "cool", Filter: { Prefix: "" }, Transitions: cold, NoncurrentVersionTransitions: older });
    await objects.put(Bucket, "a");
    await objects.put(Bucket, "a");
    const classes = async () => {
      const { Versions } = await objects.sdk.send(new ListObjectVersionsCommand({ Bucket }));
      return Versions!.map(({ StorageClass }) => StorageClass);
    };
    await cloud.clock.advance(2 * DAY);
    expect(await classes()).toEqual(["STANDARD_IA", "STANDARD"]);
    await cloud.clock.advance(DAY);
    expect(await classes()).toEqual(["STANDARD_IA", "GLACIER_IR"]);
    await cloud.clock.advance(90 * DAY);
    expect(await classes()).toEqual(["GLACIER", "GLACIER_IR"]);
    expect(await codeOf(objects.text(Bucket, "a"))).toBe("InvalidObjectState");
  });

  it("tells who wants to know of what expired", async () => {
    await cloud.running.call("sqs", "CreateQueue", { QueueName: "told" });
    const queueArn = "arn:aws:sqs:eu-west-1:000000000000:told";
    const QueueUrl = `${cloud.running.endpoint}/000000000000/told`;
    const Policy = queuePolicy(queueArn, "s3.amazonaws.com", `arn:aws:s3:::${Bucket}`);
    await cloud.running.call("sqs", "SetQueueAttributes", { QueueUrl, Attributes: { Policy } });
    const queues = [{ queueArn, events: ["s3:LifecycleExpiration:*"] }];
    await cloud.declare("aws:s3/bucketNotification:BucketNotification", { bucket: Bucket, queues });
    await set({ ID: "all", Filter: { Prefix: "" }, Expiration: { Days: 1 } });
    await objects.put(Bucket, "a");
    await cloud.clock.advance(2 * DAY);
    const { Messages } = await cloud.running.call<{ Messages: { Body: string }[] }>("sqs", "ReceiveMessage", {
      ...{ QueueUrl, MaxNumberOfMessages: 10 },
    });
    // The first one is s3:TestEvent.
    expect(JSON.parse(Messages[1]!.Body).Records[0]).toMatchObject({
      eventName: "LifecycleExpiration:Delete",
      s3: { object: { key: "a" } },
    });
  });

  it("holds over a restart, and does nothing when it is disabled or taken away", async () => {
    await set({ ID: "off", Status: "Disabled", Filter: { Prefix: "" }, Expiration: { Days: 1 } });
    await objects.put(Bucket, "a");
    await cloud.clock.advance(3 * DAY);
    expect(await keys()).toEqual(["a"]);
    await set({ ID: "on", Filter: { Prefix: "" }, Expiration: { Days: 1 } });
    objects.sdk.destroy();
    await cloud.restart();
    objects = objectClient(cloud.running.client());
    const { Rules } = await objects.sdk.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    expect(Rules).toMatchObject([{ ID: "on", Status: "Enabled", Expiration: { Days: 1 } }]);
    await cloud.clock.advance(DAY);
    expect(await keys()).toEqual([]);
    await objects.sdk.send(new DeleteBucketLifecycleCommand({ Bucket }));
    const read = objects.sdk.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    expect(await codeOf(read)).toBe("NoSuchLifecycleConfiguration");
  });

  it("of a program expires as the API's does", async () => {
    const rules = [{ id: "d", status: "Enabled", filter: { prefix: "tmp/" }, expiration: { days: 1 } }];
    const type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
    await cloud.declare(type, { bucket: Bucket, rules });
    await objects.put(Bucket, "tmp/a");
    await cloud.clock.advance(2 * DAY);
    expect(await keys()).toEqual([]);
  });

  it("that says nothing or counts no days is refused", async () => {
    expect(await codeOf(set({ ID: "empty", Filter: { Prefix: "" } }))).toBe("InvalidArgument");
    expect(await codeOf(set({ ID: "none", Filter: { Prefix: "" }, Expiration: { Days: 0 } }))).toBe("InvalidArgument");
    const twice = { ID: "same", Filter: { Prefix: "" }, Expiration: { Days: 1 } };
    expect(await codeOf(set(twice, twice))).toBe("InvalidArgument");
  });
});
