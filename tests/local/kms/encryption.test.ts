import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import { failure } from "../dynamodb/fixture.ts";
import { day, type KmsCloud, startKms } from "./fixture.ts";

let kms: KmsCloud;
beforeAll(async () => {
  kms = await startKms();
});
afterAll(() => kms.stop());

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const text = (data: Uint8Array | undefined) => Buffer.from(data!).toString();
const newKey = async () => (await kms.client.send(new CreateKeyCommand({}))).KeyMetadata!;
const encrypt = async (KeyId: string, plain: string, EncryptionContext?: Record<string, string>) =>
  (await kms.client.send(new EncryptCommand({ KeyId, Plaintext: bytes(plain), EncryptionContext }))).CiphertextBlob!;
const decrypt = async (CiphertextBlob: Uint8Array, EncryptionContext?: Record<string, string>, KeyId?: string) =>
  text((await kms.client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId }))).Plaintext);

describe("a symmetric key", () => {
  it("decrypts what it encrypted without being named, by id, ARN and alias", async () => {
    const { KeyId, Arn } = await newKey();
    await kms.client.send(new CreateAliasCommand({ AliasName: "alias/orders", TargetKeyId: KeyId }));
    for (const name of [KeyId!, Arn!, "alias/orders", Arn!.replace(/key\/.*/, "alias/orders")]) {
      const answer = await kms.client.send(new EncryptCommand({ KeyId: name, Plaintext: bytes("four") }));
      expect(answer).toMatchObject({ KeyId: Arn, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
      expect(Buffer.from(answer.CiphertextBlob!).includes("four")).toBe(false);
      expect(await decrypt(answer.CiphertextBlob!)).toBe("four");
      expect(await decrypt(answer.CiphertextBlob!, undefined, name)).toBe("four");
    }
  });

  it("asks for the encryption context that it was given, in any order and nothing else", async () => {
    const { KeyId } = await newKey();
    const blob = await encrypt(KeyId!, "x", { tenant: "acme", purpose: "photos" });
    expect(await decrypt(blob, { purpose: "photos", tenant: "acme" })).toBe("x");
    const others: (Record<string, string> | undefined)[] = [
      undefined,
      { tenant: "acme" },
      { tenant: "globex", purpose: "photos" },
    ];
    for (const wrong of others) expect((await failure(decrypt(blob, wrong)))[0]).toBe("InvalidCiphertextException");
  });

  it("opens nothing that was altered, shortened or made elsewhere", async () => {
    const { KeyId } = await newKey();
    const blob = await encrypt(KeyId!, "secret");
    for (const at of [0, 20, 25, 40, blob.length - 1]) {
      const altered = blob.slice();
      altered[at]! ^= 1;
      expect((await failure(decrypt(altered)))[0]).toBe("InvalidCiphertextException");
    }
    expect((await failure(decrypt(blob.slice(0, 30))))[0]).toBe("InvalidCiphertextException");
    expect((await failure(decrypt(bytes("not of KMS"))))[0]).toBe("InvalidCiphertextException");
  });

  it("is not taken for another", async () => {
    const [one, other] = [await newKey(), await newKey()];
    const blob = await encrypt(one.KeyId!, "x");
    expect(await failure(decrypt(blob, undefined, other.KeyId))).toEqual([
      "IncorrectKeyException",
      "The key ID in the request does not identify a CMK that can perform this operation.",
    ]);
  });

  it("gives data keys that it can open again", async () => {
    const { KeyId, Arn } = await newKey();
    const EncryptionContext = { table: "orders" };
    const given = await kms.client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", EncryptionContext }));
    expect(given.KeyId).toBe(Arn);
    expect(given.Plaintext).toHaveLength(32);
    const opened = await kms.client.send(
      new DecryptCommand({ CiphertextBlob: given.CiphertextBlob, EncryptionContext }),
    );
    expect(Buffer.from(opened.Plaintext!)).toEqual(Buffer.from(given.Plaintext!));
    const hidden = await kms.client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 100 }));
    expect(hidden).not.toHaveProperty("Plaintext");
    expect(
      (await kms.client.send(new DecryptCommand({ CiphertextBlob: hidden.CiphertextBlob }))).Plaintext,
    ).toHaveLength(100);
  });

  it("re-encrypts under another key and context without showing the plaintext", async () => {
    const [from, to] = [await newKey(), await newKey()];
    const blob = await encrypt(from.KeyId!, "moved", { a: "1" });
    const answer = await kms.client.send(
      new ReEncryptCommand({
        CiphertextBlob: blob,
        SourceEncryptionContext: { a: "1" },
        DestinationKeyId: to.KeyId,
        DestinationEncryptionContext: { b: "2" },
      }),
    );
    expect(answer).toMatchObject({ SourceKeyId: from.Arn, KeyId: to.Arn });
    expect(await decrypt(answer.CiphertextBlob!, { b: "2" }, to.KeyId)).toBe("moved");
  });

  it("after rotations opens what older material encrypted", async () => {
    const { KeyId } = await newKey();
    const blobs = [await encrypt(KeyId!, "first")];
    await kms.client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
    await kms.clock.advance(91 * day);
    blobs.push(await encrypt(KeyId!, "second"));
    await kms.client.send(new RotateKeyOnDemandCommand({ KeyId }));
    blobs.push(await encrypt(KeyId!, "third"));
    const opened: string[] = [];
    for (const blob of blobs) opened.push(await decrypt(blob));
    expect(opened).toEqual(["first", "second", "third"]);
    const { Rotations } = await kms.client.send(new ListKeyRotationsCommand({ KeyId }));
    expect(Rotations!.map(({ RotationType }) => RotationType)).toEqual(["AUTOMATIC", "ON_DEMAND"]);
    const status = await kms.client.send(new GetKeyRotationStatusCommand({ KeyId }));
    expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
    expect(status.NextRotationDate!.getTime()).toBe(kms.clock.now() + 90 * day);
  });
});

describe("what KMS would refuse is refused in its words:", () => {
  const plain = { Plaintext: bytes("x") };
  const missing = "7c1f0a2e-2a3b-4c5d-8e9f-000000000000";
  it.each<[string, () => Promise<unknown>, string, string]>([
    [
      "an unknown key",
      () => kms.client.send(new EncryptCommand({ KeyId: missing, ...plain })),
      "NotFoundException",
      `Key 'arn:aws:kms:eu-west-1:000000000000:key/${missing}' does not exist`,
    ],
    [
      "an unknown alias",
      () => kms.client.send(new EncryptCommand({ KeyId: "alias/none", ...plain })),
      "NotFoundException",
      "Alias arn:aws:kms:eu-west-1:000000000000:alias/none is not found.",
    ],
    [
      "what is no key id",
      () => kms.client.send(new EncryptCommand({ KeyId: "mine", ...plain })),
      "NotFoundException",
      "Invalid keyId 'mine'",
    ],
    [
      "an ARN of another service",
      () => kms.client.send(new EncryptCommand({ KeyId: "arn:aws:s3:::x", ...plain })),
      "InvalidArnException",
      "Invalid arn arn:aws:s3:::x",
    ],
    [
      "more than 4,096 bytes",
      async () => encrypt((await newKey()).KeyId!, "x".repeat(4097)),
      "ValidationException",
      "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
    ],
    [
      "a data key of two sizes",
      async () =>
        kms.client.send(
          new GenerateDataKeyCommand({ KeyId: (await newKey()).KeyId, KeySpec: "AES_256", NumberOfBytes: 16 }),
        ),
      "ValidationException",
      "Please specify either number of bytes or key spec.",
    ],
    [
      "no bytes of chance",
      () => kms.client.send(new GenerateRandomCommand({ NumberOfBytes: 0 })),
      "ValidationException",
      "NumberOfBytes must be from 1 to 1024.",
    ],
    [
      "a dry run that would have succeeded",
      async () => kms.client.send(new EncryptCommand({ KeyId: (await newKey()).KeyId, ...plain, DryRun: true })),
      "DryRunOperationException",
      "The request would have succeeded, but the DryRun option is set.",
    ],
  ])("%s", async (_, act, code, message) => {
    expect(await failure(act())).toEqual([code, message]);
  });
});

describe("a key that is switched off", () => {
  it("does nothing until it is on again", async () => {
    const { KeyId, Arn } = await newKey();
    const blob = await encrypt(KeyId!, "x");
    await kms.client.send(new DisableKeyCommand({ KeyId }));
    expect(await failure(decrypt(blob))).toEqual(["DisabledException", `${Arn} is disabled.`]);
    expect(await failure(encrypt(KeyId!, "y"))).toEqual(["DisabledException", `${Arn} is disabled.`]);
    await kms.client.send(new EnableKeyCommand({ KeyId }));
    expect(await decrypt(blob)).toBe("x");
  });

  it("waits out its window before it is deleted, and may be kept until then", async () => {
    const { KeyId, Arn } = await newKey();
    const blob = await encrypt(KeyId!, "x");
    const schedule = () => kms.client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    expect((await schedule()).KeyState).toBe("PendingDeletion");
    expect(await failure(decrypt(blob))).toEqual(["KMSInvalidStateException", `${Arn} is pending deletion.`]);
    await kms.clock.advance(6 * day);
    await kms.client.send(new CancelKeyDeletionCommand({ KeyId }));
    const { KeyMetadata } = await kms.client.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({ KeyState: "Disabled", Enabled: false });
    await kms.client.send(new EnableKeyCommand({ KeyId }));
    expect(await decrypt(blob)).toBe("x");

    await schedule();
    await kms.clock.advance(7 * day);
    expect((await failure(kms.client.send(new DescribeKeyCommand({ KeyId }))))[0]).toBe("NotFoundException");
    expect((await failure(decrypt(blob)))[0]).toBe("AccessDeniedException");
  });
});

describe("the state folder", () => {
  it("keeps keys over a restart, and no material in the clear", async () => {
    const directory = mkdtempSync(join(tmpdir(), "terrace-kms-"));
    const before = await startKms(directory);
    const { KeyMetadata } = await before.client.send(new CreateKeyCommand({}));
    const { CiphertextBlob } = await before.client.send(
      new EncryptCommand({ KeyId: KeyMetadata!.KeyId, Plaintext: bytes("kept") }),
    );
    await before.client.send(new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }));
    await before.stop();
    const after = await startKms(directory);
    try {
      expect(text((await after.client.send(new DecryptCommand({ CiphertextBlob }))).Plaintext)).toBe("kept");
      const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files.length).toBeGreaterThan(1);
      for (const { name } of files)
        expect(readFileSync(join(directory, name)).includes("BEGIN PRIVATE KEY")).toBe(false);
    } finally {
      await after.stop();
      rmSync(directory, { recursive: true });
    }
  });
});
