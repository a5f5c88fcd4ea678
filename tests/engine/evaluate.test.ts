import { createCipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readConfiguration } from "../../engine/configuration.ts";
import { evaluate } from "../../engine/evaluate.ts";
import { startEvaluator } from "../../engine/evaluator.ts";

// Below the project, so that the programs find its packages, and not in node_modules, where Node strips no types.
const home = join(import.meta.dirname, "../../.terrace/programs");
let directory: string;

beforeEach(() => {
  mkdirSync(home, { recursive: true });
  directory = mkdtempSync(join(home, "program-"));
  write(
    "Pulumi.yaml",
    "name: shop\nruntime: nodejs\nconfig:\n  size: { type: integer, default: 3 }\n  shop:colour: { value: red }\n",
  );
  write("Pulumi.dev.yaml", "config:\n  aws:region: eu-west-1\n  shop:list:\n    - a: 1\n");
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(file: string, text: string): void {
  writeFileSync(join(directory, file), text);
}

describe("evaluate", () => {
  it("runs a program in a process of its own, with its configuration, to the same graph twice", async () => {
    write(
      "index.ts",
      `import * as aws from "@pulumi/aws";
       import * as pulumi from "@pulumi/pulumi";
       const config = new pulumi.Config();
       export const queue = new aws.sqs.Queue("orders").arn;
       export const list = config.requireObject("list");
       export const size = config.requireNumber("size");
       export const colour = config.require("colour");`,
    );
    const graph = await evaluate({ directory, stack: "dev", config: { size: "4" } });
    expect(graph.outputs).toEqual({
      queue: expect.stringMatching(/^arn:aws:sqs:eu-west-1:000000000000:orders-[0-9a-f]{7}$/),
      list: [{ a: 1 }],
      size: 4,
      colour: "red",
    });
    expect(await evaluate({ directory, stack: "dev", config: { size: "4" } })).toEqual(graph);
  });

  it("hands structured settings to a program as the CLI does, the keys of objects in order", () => {
    write("Pulumi.ordered.yaml", "config:\n  shop:tiers: { b: { y: 1, x: 2 }, a: [{ d: 1, c: 2 }] }\n");
    const { config } = readConfiguration(directory, "ordered");
    expect(config["shop:tiers"]).toBe('{"a":[{"c":2,"d":1}],"b":{"x":2,"y":1}}');
  });

  it("names the resource, the argument and the place of a program's mistake", async () => {
    write("index.ts", `import * as aws from "@pulumi/aws";\n\nnew aws.lambda.Function("thumbnailer", {} as never);\n`);
    await expect(evaluate({ directory, stack: "dev" })).rejects.toThrow(
      `aws:lambda/function:Function "thumbnailer": Missing required property 'role' (at index.ts:3)`,
    );
  });

  it("says so when a program ends before it was evaluated", async () => {
    write("index.ts", "process.exit(7);");
    await expect(evaluate({ directory, stack: "dev" })).rejects.toThrow(/ended \(code 7\)/);
  });

  it("says so when a value of the program never comes", async () => {
    write(
      "index.ts",
      `import * as aws from "@pulumi/aws";\nnew aws.sqs.Queue("q", { name: new Promise<string>(() => {}) });\n`,
    );
    await expect(evaluate({ directory, stack: "dev" })).rejects.toThrow(/before it was evaluated/);
  });

  it("still serialises closures, for which Pulumi's compiler loads then", async () => {
    // Of its own: Pulumi puts what the nearest one names into the function.
    write("package.json", '{ "name": "shop", "type": "module" }');
    write(
      "index.ts",
      `import * as aws from "@pulumi/aws";\nnew aws.lambda.CallbackFunction("f", { callback: async () => 42 });\n`,
    );
    const { resources } = await evaluate({ directory, stack: "dev" });
    expect(
      JSON.stringify(resources.find(({ type }) => type === "aws:lambda/function:Function")!.inputs.code),
    ).toContain("42");
  });

  it("loads AWS's services as they are named, and each is what its own module gives", async () => {
    write(
      "index.ts",
      `import * as aws from "@pulumi/aws";
       import { Queue } from "@pulumi/aws/sqs/index.js";
       export const isQueue = new aws.sqs.Queue("orders") instanceof Queue && aws.sqs.Queue === Queue;
       export const knows = ["Queue" in aws.sqs, "Wagon" in aws.sqs, Object.keys(aws.sqs).includes("Queue")];
       export const region = aws.config.region;
       export const protocol = aws.ec2.ProtocolType.TCP;`,
    );
    const { outputs } = await evaluate({ directory, stack: "dev" });
    expect(outputs).toEqual({ isQueue: true, knows: [true, false, true], region: "eu-west-1", protocol: "tcp" });
  });

  it("takes a stack's file without settings, as the CLI does", () => {
    write("Pulumi.empty.yaml", "# nothing yet\n");
    expect(readConfiguration(directory, "empty").config).toEqual({ "shop:size": "3", "shop:colour": "red" });
  });

  it("evaluates in a process that was started ahead, once", async () => {
    write("index.ts", "export const folder = process.cwd();");
    const evaluator = startEvaluator({ directory });
    expect((await evaluate({ directory, stack: "dev", evaluator })).outputs).toEqual({ folder: directory });
  });

  it("hears a program that has ended before anybody could listen", async () => {
    write(
      "index.ts",
      `import { writeFileSync } from "node:fs";
       process.on("exit", () => writeFileSync("ended", ""));
       export const text = "x".repeat(10_000);`,
    );
    const evaluating = evaluate({ directory, stack: "dev" });
    await new Promise(setImmediate);
    while (!existsSync(join(directory, "ended"))) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    expect((await evaluating).outputs.text).toHaveLength(10_000);
  });

  it("says so when the process that was started ahead has ended", async () => {
    write("index.ts", "process.exit(7);");
    const evaluator = startEvaluator({ directory });
    await expect(evaluate({ directory, stack: "dev", evaluator })).rejects.toThrow(/ended \(code 7\)/);
    await expect(evaluate({ directory, stack: "dev", evaluator })).rejects.toThrow(/ended \(code 7\)/);
  });

  it("names a missing stack and those that there are", async () => {
    await expect(evaluate({ directory, stack: "prod" })).rejects.toThrow(
      "There is no Pulumi.prod.yaml; stacks here: dev.",
    );
  });
});

describe("secrets of a stack's file", () => {
  /** As `pulumi config set --secret` writes them with a passphrase. */
  function encrypted(passphrase: string, plain: string): void {
    const [salt, nonce] = [randomBytes(8), randomBytes(12)];
    const cipher = createCipheriv("aes-256-gcm", pbkdf2Sync(passphrase, salt, 1_000_000, 32, "sha256"), nonce);
    const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const secure = `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
    write(
      "Pulumi.dev.yaml",
      `encryptionsalt: v1:${salt.toString("base64")}:v1:x:y\nconfig:\n  shop:key:\n    secure: ${secure}\n`,
    );
  }

  it("are decrypted with the passphrase, and stay marked", () => {
    encrypted("open sesame", "hunter2");
    expect(readConfiguration(directory, "dev", {}, "open sesame")).toMatchObject({
      config: { "shop:key": "hunter2" },
      secretKeys: ["shop:key"],
    });
  });

  it("name the key and the remedies without a passphrase or with a wrong one", () => {
    encrypted("open sesame", "hunter2");
    expect(() => readConfiguration(directory, "dev", {}, undefined)).toThrow(
      /shop:key is a secret .* Set PULUMI_CONFIG_PASSPHRASE, or pass the value with --config shop:key=/,
    );
    expect(() => readConfiguration(directory, "dev", {}, "wrong")).toThrow(/shop:key: the passphrase does not fit/);
    expect(readConfiguration(directory, "dev", { "shop:key": "given" }, undefined).config["shop:key"]).toBe("given");
  });
});
