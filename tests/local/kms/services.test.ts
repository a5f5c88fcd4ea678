/** Services that keep things under a customer's key: who may not use the key may not read what it encrypts. */
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand } from "@aws-sdk/client-kms";
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import { GetParameterCommand, GetParametersByPathCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { secretsManager } from "../../../local/services/secrets-manager/index.ts";
import { ssm } from "../../../local/services/ssm/index.ts";
import { failure } from "../dynamodb/fixture.ts";
import { resource } from "../resource.ts";
import { roleWith } from "../role-with.ts";
import { allow, type KmsCloud, startKms } from "./fixture.ts";

let kms: KmsCloud;
let keyId: string;
let keyArn: string;
beforeAll(async () => {
  kms = await startKms(undefined, { ssm, secretsmanager: secretsManager });
  const { KeyMetadata } = await kms.client.send(new CreateKeyCommand({}));
  [keyId, keyArn] = [KeyMetadata!.KeyId!, KeyMetadata!.Arn!];
});
afterAll(() => kms.stop());

const via = (service: string) => ({
  Condition: { StringEquals: { "kms:ViaService": `${service}.eu-west-1.amazonaws.com` } },
});

describe("a SecureString under a customer's key", () => {
  const Name = "/orders/password";
  const client = async (name: string, ...statements: object[]) =>
    new SSMClient(kms.cloud.client(await roleWith(kms.cloud, name, allow("ssm:*"), ...statements)));
  const read = (reader: SSMClient, WithDecryption = true) =>
    reader.send(new GetParameterCommand({ Name, WithDecryption })).then(({ Parameter }) => Parameter!.Value);
  beforeAll(async () => {
    const input = { Name, Value: "open sesame", Type: "SecureString" as const, KeyId: keyId };
    await new SSMClient(kms.cloud.client()).send(new PutParameterCommand(input));
  });

  it("is read by who may decrypt with the key through Systems Manager", async () => {
    expect(await read(await client("ssm-reads", allow("kms:Decrypt", keyArn, via("ssm"))))).toBe("open sesame");
    const Condition = { StringLike: { "kms:EncryptionContext:PARAMETER_ARN": `arn:aws:ssm:*:*:parameter${Name}` } };
    const reader = await client("ssm-context", allow("kms:Decrypt", keyArn, { Condition }));
    expect(await read(reader)).toBe("open sesame");
    const { Parameters } = await reader.send(new GetParametersByPathCommand({ Path: "/orders", WithDecryption: true }));
    expect(Parameters).toMatchObject([{ Value: "open sesame" }]);
  });

  it("is not read without kms:Decrypt, but may be seen encrypted", async () => {
    const reader = await client("ssm-blind", allow("kms:Encrypt"));
    const [code, message] = await failure(read(reader));
    expect(code).toBe("AccessDeniedException");
    expect(message).toContain(`kms:Decrypt on resource: ${keyArn}`);
    expect(await read(reader, false)).not.toContain("sesame");
  });

  it("is not written without kms:Encrypt", async () => {
    const writer = await client("ssm-writes");
    const input = { Name: "/orders/other", Value: "x", Type: "SecureString" as const, KeyId: keyId };
    expect((await failure(writer.send(new PutParameterCommand(input))))[1]).toContain("kms:Encrypt");
    const { Parameters } = await writer.send(new GetParametersByPathCommand({ Path: "/orders" }));
    expect(Parameters).toHaveLength(1);
  });

  it("cannot be read while the key is off, nor written under a key that is not there", async () => {
    const reader = await client("ssm-off", allow("kms:*"));
    await kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    expect((await failure(read(reader)))[0]).toBe("InvalidKeyId");
    await kms.client.send(new EnableKeyCommand({ KeyId: keyId }));
    expect(await read(reader)).toBe("open sesame");
    const input = { Name: "/orders/b", Value: "x", Type: "SecureString" as const, KeyId: "alias/none" };
    expect((await failure(reader.send(new PutParameterCommand(input))))[0]).toBe("InvalidKeyId");
  });

  it("needs no grant of KMS under AWS's own key", async () => {
    const reader = await client("ssm-own");
    await reader.send(new PutParameterCommand({ Name: "/own", Value: "mine", Type: "SecureString" }));
    const { Parameter } = await reader.send(new GetParameterCommand({ Name: "/own", WithDecryption: true }));
    expect(Parameter!.Value).toBe("mine");
  });

  it("that the program declares is put once, and anew when it has changed", async () => {
    const declare = (value: string) =>
      kms.cloud.provision({
        resources: [
          resource("aws:ssm/parameter:Parameter", "p", { name: "/declared", type: "SecureString", value, keyId }),
        ],
      } as never);
    const version = async () =>
      (await new SSMClient(kms.cloud.client()).send(new GetParameterCommand({ Name: "/declared" }))).Parameter!.Version;
    await declare("a");
    await declare("a");
    expect(await version()).toBe(1);
    await declare("b");
    expect(await version()).toBe(2);
    expect((await failure(read(await client("ssm-declared"))))[0]).toBe("AccessDeniedException");
  });
});

describe("a secret under a customer's key", () => {
  const client = async (name: string, ...statements: object[]) =>
    new SecretsManagerClient(
      kms.cloud.client(await roleWith(kms.cloud, name, allow("secretsmanager:*"), ...statements)),
    );
  const read = (reader: SecretsManagerClient, SecretId: string) =>
    reader.send(new GetSecretValueCommand({ SecretId })).then(({ SecretString }) => SecretString);

  it("is read by who may decrypt with the key, for this secret, and by nobody else", async () => {
    const owner = new SecretsManagerClient(kms.cloud.client());
    const { ARN } = await owner.send(new CreateSecretCommand({ Name: "db", SecretString: "one", KmsKeyId: keyArn }));
    const Condition = { StringEquals: { "kms:EncryptionContext:SecretARN": ARN! } };
    const reader = await client("sm-reads", allow("kms:Decrypt", keyArn, { Condition }));
    expect(await read(reader, "db")).toBe("one");
    const blind = await client("sm-blind");
    const [code, message] = await failure(read(blind, "db"));
    expect(code).toBe("AccessDeniedException");
    expect(message).toContain("Access to KMS is not allowed");

    const put = (writer: SecretsManagerClient) =>
      writer.send(new PutSecretValueCommand({ SecretId: "db", SecretString: "two" }));
    expect((await failure(put(reader)))[1]).toContain("kms:GenerateDataKey");
    expect(await read(reader, "db")).toBe("one");
    await put(owner);
    expect(await read(reader, "db")).toBe("two");
    await kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    expect((await failure(read(reader, "db")))[0]).toBe("DecryptionFailure");
    await kms.client.send(new EnableKeyCommand({ KeyId: keyId }));
  });

  it("follows when it is given another key", async () => {
    const owner = new SecretsManagerClient(kms.cloud.client());
    await owner.send(new CreateSecretCommand({ Name: "moves", SecretString: "x" }));
    const reader = await client("sm-moves");
    expect(await read(reader, "moves")).toBe("x");
    await owner.send(new UpdateSecretCommand({ SecretId: "moves", KmsKeyId: keyId }));
    expect((await failure(read(reader, "moves")))[0]).toBe("AccessDeniedException");
    await owner.send(new UpdateSecretCommand({ SecretId: "moves", KmsKeyId: "alias/aws/secretsmanager" }));
    expect(await read(reader, "moves")).toBe("x");
  });

  it("that the program declares asks for the key as well", async () => {
    const secret = resource("aws:secretsmanager/secret:Secret", "declared", { name: "declared", kmsKeyId: keyId });
    const value = resource("aws:secretsmanager/secretVersion:SecretVersion", "v", {
      secretId: secret.outputs.arn!,
      secretString: "declared",
    });
    await kms.cloud.provision({ resources: [secret, value] } as never);
    expect((await failure(read(await client("sm-declared"), "declared")))[0]).toBe("AccessDeniedException");
    expect(await read(await client("sm-declared-too", allow("kms:Decrypt", keyArn)), "declared")).toBe("declared");
  });
});
