import {
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketTaggingCommand,
  GetBucketAclCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyStatusCommand,
  GetBucketReplicationCommand,
  GetBucketTaggingCommand,
  GetObjectAttributesCommand,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
} from "@aws-sdk/client-s3";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { type ObjectClient, objectClient } from "./s3-client.ts";

const Bucket = "photos";
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

describe("a bucket's settings", () => {
  it("without an effect here are answered as they were set, over a restart too, or as AWS answers where there are none", async () => {
    const OwnershipControls = { Rules: [{ ObjectOwnership: "BucketOwnerPreferred" as const }] };
    await objects.sdk.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
    objects.sdk.destroy();
    await cloud.restart();
    objects = objectClient(cloud.running.client());
    const read = () => objects.sdk.send(new GetBucketOwnershipControlsCommand({ Bucket }));
    expect((await read()).OwnershipControls).toEqual(OwnershipControls);
    await objects.sdk.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
    expect((await read()).OwnershipControls?.Rules).toEqual([{ ObjectOwnership: "BucketOwnerEnforced" }]);
    const replication = objects.sdk.send(new GetBucketReplicationCommand({ Bucket }));
    expect(await codeOf(replication)).toBe("ReplicationConfigurationNotFoundError");
  });

  it("have no ACL but the owner's", async () => {
    const { Grants } = await objects.sdk.send(new GetBucketAclCommand({ Bucket }));
    expect(Grants).toMatchObject([{ Permission: "FULL_CONTROL" }]);
    const open = objects.sdk.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" }));
    expect(await codeOf(open)).toBe("AccessControlListNotSupported");
  });

  it("lose their tags when those are deleted", async () => {
    const Tagging = { TagSet: [{ Key: "tenant", Value: "acme" }] };
    await objects.sdk.send(new PutBucketTaggingCommand({ Bucket, Tagging }));
    await objects.sdk.send(new DeleteBucketTaggingCommand({ Bucket }));
    expect(await codeOf(objects.sdk.send(new GetBucketTaggingCommand({ Bucket })))).toBe("NoSuchTagSet");
  });

  it("refuse a policy that is none, and say whether it is public", async () => {
    const put = (Policy: string) => objects.sdk.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    for (const policy of ["{", "null", '{"Statement":[null]}', '{"Statement":{"Effect":"Maybe"}}']) {
      expect(await codeOf(put(policy))).toBe("MalformedPolicy");
    }
    const Principal = { AWS: "arn:aws:iam::000000000000:role/reader" };
    const statement = { Effect: "Allow", Principal, Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*` };
    await put(JSON.stringify({ Version: "2012-10-17", Statement: [statement] }));
    const { PolicyStatus } = await objects.sdk.send(new GetBucketPolicyStatusCommand({ Bucket }));
    expect(PolicyStatus).toEqual({ IsPublic: false });
  });
});

it("what is known of an object is answered at once, as far as it was asked for", async () => {
  await objects.put(Bucket, "a", "hello");
  const asked = { ObjectAttributes: ["ObjectSize" as const, "StorageClass" as const] };
  const answer = await objects.sdk.send(new GetObjectAttributesCommand({ Bucket, Key: "a", ...asked }));
  expect(answer).toMatchObject({ ObjectSize: 5, StorageClass: "STANDARD" });
  expect(answer.ETag).toBeUndefined();
});
