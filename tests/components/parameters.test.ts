import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

const secret = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:mail-abc123";
const parameters =
  (args: Partial<terrace.ParametersArgs> = {}) =>
  () =>
    new terrace.Parameters("settings", { path: "/shop/dev", values: { topic: "arn:x" }, ...args });

describe("Parameters", () => {
  it("say where a secret is, and never what it is", async () => {
    const stack = await deploy(parameters({ secrets: { mail: pulumi.output(secret) } }));
    expect(stack.resource("aws:ssm/parameter:Parameter", "settings-mail").inputs).toMatchObject({
      name: "/shop/dev/mail",
      type: "String",
      value: secret,
    });
    for (const value of ["hunter2", pulumi.output("hunter2")]) {
      const error = await refused(parameters({ secrets: { mail: value } }));
      expect(error).toContain('Parameters "settings": secrets.mail is "no ARN"; name the secret by its ARN');
      expect(error).not.toContain("hunter2");
    }
  });

  it("are readable with one grant, below their own path only, and the secrets they name", async () => {
    let granted: { Resource: string[] }[] = [];
    await deploy(() => {
      terrace.policyOf(parameters({ secrets: { mail: secret } })().readGrants).apply((json) => {
        granted = JSON.parse(json).Statement;
      });
    });
    const path = "arn:aws:ssm:eu-west-1:000000000000:parameter/shop/dev";
    expect(granted.map(({ Resource }) => Resource)).toEqual([[path, `${path}/*`], [secret]]);
  });

  it.each(
    byMessage<Partial<terrace.ParametersArgs>>([
      [{ path: "shop" }, 'path is "shop"; it has to be a path such as /shop/dev'],
      [{ values: { "a/b": "1" } }, 'values.a/b is "a/b"'],
      [{ values: { a: "" } }, 'values.a is "0 characters"; SSM keeps 1 to 4096'],
      [{ values: { a: pulumi.output("x".repeat(4097)) } }, 'values.a is "4097 characters"'],
      [{ secrets: { "a/b": secret } }, 'secrets.a/b is "a/b"'],
      [{ secrets: { topic: secret } }, 'secrets.topic is "topic"; there is a value of this name'],
    ]),
  )("refuse: %s", async (message, args) => {
    expect(await refused(parameters(args))).toContain(`Parameters "settings": ${message}`);
  });
});

describe("SecureStrings", () => {
  const made = () =>
    new terrace.Parameters("settings", {
      path: "/shop/dev",
      values: {},
      secureStrings: ["stripe-key"],
      kmsKeyArn: "arn:aws:kms:eu-west-1:000000000000:key/1",
    });

  it("are made for somebody to put: state has neither their value nor is it read into it", async () => {
    const { inputs } = (await deploy(made)).resource("aws:ssm/parameter:Parameter", "settings-stripe-key");
    expect(inputs).toMatchObject({
      type: "SecureString",
      valueWo: "-",
      valueWoVersion: 1,
      name: "/shop/dev/stripe-key",
    });
    expect(inputs).not.toHaveProperty("value");
  });

  it("are read by who is linked, through SSM alone", async () => {
    const stack = await deploy(() => {
      new terrace.Function("shop", { entry: "tests/fixtures/functions/hello", link: { settings: made().read() } });
    });
    const { Statement } = JSON.parse(String(stack.resource("aws:iam/rolePolicy:RolePolicy").inputs.policy));
    expect(Statement.at(-1)).toMatchObject({
      Action: ["kms:Decrypt"],
      Condition: { StringEquals: { "kms:ViaService": "ssm.eu-west-1.amazonaws.com" } },
    });
  });

  it("have names of their own", async () => {
    const args = { path: "/a", values: { key: "x" }, secureStrings: ["key"] };
    expect(await refused(() => new terrace.Parameters("p", args))).toContain(
      'secureStrings[0] is "key"; there is another of this name',
    );
  });
});
