import { Agent, type IncomingMessage, request } from "node:http";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketCorsCommand,
  GetBucketNotificationConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { codeOf, type MessagingCloud, queuePolicy, startMessaging } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";
import { queueClient } from "../sqs/queue-client.ts";
import { type ObjectClient, objectClient } from "./s3-client.ts";

const Bucket = "photos";
const loopback = [{ address: "127.0.0.1", family: 4 }];
const ARN = `arn:aws:s3:::${Bucket}`;
const policyOf = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });

describe("S3 buckets", () => {
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

  const asRole = async (name: string, ...statements: object[]) =>
    objectClient(cloud.running.client(await roleWith(cloud.running, name, ...statements)));
  const allow = (Action: string | string[], Resource: string, Condition?: object) => ({
    Effect: "Allow",
    ...{ Action, Resource, ...(Condition && { Condition }) },
  });

  describe("who may", () => {
    it("what is missing is 404 to who may list the bucket, and 403 to everyone else", async () => {
      const reader = await asRole("reader", allow("s3:GetObject", `${ARN}/*`));
      const lister = await asRole("lister", allow("s3:GetObject", `${ARN}/*`), allow("s3:ListBucket", ARN));
      expect(await codeOf(reader.text(Bucket, "none"))).toBe("AccessDenied");
      expect(await codeOf(lister.text(Bucket, "none"))).toBe("NoSuchKey");
      const head = (client: ObjectClient) =>
        client.sdk
          .send(new HeadObjectCommand({ Bucket, Key: "none" }))
          .catch((error) => error.$metadata.httpStatusCode);
      expect([await head(reader), await head(lister)]).toEqual([403, 404]);
      for (const client of [reader, lister]) client.sdk.destroy();
    });

    it("a list may be bound to a prefix", async () => {
      await objects.put(Bucket, "tenants/acme/a");
      const like = { StringLike: { "s3:prefix": "tenants/acme/*" } };
      const acme = await asRole("acme", allow("s3:ListBucket", ARN, like));
      const list = (Prefix?: string) => acme.sdk.send(new ListObjectsV2Command({ Bucket, Prefix }));
      expect((await list("tenants/acme/")).KeyCount).toBe(1);
      expect(await codeOf(list("tenants/globex/"))).toBe("AccessDenied");
      expect(await codeOf(list())).toBe("AccessDenied");
      acme.sdk.destroy();
    });

    it("deleting many answers for each key: what may not go is an error among the answers", async () => {
      for (const Key of ["mine/1", "yours/1"]) await objects.put(Bucket, Key);
      const mine = await asRole("mine", allow("s3:DeleteObject", `${ARN}/mine/*`));
      const Objects = ["mine/1", "yours/1"].map((Key) => ({ Key }));
      const answer = await mine.sdk.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
      expect(answer.Deleted).toMatchObject([{ Key: "mine/1" }]);
      expect(answer.Errors).toMatchObject([{ Key: "yours/1", Code: "AccessDenied" }]);
      expect(await objects.text(Bucket, "yours/1")).toBe("x");
      mine.sdk.destroy();
    });

    it("a copy reads the source and writes the target, each by its own permission", async () => {
      await objects.put(Bucket, "secret/1", "kept");
      const writer = await asRole("writer", allow("s3:PutObject", `${ARN}/*`));
      const copy = (CopySource: string) => writer.sdk.send(new CopyObjectCommand({ Bucket, Key: "taken", CopySource }));
      expect(await codeOf(copy(`${Bucket}/secret/1`))).toBe("AccessDenied");
      expect(await codeOf(copy(`${Bucket}/secret%2F1`))).toBe("AccessDenied");
      expect(await codeOf(copy("%E0%A4%A"))).toBe("InvalidArgument");
      expect(await codeOf(writer.put(Bucket, "tagged", "x", { Tagging: "a=b" }))).toBe("AccessDenied");
      writer.sdk.destroy();
    });

    it("everybody only where the policy says so and public access is not blocked", async () => {
      await objects.put(Bucket, "public/1", "for all");
      const url = `${cloud.running.endpoint}/${Bucket}/public/1`;
      const everybody = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `${ARN}/public/*` };
      const setPolicy = () => objects.sdk.send(new PutBucketPolicyCommand({ Bucket, Policy: policyOf(everybody) }));
      expect(await codeOf(setPolicy())).toBe("AccessDenied");
      const block = (restrict: boolean) =>
        objects.sdk.send(
          new PutPublicAccessBlockCommand({
            Bucket,
            PublicAccessBlockConfiguration: { RestrictPublicBuckets: restrict },
          }),
        );
      await block(false);
      await setPolicy();
      expect(await (await fetch(url)).text()).toBe("for all");
      expect((await fetch(url.replace("public", "private"))).status).toBe(403);
      expect((await fetch(url, { method: "DELETE" })).status).toBe(403);
      await block(true);
      expect((await fetch(url)).status).toBe(403);
    });

    it("a policy that denies what is not encrypted in transport lets loopback through", async () => {
      const secure = {
        ...{ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: [ARN, `${ARN}/*`] },
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      };
      await objects.sdk.send(new PutBucketPolicyCommand({ Bucket, Policy: policyOf(secure) }));
      const role = await asRole("user", allow("s3:PutObject", `${ARN}/*`));
      await role.put(Bucket, "a");
      role.sdk.destroy();
    });
  });

  describe("cross-origin", () => {
    const CORSRules = [
      {
        AllowedMethods: ["PUT", "GET"],
        AllowedOrigins: ["https://*.example.com"],
        AllowedHeaders: ["content-*"],
        ExposeHeaders: ["ETag"],
        MaxAgeSeconds: 60,
      },
    ];
    /** Whatever the host's name, on this machine: its DNS may not know `*.localhost`. */
    const ask = (host: string, path: string, headers: Record<string, string>) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const all = { host, "access-control-request-method": "PUT", ...headers };
        request(`${cloud.running.endpoint}${path}`, { method: "OPTIONS", headers: all }, (answer) => {
          resolve(answer.resume());
        })
          .on("error", reject)
          .end();
      });

    it("requests are allowed by the bucket's rules, in the path or in the host", async () => {
      await objects.sdk.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
      expect((await objects.sdk.send(new GetBucketCorsCommand({ Bucket }))).CORSRules).toEqual(CORSRules);
      const { host, port } = new URL(cloud.running.endpoint);
      const origin = "https://acme.example.com";
      const headers = { origin, "access-control-request-headers": "content-type" };
      for (const [where, path] of [
        [host, `/${Bucket}/a`],
        [`${Bucket}.localhost:${port}`, "/a"],
      ] as const) {
        const answer = await ask(where, path, headers);
        expect([answer.statusCode, answer.headers["access-control-allow-origin"]]).toEqual([200, origin]);
        expect(answer.headers["access-control-max-age"]).toBe("60");
      }
      const others: Record<string, string>[] = [
        { origin: "https://example.org" },
        { origin, "access-control-request-headers": "x-custom" },
        { origin, "access-control-request-method": "DELETE" },
      ];
      for (const other of others) {
        expect((await ask(host, `/${Bucket}/a`, other)).statusCode).toBe(403);
      }
    });

    it("answers and refusals can be read by the page that may ask, and by no other", async () => {
      await objects.sdk.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
      const put = (origin: string, headers: Record<string, string> = {}) =>
        objects.signed(
          "PUT",
          `/${Bucket}/once`,
          { origin, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", ...headers },
          "x",
        );
      const answer = await put("https://acme.example.com");
      expect(answer.headers.get("access-control-allow-origin")).toBe("https://acme.example.com");
      expect(answer.headers.get("access-control-expose-headers")).toBe("ETag");
      const refused = await put("https://acme.example.com", { "if-none-match": "*" });
      expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([
        412,
        "https://acme.example.com",
      ]);
      expect((await put("https://example.org")).headers.get("access-control-allow-origin")).toBeNull();
    });
  });

  describe("notifications", () => {
    async function inbox(name: string) {
      const queue = queueClient(cloud.running.client());
      const url = await queue.create(name);
      const arn = await queue.arnOf(url);
      const Policy = queuePolicy(arn, "s3.amazonaws.com", ARN);
      await queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
      const records = async () => (await queue.bodies(url)).flatMap((body) => JSON.parse(body).Records ?? []);
      return { arn, records, done: () => queue.sdk.destroy() };
    }

    it("case 15: have S3's own shape, one event each for a put, a copy and a delete, in order", async () => {
      const { arn, records, done } = await inbox("events");
      const QueueConfigurations = [
        { Id: "all", QueueArn: arn, Events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"] as never },
      ];
      await objects.sdk.send(
        new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: { QueueConfigurations } }),
      );
      await objects.put(Bucket, "a b/ü(1)+.png", "hello");
      await objects.sdk.send(
        new CopyObjectCommand({ Bucket, Key: "copy", CopySource: encodeURI(`${Bucket}/a b/ü(1)+.png`) }),
      );
      await objects.sdk.send(new DeleteObjectCommand({ Bucket, Key: "copy" }));
      const [put, copy, removed] = await records();
      expect(put).toEqual({
        eventVersion: "2.1",
        eventSource: "aws:s3",
        awsRegion: "eu-west-1",
        eventTime: new Date(cloud.clock.now()).toISOString(),
        eventName: "ObjectCreated:Put",
        userIdentity: { principalId: expect.stringMatching(/^AWS:/) },
        requestParameters: { sourceIPAddress: "127.0.0.1" },
        responseElements: { "x-amz-request-id": expect.any(String), "x-amz-id-2": expect.any(String) },
        s3: {
          s3SchemaVersion: "1.0",
          configurationId: "all",
          bucket: { name: Bucket, ownerIdentity: { principalId: expect.any(String) }, arn: ARN },
          object: {
            key: "a+b/%C3%BC%281%29%2B.png",
            size: 5,
            eTag: "5d41402abc4b2a76b9719d911017c592",
            sequencer: expect.stringMatching(/^[0-9A-F]{18}$/),
          },
        },
      });
      expect([copy.eventName, removed.eventName]).toEqual(["ObjectCreated:Copy", "ObjectRemoved:Delete"]);
      expect(Object.keys(removed.s3.object)).toEqual(["key", "sequencer"]);
      const sequence = [put, copy, removed].map((record) => record.s3.object.sequencer);
      expect(sequence).toEqual([...sequence].sort());
      expect(new Set(sequence).size).toBe(3);
      done();
    });

    it("a target is tried when it is set: a queue gets s3:TestEvent, and one that S3 may not reach is refused", async () => {
      const queue = queueClient(cloud.running.client());
      const url = await queue.create("tried");
      const QueueArn = await queue.arnOf(url);
      const set = (SkipDestinationValidation?: boolean, arn = QueueArn) => {
        const QueueConfigurations = [{ QueueArn: arn, Events: ["s3:ObjectCreated:*" as const] }];
        const NotificationConfiguration = { QueueConfigurations };
        return objects.sdk.send(
          new PutBucketNotificationConfigurationCommand({
            Bucket,
            NotificationConfiguration,
            SkipDestinationValidation,
          }),
        );
      };
      const refusal = await set().catch((error) => error);
      expect([refusal.name, refusal.message]).toEqual([
        "InvalidArgument",
        "Unable to validate the following destination configurations",
      ]);
      expect(cloud.logged.at(-1)!.message).toMatch(/photos can not notify arn:aws:sqs:.*:tried: .*sqs:SendMessage/);
      expect(await codeOf(set(undefined, `${QueueArn}-none`))).toBe("InvalidArgument");
      const Policy = queuePolicy(QueueArn, "s3.amazonaws.com", ARN);
      await queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
      await set();
      const [body] = await queue.bodies(url);
      expect(JSON.parse(body!)).toMatchObject({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket });
      await set(true, `${QueueArn}-none`);
      const declared = cloud.declare("aws:s3/bucketNotification:BucketNotification", {
        ...{ bucket: Bucket, queues: [{ queueArn: `${QueueArn}-none`, events: ["s3:ObjectCreated:*"] }] },
      });
      await expect(declared).rejects.toThrow("Unable to validate the following destination configurations");
      queue.sdk.destroy();
    });

    it("that the program declares try their queue with s3:TestEvent, once for each change, not at each start", async () => {
      const queue = queueClient(cloud.running.client());
      const url = await queue.create("declared-inbox");
      const QueueArn = await queue.arnOf(url);
      const Policy = queuePolicy(QueueArn, "s3.amazonaws.com", ARN);
      await queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
      const declare = async (event: string) => {
        await cloud.declare("aws:s3/bucket:Bucket", { bucket: Bucket });
        const queues = [{ queueArn: QueueArn, events: [event] }];
        await cloud.declare("aws:s3/bucketNotification:BucketNotification", { bucket: Bucket, queues });
      };
      const received = async () => {
        const [body, ...more] = await queue.bodies(url);
        expect(more).toEqual([]);
        return body === undefined ? undefined : JSON.parse(body).Event;
      };
      await declare("s3:ObjectCreated:*");
      expect(await received()).toBe("s3:TestEvent");
      await declare("s3:ObjectCreated:*");
      expect(await received()).toBeUndefined();
      queue.sdk.destroy();
      await cloud.restart();
      const again = queueClient(cloud.running.client());
      await declare("s3:ObjectCreated:*");
      await cloud.clock.advance(60_000);
      const [only, ...others] = await again.bodies(url);
      // The one of before, which nobody deleted.
      expect([JSON.parse(only!).Event, others]).toEqual(["s3:TestEvent", []]);
      await declare("s3:ObjectRemoved:*");
      expect((await again.bodies(url)).map((body) => JSON.parse(body).Event)).toEqual(["s3:TestEvent"]);
      again.sdk.destroy();
    });

    it("are in the queue when the upload is answered, whenever the process dies", async () => {
      const { arn, records, done } = await inbox("durable");
      await cloud.declare("aws:s3/bucketNotification:BucketNotification", {
        bucket: Bucket,
        queues: [{ queueArn: arn, events: ["s3:ObjectCreated:Put"], filterPrefix: "in/", filterSuffix: ".png" }],
      });
      for (const key of ["in/a.png", "in/a.jpg", "out/a.png"]) await objects.put(Bucket, key);
      const get = new GetBucketNotificationConfigurationCommand({ Bucket });
      expect((await objects.sdk.send(get)).QueueConfigurations).toMatchObject([
        { QueueArn: arn, Filter: { Key: { FilterRules: [{ Name: "prefix" }, { Name: "suffix" }] } } },
      ]);
      done();
      await cloud.restart({ isKilled: true });
      const again = await inbox("durable");
      expect((await again.records()).map(({ s3 }) => s3.object.key)).toEqual(["in/a.png"]);
      again.done();
      expect(records).toBeDefined();
    });

    it("that a queue refuses are logged, and the upload is not refused for it", async () => {
      const queue = queueClient(cloud.running.client());
      const arn = await queue.arnOf(await queue.create("closed"));
      queue.sdk.destroy();
      const QueueConfigurations = [{ QueueArn: arn, Events: ["s3:ObjectCreated:*" as const] }];
      const NotificationConfiguration = { QueueConfigurations };
      const given = { Bucket, NotificationConfiguration, SkipDestinationValidation: true };
      await objects.sdk.send(new PutBucketNotificationConfigurationCommand(given));
      await objects.put(Bucket, "a");
      expect(cloud.logged.map(({ message }) => message).join()).toMatch(/could not notify .*closed.*sqs:SendMessage/);
    });
  });

  it("declared by a program have what it declares anew at each start, and keep their objects", async () => {
    const bucket = "declared";
    const declare = () => cloud.declare("aws:s3/bucket:Bucket", { bucket }, { bucket, id: bucket });
    await declare();
    await cloud.declare("aws:s3/bucketVersioning:BucketVersioning", {
      bucket,
      versioningConfiguration: { status: "Enabled" },
    });
    await cloud.declare("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { bucket, blockPublicAcls: true });
    await cloud.declare("aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2", {
      bucket,
      corsRules: [{ allowedMethods: ["GET"], allowedOrigins: ["*"] }],
    });
    const put = await objects.put(bucket, "kept", "still here");
    expect(put).toHaveProperty("VersionId", expect.stringMatching(/^[\w-]{32}$/));
    const block = await objects.sdk.send(new GetPublicAccessBlockCommand({ Bucket: bucket }));
    expect(block.PublicAccessBlockConfiguration).toMatchObject({ BlockPublicAcls: true, BlockPublicPolicy: false });
    objects.sdk.destroy();
    await cloud.restart();
    objects = objectClient(cloud.running.client());
    expect(await codeOf(objects.text(bucket, "kept"))).toBe("NoSuchBucket");
    await declare();
    expect(await objects.text(bucket, "kept")).toBe("still here");
    expect(await codeOf(objects.sdk.send(new GetBucketCorsCommand({ Bucket: bucket })))).toBe(
      "NoSuchCORSConfiguration",
    );
  });

  it("are reached by path and by host, and their names are S3's", async () => {
    const virtual = new S3Client({
      ...cloud.running.client(),
      endpoint: cloud.running.endpoint.replace("127.0.0.1", "localhost"),
      requestHandler: { httpAgent: new Agent({ lookup: (_host, _options, done) => done(null, loopback) }) },
    });
    await virtual.send(new HeadBucketCommand({ Bucket }));
    expect((await virtual.send(new ListBucketsCommand({}))).Buckets).toMatchObject([{ Name: Bucket }]);
    await virtual.send(new PutObjectCommand({ Bucket, Key: "by host", Body: "x" }));
    expect(await objects.text(Bucket, "by host")).toBe("x");
    virtual.destroy();
    for (const name of ["Upper", "ab", "under_score", "a..b"]) {
      expect(await codeOf(objects.sdk.send(new CreateBucketCommand({ Bucket: name })))).toMatch(
        /InvalidBucketName|NotImplemented/,
      );
    }
    expect(await codeOf(objects.create(Bucket))).toBe("BucketAlreadyOwnedByYou");
  });
});
