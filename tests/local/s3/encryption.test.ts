import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketEncryptionCommand,
  GetBucketEncryptionCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { kms } from "../../../local/services/kms/index.ts";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";
import { type ObjectClient, objectClient } from "./s3-client.ts";

const Bucket = "letters";
let cloud: MessagingCloud;
let administrator: ObjectClient;
let keys: KMSClient;
let key: { KeyId: string; Arn: string };
const clients: ObjectClient[] = [];

beforeEach(async () => {
  cloud = await startMessaging({ kms });
  administrator = objectClient(cloud.running.client());
  keys = new KMSClient({ ...cloud.running.client(), maxAttempts: 1 });
  await administrator.create(Bucket);
  const { KeyMetadata } = await keys.send(new CreateKeyCommand({}));
  key = KeyMetadata as typeof key;
});

afterEach(async () => {
  for (const { sdk } of [administrator, ...clients.splice(0)]) sdk.destroy();
  keys.destroy();
  await cloud.stop();
});

/** A role that may everything with objects, and with keys what `actions` say. */
async function as(name: string, actions: string[], Condition?: object): Promise<ObjectClient> {
  const ofObjects = { Effect: "Allow", Action: "s3:*", Resource: "*" };
  const ofKeys = { Effect: "Allow", Action: actions, Resource: key.Arn, ...(Condition && { Condition }) };
  const arn = await roleWith(cloud.running, name, ofObjects, ...(actions.length > 0 ? [ofKeys] : []));
  const client = objectClient(cloud.running.client(arn));
  clients.push(client);
  return client;
}

const byKey = () => ({ ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: key.KeyId });

describe("an object under a customer's key", () => {
  it("is written by who may make data keys with it and read by who may decrypt, each through S3", async () => {
    const writer = await as("writer", ["kms:GenerateDataKey"]);
    const reader = await as("reader", ["kms:Decrypt"], {
      StringEquals: { "kms:ViaService": "s3.eu-west-1.amazonaws.com" },
    });
    const neither = await as("neither", []);
    const put = (client: ObjectClient) =>
      client.sdk.send(new PutObjectCommand({ Bucket, Key: "a", Body: "hidden", ...byKey() }));
    expect(await put(writer)).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: key.Arn });
    expect(await codeOf(put(neither))).toBe("AccessDenied");
    expect(await reader.text(Bucket, "a")).toBe("hidden");
    expect(await codeOf(writer.text(Bucket, "a"))).toBe("AccessDenied");
    expect(await codeOf(neither.text(Bucket, "a"))).toBe("AccessDenied");
    // What is known of it is no secret of the key's
    const { SSEKMSKeyId } = await neither.sdk.send(new HeadObjectCommand({ Bucket, Key: "a" }));
    expect(SSEKMSKeyId).toBe(key.Arn);
  });

  it("is bound to its own ARN and the context that came with it", async () => {
    const context = Buffer.from(JSON.stringify({ tenant: "acme" })).toString("base64");
    await administrator.put(Bucket, "acme", "x", { ...byKey(), SSEKMSEncryptionContext: context });
    await administrator.put(Bucket, "plain", "x", byKey());
    const acme = await as("acme", ["kms:Decrypt"], { StringEquals: { "kms:EncryptionContext:tenant": "acme" } });
    expect(await acme.text(Bucket, "acme")).toBe("x");
    expect(await codeOf(acme.text(Bucket, "plain"))).toBe("AccessDenied");
    const one = await as("one", ["kms:Decrypt"], {
      StringEquals: { "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${Bucket}/plain` },
    });
    expect(await one.text(Bucket, "plain")).toBe("x");
    expect(await codeOf(one.text(Bucket, "acme"))).toBe("AccessDenied");
  });

  it("cannot be read while the key is off, nor written under a key that is not there", async () => {
    await administrator.put(Bucket, "a", "x", byKey());
    await keys.send(new DisableKeyCommand({ KeyId: key.KeyId }));
    expect(await codeOf(administrator.text(Bucket, "a"))).toBe("KMS.DisabledException");
    await keys.send(new EnableKeyCommand({ KeyId: key.KeyId }));
    expect(await administrator.text(Bucket, "a")).toBe("x");
    const missing = { ...byKey(), SSEKMSKeyId: "12345678-1234-1234-1234-123456789012" };
    expect(await codeOf(administrator.put(Bucket, "b", "x", missing))).toBe("KMS.NotFoundException");
  });

  it("is copied by who may decrypt the one and encrypt the other", async () => {
    await administrator.put(Bucket, "a", "x", byKey());
    const copy = (client: ObjectClient) =>
      client.sdk.send(new CopyObjectCommand({ Bucket, Key: "b", CopySource: `${Bucket}/a` }));
    expect(await codeOf(copy(await as("writes", ["kms:GenerateDataKey"])))).toBe("AccessDenied");
    const reads = await as("reads", ["kms:Decrypt"]);
    expect((await copy(reads)).ServerSideEncryption).toBe("AES256");
    expect(await (await as("nothing", [])).text(Bucket, "b")).toBe("x");
  });

  it("comes in parts only from who may decrypt too, as on AWS", async () => {
    const upload = async (client: ObjectClient) => {
      const { UploadId } = await client.sdk.send(new CreateMultipartUploadCommand({ Bucket, Key: "big", ...byKey() }));
      const place = { Bucket, Key: "big", UploadId };
      const { ETag } = await client.sdk.send(new UploadPartCommand({ ...place, PartNumber: 1, Body: "part" }));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      return client.sdk.send(new CompleteMultipartUploadCommand({ ...place, MultipartUpload }));
    };
    expect(await codeOf(upload(await as("half", ["kms:GenerateDataKey"])))).toBe("AccessDenied");
    const both = await as("both", ["kms:GenerateDataKey", "kms:Decrypt"]);
    expect(await upload(both)).toMatchObject({ SSEKMSKeyId: key.Arn });
    expect(await both.text(Bucket, "big")).toBe("part");
  });
});

describe("a bucket's encryption", () => {
  it("is for every write that says nothing else, with the bucket's ARN as context under a bucket key", async () => {
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: key.Arn } };
    const ServerSideEncryptionConfiguration = { Rules: [{ ...rule, BucketKeyEnabled: true }] };
    await administrator.sdk.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
    await cloud.restart();
    await reconnect();
    const answer = await administrator.sdk.send(new GetBucketEncryptionCommand({ Bucket }));
    expect(answer.ServerSideEncryptionConfiguration?.Rules).toMatchObject(ServerSideEncryptionConfiguration.Rules);
    expect(await administrator.put(Bucket, "a", "x")).toMatchObject({ SSEKMSKeyId: key.Arn, BucketKeyEnabled: true });
    const ofBucket = await as("of-bucket", ["kms:Decrypt"], {
      StringEquals: { "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${Bucket}` },
    });
    expect(await ofBucket.text(Bucket, "a")).toBe("x");
    await administrator.sdk.send(new DeleteBucketEncryptionCommand({ Bucket }));
    expect(await administrator.put(Bucket, "b", "x")).toMatchObject({ ServerSideEncryption: "AES256" });
  });

  it("declared by a program holds for its functions' writes", async () => {
    const rules = [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.Arn } }];
    const type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
    await cloud.declare(type, { bucket: Bucket, rules });
    expect(await codeOf((await as("no-key", [])).put(Bucket, "a", "x"))).toBe("AccessDenied");
  });

  it("may be demanded of requests by a policy", async () => {
    const arn = await roleWith(
      ...([
        cloud.running,
        "strict",
        {
          Effect: "Allow",
          Action: "s3:PutObject",
          Resource: "*",
          Condition: { StringEquals: { "s3:x-amz-server-side-encryption": "aws:kms" } },
        },
      ] as const),
    );
    const strict = objectClient(cloud.running.client(arn));
    clients.push(strict);
    expect(await codeOf(strict.put(Bucket, "a", "x"))).toBe("AccessDenied");
    expect(await strict.put(Bucket, "a", "x", { ServerSideEncryption: "aws:kms" })).toMatchObject({
      SSEKMSKeyId: expect.stringMatching(/:key\//),
    });
  });
});

async function reconnect(): Promise<void> {
  administrator.sdk.destroy();
  administrator = objectClient(cloud.running.client());
}
