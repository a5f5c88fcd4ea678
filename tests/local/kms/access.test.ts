import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  ListAliasesCommand,
  ListGrantsCommand,
  PutKeyPolicyCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-kms";
import { failure } from "../dynamodb/fixture.ts";
import { resource } from "../resource.ts";
import { allow, type KmsCloud, policyOf, root, startKms } from "./fixture.ts";

let kms: KmsCloud;
beforeAll(async () => {
  kms = await startKms();
});
afterAll(() => kms.stop());

const Plaintext = new Uint8Array(Buffer.from("x"));
const newKey = async (Policy?: string, Tags?: { TagKey: string; TagValue: string }[]) =>
  (await kms.client.send(new CreateKeyCommand({ Policy, Tags }))).KeyMetadata!;
const delegating = { Effect: "Allow", Principal: { AWS: root }, Action: "kms:*", Resource: "*" };
const denied = (call: Promise<unknown>) => failure(call).then(([code]) => expect(code).toBe("AccessDeniedException"));

describe("who may use a key", () => {
  it("is decided by IAM where the key's policy lets the account in", async () => {
    const key = await newKey();
    const reader = await kms.as("encrypts", allow("kms:Encrypt", key.Arn));
    const { CiphertextBlob } = await reader.client.send(new EncryptCommand({ KeyId: key.KeyId, Plaintext }));
    const [code, message] = await failure(reader.client.send(new DecryptCommand({ CiphertextBlob })));
    expect(code).toBe("AccessDeniedException");
    expect(message).toContain(`is not authorized to perform: kms:Decrypt on resource: ${key.Arn}`);
  });

  it("is not decided by IAM where the key's policy names others only", async () => {
    const chosen = await kms.as("chosen");
    const rich = await kms.as("rich", allow("kms:*"));
    const use = { Effect: "Allow", Principal: { AWS: chosen.arn }, Action: "kms:Encrypt", Resource: "*" };
    const keep = { ...delegating, Action: ["kms:PutKeyPolicy", "kms:Describe*"] };
    const { KeyId } = await newKey(policyOf(use, keep));
    await chosen.client.send(new EncryptCommand({ KeyId, Plaintext }));
    await rich.client.send(new DescribeKeyCommand({ KeyId }));
    const [code, message] = await failure(rich.client.send(new EncryptCommand({ KeyId, Plaintext })));
    expect(code).toBe("AccessDeniedException");
    expect(message).toContain("because no resource-based policy allows the kms:Encrypt action");
  });

  it("is never somebody whom the key's policy denies", async () => {
    const { client, arn } = await kms.as("banned", allow("kms:*"));
    const ban = { Effect: "Deny", Principal: { AWS: arn }, Action: "kms:Decrypt", Resource: "*" };
    const { KeyId } = await newKey(policyOf(delegating, ban));
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext }));
    expect((await failure(client.send(new DecryptCommand({ CiphertextBlob }))))[1]).toContain("explicit deny");
  });

  it("may depend on the encryption context", async () => {
    const { KeyId } = await newKey();
    const Condition = { StringEquals: { "kms:EncryptionContext:tenant": "acme" } };
    const { client } = await kms.as("acme", allow(["kms:Encrypt", "kms:Decrypt"], "*", { Condition }));
    const mine = { tenant: "acme" };
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext: mine }));
    await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: mine }));
    await denied(client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { tenant: "globex" } })));
    await denied(client.send(new EncryptCommand({ KeyId, Plaintext })));
  });

  it("may depend on the alias that was asked for, the key's tags and the service between", async () => {
    const { KeyId } = await newKey(undefined, [{ TagKey: "team", TagValue: "a" }]);
    await kms.client.send(new CreateAliasCommand({ AliasName: "alias/team-a", TargetKeyId: KeyId }));
    const when = (StringEquals: object) => allow("kms:Encrypt", "*", { Condition: { StringEquals } });
    const byAlias = await kms.as("by-alias", when({ "kms:RequestAlias": "alias/team-a" }));
    await byAlias.client.send(new EncryptCommand({ KeyId: "alias/team-a", Plaintext }));
    await denied(byAlias.client.send(new EncryptCommand({ KeyId, Plaintext })));
    const byTag = await kms.as("by-tag", when({ "aws:ResourceTag/team": "a" }));
    await byTag.client.send(new EncryptCommand({ KeyId, Plaintext }));
    const through = await kms.as("through", when({ "kms:ViaService": "s3.eu-west-1.amazonaws.com" }));
    await denied(through.client.send(new EncryptCommand({ KeyId, Plaintext })));
    const call = { principal: kms.cloud.principalFor(through.arn, "x"), viaService: "s3.eu-west-1.amazonaws.com" };
    await kms.cloud.call("kms", "Encrypt", { KeyId, Plaintext }, call);
  });

  it("is asked for both keys when one is exchanged for the other", async () => {
    const { KeyId } = await newKey();
    const { client } = await kms.as("nothing", allow("kms:DescribeKey"));
    const { CiphertextBlob } = await kms.client.send(new EncryptCommand({ KeyId, Plaintext }));
    const { ReEncryptCommand } = await import("@aws-sdk/client-kms");
    const [, message] = await failure(client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId })));
    expect(message).toContain("kms:ReEncryptFrom");
  });
});

describe("a key's policy", () => {
  it("is the account's unless another is given, and can be replaced", async () => {
    const { KeyId } = await newKey();
    const read = async () => JSON.parse((await kms.client.send(new GetKeyPolicyCommand({ KeyId }))).Policy!);
    expect((await read()).Statement).toEqual([{ Sid: "Enable IAM User Permissions", ...delegating }]);
    const Policy = policyOf({ ...delegating, Sid: "mine" });
    await kms.client.send(new PutKeyPolicyCommand({ KeyId, Policy }));
    expect((await read()).Statement[0].Sid).toBe("mine");
  });

  it.each([
    ["locks everybody out", policyOf({ ...delegating, Action: "kms:Decrypt" }), /will not allow you to update/],
    ["names nobody", policyOf({ Effect: "Allow", Action: "kms:*", Resource: "*" }), /Principal/],
    ["is not JSON", "{", /not valid JSON/],
  ])("is refused when it %s", async (_, Policy, reason) => {
    const { KeyId } = await newKey();
    const [code, message] = await failure(kms.client.send(new PutKeyPolicyCommand({ KeyId, Policy })));
    expect([code, reason.test(message)]).toEqual(["MalformedPolicyDocumentException", true]);
  });
});

describe("a grant", () => {
  it("lets its grantee in, within its encryption context, until it is revoked or retired", async () => {
    const { KeyId } = await newKey();
    const { client, arn } = await kms.as("grantee");
    const grant = {
      KeyId,
      GranteePrincipal: arn,
      RetiringPrincipal: arn,
      Operations: ["Encrypt" as const],
      Constraints: { EncryptionContextSubset: { tenant: "acme" } },
    };
    const given = await kms.client.send(new CreateGrantCommand(grant));
    const use = (tenant: string) =>
      client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext: { tenant, more: "x" } }));
    await use("acme");
    await denied(use("globex"));
    const { Grants } = await kms.client.send(new ListGrantsCommand({ KeyId }));
    expect(Grants).toMatchObject([{ GrantId: given.GrantId, GranteePrincipal: arn, Operations: ["Encrypt"] }]);
    await client.send(new RetireGrantCommand({ GrantToken: given.GrantToken }));
    await denied(use("acme"));

    const again = await kms.client.send(new CreateGrantCommand(grant));
    await use("acme");
    await kms.client.send(new RevokeGrantCommand({ KeyId, GrantId: again.GrantId }));
    await denied(use("acme"));
    expect((await failure(client.send(new RetireGrantCommand({ GrantToken: "none" }))))[0]).toBe(
      "InvalidGrantTokenException",
    );
  });
});

describe("aliases", () => {
  it("lead to one key at a time, and AWS's own are nobody else's", async () => {
    const [one, two] = [await newKey(), await newKey()];
    const create = (AliasName: string, TargetKeyId = one.KeyId) =>
      failure(kms.client.send(new CreateAliasCommand({ AliasName, TargetKeyId })));
    await kms.client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: one.KeyId }));
    expect(await create("alias/a")).toEqual([
      "AlreadyExistsException",
      "An alias with the name arn:aws:kms:eu-west-1:000000000000:alias/a already exists",
    ]);
    expect((await create("a"))[0]).toBe("InvalidAliasNameException");
    expect((await create("alias/aws/mine"))[0]).toBe("InvalidAliasNameException");
    await kms.client.send(new UpdateAliasCommand({ AliasName: "alias/a", TargetKeyId: two.KeyId }));
    const { Aliases } = await kms.client.send(new ListAliasesCommand({ KeyId: two.KeyId }));
    expect(Aliases).toMatchObject([{ AliasName: "alias/a", TargetKeyId: two.KeyId }]);
  });
});

describe("AWS's own keys", () => {
  it("are there when they are first asked for, for everybody through their service and for nobody else", async () => {
    const { KeyMetadata } = await kms.client.send(new DescribeKeyCommand({ KeyId: "alias/aws/ssm" }));
    expect(KeyMetadata).toMatchObject({ KeyManager: "AWS", KeyState: "Enabled" });
    const { client, arn } = await kms.as("anybody", allow("kms:*"));
    await denied(client.send(new EncryptCommand({ KeyId: "alias/aws/ssm", Plaintext })));
    const call = { principal: kms.cloud.principalFor(arn, "x"), viaService: "ssm.eu-west-1.amazonaws.com" };
    await kms.cloud.call("kms", "Encrypt", { KeyId: "alias/aws/ssm", Plaintext }, call);
    const Policy = policyOf(delegating);
    const change = new PutKeyPolicyCommand({ KeyId: KeyMetadata!.KeyId, Policy });
    await denied(kms.client.send(change));
  });
});

describe("a key that the program declares", () => {
  it("has the declared policy and alias, and opens after a restart's second declaration what it encrypted", async () => {
    const inputs = { description: "orders", enableKeyRotation: true, tags: { team: "a" } };
    const key = resource("aws:kms/key:Key", "orders", inputs);
    const alias = resource("aws:kms/alias:Alias", "o", { name: "alias/orders", targetKeyId: key.id! });
    const graph = { resources: [key, alias] } as never;
    await kms.cloud.provision(graph);
    const { CiphertextBlob, KeyId } = await kms.client.send(new EncryptCommand({ KeyId: "alias/orders", Plaintext }));
    expect(KeyId).toBe(key.outputs.arn);
    await kms.cloud.provision(graph);
    const opened = await kms.client.send(new DecryptCommand({ CiphertextBlob }));
    expect(Buffer.from(opened.Plaintext!).toString()).toBe("x");
    const { KeyMetadata } = await kms.client.send(new DescribeKeyCommand({ KeyId: "alias/orders" }));
    expect(KeyMetadata!.Description).toBe("orders");
  });
});
