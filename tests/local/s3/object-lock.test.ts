import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type ObjectLockRetentionMode,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";
import { type ObjectClient, objectClient } from "./s3-client.ts";

const Bucket = "records";
const DAY_MS = 86_400_000;

describe("S3 object lock", () => {
  let cloud: MessagingCloud;
  let objects: ObjectClient;

  beforeEach(async () => {
    cloud = await startMessaging();
    objects = objectClient(cloud.running.client());
    await objects.sdk.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  });
  afterEach(async () => {
    objects.sdk.destroy();
    await cloud.stop();
  });

  const inDays = (days: number) => new Date(cloud.clock.now() + days * DAY_MS);
  const put = async (Key: string, more: Record<string, unknown> = {}) =>
    ((await objects.put(Bucket, Key, "x", more)) as { VersionId: string }).VersionId;
  const retained = (Key: string, mode: ObjectLockRetentionMode, days = 10) =>
    put(Key, { ObjectLockMode: mode, ObjectLockRetainUntilDate: inDays(days) });
  const remove = (Key: string, VersionId: string, bypass?: boolean, client = objects) =>
    client.sdk.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: bypass }));
  const retain = (Key: string, mode: ObjectLockRetentionMode, days: number, bypass?: boolean) =>
    objects.sdk.send(
      new PutObjectRetentionCommand({
        ...{ Bucket, Key, BypassGovernanceRetention: bypass },
        Retention: { Mode: mode, RetainUntilDate: inDays(days) },
      }),
    );

  it("a version under compliance goes for nobody before its time, and for everybody after it", async () => {
    const version = await retained("k", "COMPLIANCE");
    expect(await codeOf(remove("k", version, true))).toBe("AccessDenied");
    await cloud.clock.advance(9 * DAY_MS);
    expect(await codeOf(remove("k", version))).toBe("AccessDenied");
    await cloud.clock.advance(DAY_MS + 1);
    await remove("k", version);
    expect(await codeOf(objects.text(Bucket, "k"))).toBe("NoSuchKey");
  });

  it("a version under governance goes for who may bypass it, and says so", async () => {
    const version = await retained("k", "GOVERNANCE");
    const allow = (Action: string[]) => ({ Effect: "Allow", Action, Resource: `arn:aws:s3:::${Bucket}/*` });
    const roles = [["s3:DeleteObjectVersion"], ["s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]];
    const [plain, keeper] = await Promise.all(
      roles.map(async (actions, index) =>
        objectClient(cloud.running.client(await roleWith(cloud.running, `role-${index}`, allow(actions)))),
      ),
    );
    expect(await codeOf(remove("k", version, true, plain))).toBe("AccessDenied");
    expect(await codeOf(remove("k", version, false, keeper))).toBe("AccessDenied");
    await remove("k", version, true, keeper);
    expect(await codeOf(objects.text(Bucket, "k"))).toBe("NoSuchKey");
    for (const client of [plain, keeper]) client!.sdk.destroy();
  });

  it("a delete without a version hides the object and removes nothing", async () => {
    const version = await retained("k", "COMPLIANCE");
    const marker = await objects.sdk.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    expect(marker.DeleteMarker).toBe(true);
    expect(await objects.text(Bucket, "k", { VersionId: version })).toBe("x");
    const Objects = [{ Key: "k", VersionId: version }];
    const { Errors } = await objects.sdk.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(Errors).toMatchObject([{ Key: "k", Code: "AccessDenied" }]);
  });

  it("retention is made longer by everybody, shorter only by a bypass of governance", async () => {
    await retained("g", "GOVERNANCE");
    await retain("g", "GOVERNANCE", 20);
    expect(await codeOf(retain("g", "GOVERNANCE", 5))).toBe("AccessDenied");
    await retain("g", "GOVERNANCE", 5, true);
    await retain("g", "COMPLIANCE", 6);
    expect(await codeOf(retain("g", "COMPLIANCE", 5, true))).toBe("AccessDenied");
    expect(await codeOf(retain("g", "GOVERNANCE", 30, true))).toBe("AccessDenied");
    const { Retention } = await objects.sdk.send(new GetObjectRetentionCommand({ Bucket, Key: "g" }));
    expect(Retention).toEqual({ Mode: "COMPLIANCE", RetainUntilDate: expect.any(Date) });
    expect(await codeOf(retain("g", "COMPLIANCE", -1))).toBe("InvalidArgument");
  });

  it("a legal hold keeps a version until it is taken off, whatever its retention says", async () => {
    const version = await put("k", { ObjectLockLegalHoldStatus: "ON" });
    expect(await codeOf(remove("k", version, true))).toBe("AccessDenied");
    const hold = (Status: "ON" | "OFF") =>
      objects.sdk.send(new PutObjectLegalHoldCommand({ Bucket, Key: "k", LegalHold: { Status } }));
    await hold("OFF");
    const { LegalHold } = await objects.sdk.send(new GetObjectLegalHoldCommand({ Bucket, Key: "k" }));
    expect(LegalHold).toEqual({ Status: "OFF" });
    await remove("k", version);
  });

  it("the bucket's default is the retention of what comes without one, and is shown with the object", async () => {
    const Rule = { DefaultRetention: { Mode: "GOVERNANCE" as const, Days: 3 } };
    const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled" as const, Rule };
    await objects.sdk.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
    const found = await objects.sdk.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(found.ObjectLockConfiguration).toEqual(ObjectLockConfiguration);
    const version = await put("k");
    const head = await objects.sdk.send(new HeadObjectCommand({ Bucket, Key: "k" }));
    expect(head.ObjectLockMode).toBe("GOVERNANCE");
    expect(Math.round((head.ObjectLockRetainUntilDate!.getTime() - cloud.clock.now()) / DAY_MS)).toBe(3);
    expect(await codeOf(remove("k", version))).toBe("AccessDenied");
  });

  it("a lifecycle rule leaves what is locked where it is", async () => {
    const version = await retained("k", "COMPLIANCE", 30);
    await put("k");
    const Rules = [
      { ID: "old", Status: "Enabled" as const, Filter: {}, NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
    ];
    await objects.sdk.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
    await cloud.clock.advance(10 * DAY_MS);
    expect(await objects.text(Bucket, "k", { VersionId: version })).toBe("x");
  });

  it.each<[string, () => Promise<unknown>]>([
    ["InvalidRequest", () => objects.put("plain", "k", "x", { ObjectLockLegalHoldStatus: "ON" })],
    ["InvalidArgument", () => put("k", { ObjectLockMode: "GOVERNANCE" })],
    ["InvalidArgument", () => put("k", { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: new Date(0) })],
    ["InvalidArgument", () => put("k", { ObjectLockMode: "FOREVER", ObjectLockRetainUntilDate: inDays(1) })],
    [
      "ObjectLockConfigurationNotFoundError",
      () => objects.sdk.send(new GetObjectLockConfigurationCommand({ Bucket: "plain" })),
    ],
    [
      "NoSuchObjectLockConfiguration",
      () => put("k").then(() => objects.sdk.send(new GetObjectRetentionCommand({ Bucket, Key: "k" }))),
    ],
    [
      "InvalidBucketState",
      () =>
        objects.sdk.send(
          new PutObjectLockConfigurationCommand({
            Bucket: "plain",
            ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" },
          }),
        ),
    ],
    [
      "InvalidBucketState",
      () =>
        objects.sdk.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Suspended" } })),
    ],
    [
      "MalformedXML",
      () =>
        objects.sdk.send(
          new PutObjectLockConfigurationCommand({
            Bucket,
            ObjectLockConfiguration: {
              ObjectLockEnabled: "Enabled",
              Rule: { DefaultRetention: { Mode: "GOVERNANCE" } },
            },
          }),
        ),
    ],
  ])("refuses with %s what S3 refuses", async (code, call) => {
    await objects.create("plain");
    expect(await codeOf(call())).toBe(code);
  });

  it("a lock that comes with an upload is a permission of its own", async () => {
    const allow = { Effect: "Allow", Action: "s3:PutObject", Resource: `arn:aws:s3:::${Bucket}/*` };
    const writer = objectClient(cloud.running.client(await roleWith(cloud.running, "writer", allow)));
    await writer.put(Bucket, "k");
    expect(await codeOf(writer.put(Bucket, "k", "x", { ObjectLockLegalHoldStatus: "ON" }))).toBe("AccessDenied");
    const lock = { ObjectLockMode: "GOVERNANCE" as const, ObjectLockRetainUntilDate: inDays(1) };
    expect(await codeOf(writer.put(Bucket, "k", "x", lock))).toBe("AccessDenied");
    writer.sdk.destroy();
  });
});
