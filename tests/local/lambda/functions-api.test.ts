/** Functions made, changed and deleted through Lambda's own API. */
import { createHash } from "node:crypto";
import {
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListTagsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { unzipSync } from "fflate";
import { s3 } from "../../../local/services/s3/index.ts";
import { codeOf } from "../messaging-cloud.ts";
import { answering, create, zip } from "./api-fixture.ts";
import { type LambdaCloud, startLambda } from "./fixture.ts";
import { functionArn, functionResource, ROLE_ARN, role } from "./resources.ts";

let cloud: LambdaCloud;

beforeEach(async () => {
  cloud = await startLambda({ s3 });
});

afterEach(() => cloud.stop());

const messageOf = (call: Promise<unknown>) =>
  call.then(
    () => "accepted",
    (error: Error) => error.message,
  );

describe("a function from a zip", () => {
  it("has the AWS SDK of Lambda's runtime without bringing it, however it asks for it", async () => {
    const source = `import { createRequire } from "node:module";
      import { S3Client } from "@aws-sdk/client-s3";
      const { LambdaClient } = createRequire(import.meta.url)("@aws-sdk/client-lambda");
      export const handler = async () => [new S3Client().config.serviceId, new LambdaClient().config.serviceId];`;
    await create(cloud, "sdk", source, { Timeout: 20, MemorySize: 512 });
    expect((await cloud.invoke("sdk")).payload).toEqual(["S3", "Lambda"]);
  });

  it("runs, and is described with everything it was made of", async () => {
    const source = answering("{ who: process.env.WHO, event }");
    const made = await create(cloud, "hello", source, {
      ...{ MemorySize: 256, Timeout: 7, Description: "says hello" },
      Environment: { Variables: { WHO: "you" } },
    });
    expect(made).toMatchObject({
      FunctionName: "hello",
      FunctionArn: functionArn("hello"),
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Role: ROLE_ARN,
      MemorySize: 256,
      Timeout: 7,
      Description: "says hello",
      Environment: { Variables: { WHO: "you" } },
      CodeSha256: createHash("sha256")
        .update(zip({ "index.mjs": source }))
        .digest("base64"),
      Version: "$LATEST",
      State: "Active",
      LastUpdateStatus: "Successful",
      PackageType: "Zip",
      Architectures: ["x86_64"],
      EphemeralStorage: { Size: 512 },
      TracingConfig: { Mode: "PassThrough" },
      LoggingConfig: { LogFormat: "Text", LogGroup: "/aws/lambda/hello" },
    });
    expect((await cloud.invoke("hello", { a: 1 })).payload).toEqual({ who: "you", event: { a: 1 } });
  });

  it("reads files and folders of its package", async () => {
    const files = {
      "index.mjs": 'import { word } from "./lib/word.mjs"; export const handler = async () => word;',
      "lib/word.mjs": 'export const word = "packed";',
    };
    await create(cloud, "folders", "", { Code: { ZipFile: zip(files) } });
    expect((await cloud.invoke("folders")).payload).toBe("packed");
  });

  it("comes from a bucket as well, read with the caller's own permission", async () => {
    const objects = new S3Client({ ...cloud.running.client(), forcePathStyle: true });
    await objects.send(new CreateBucketCommand({ Bucket: "packages" }));
    const Body = zip({ "index.mjs": answering('"from S3"') });
    await objects.send(new PutObjectCommand({ Bucket: "packages", Key: "hello.zip", Body }));
    await create(cloud, "hello", "", { Code: { S3Bucket: "packages", S3Key: "hello.zip" } });
    expect((await cloud.invoke("hello")).payload).toBe("from S3");
    await cloud.provision(
      role(`${ROLE_ARN}-deployer`, [{ Effect: "Allow", Action: ["lambda:*", "iam:PassRole"], Resource: "*" }]),
    );
    const deployer = new LambdaClient({ ...cloud.running.client(`${ROLE_ARN}-deployer`), maxAttempts: 1 });
    const update = new UpdateFunctionCodeCommand({ FunctionName: "hello", S3Bucket: "packages", S3Key: "hello.zip" });
    expect(await messageOf(deployer.send(update))).toContain("S3 Error Code: AccessDenied");
    deployer.destroy();
    objects.destroy();
  });

  it("is there after a restart, code and settings as they were", async () => {
    await create(cloud, "kept", answering("process.env.WORD"), { Environment: { Variables: { WORD: "still" } } });
    await cloud.restart();
    expect((await cloud.invoke("kept")).payload).toBe("still");
  });

  it("can be downloaded again from its code location, for ten minutes", async () => {
    const source = answering("1");
    await create(cloud, "hello", source);
    const { Code } = await cloud.client.send(new GetFunctionCommand({ FunctionName: "hello" }));
    const answer = await fetch(Code!.Location!);
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(zip({ "index.mjs": source })));
    await cloud.clock.advance(601_000);
    expect((await fetch(Code!.Location!)).status).toBe(403);
    expect((await fetch(`${cloud.running.endpoint}/.lambda-code/guessed`)).status).toBe(403);
  });

  it("declared by a program can be downloaded as a zip too", async () => {
    await cloud.provision(functionResource("declared", answering("1")));
    const { Code } = await cloud.client.send(new GetFunctionCommand({ FunctionName: "declared" }));
    const files = unzipSync(new Uint8Array(await (await fetch(Code!.Location!)).arrayBuffer()));
    expect(Buffer.from(files["index.mjs"]!).toString()).toBe(answering("1"));
  });
});

describe("CreateFunction refuses", () => {
  it("a name that is taken, by the API or by the program", async () => {
    await create(cloud, "taken", answering("1"));
    await cloud.provision(functionResource("declared", answering("1")));
    for (const name of ["taken", "declared"]) {
      await expect(create(cloud, name, answering("2"))).rejects.toMatchObject({
        name: "ResourceConflictException",
        message: `Function already exist: ${name}`,
      });
    }
  });

  it("a role that Lambda may not assume, and one that is none", async () => {
    await cloud.provision(role(`${ROLE_ARN}-ec2`, [], "ec2.amazonaws.com"));
    const message = "The role defined for the function cannot be assumed by Lambda.";
    expect(await messageOf(create(cloud, "a", answering("1"), { Role: `${ROLE_ARN}-ec2` }))).toBe(message);
    expect(await codeOf(create(cloud, "a", answering("1"), { Role: "someone" }))).toBe("ValidationException");
  });

  it("what is no zip, and a zip that leaves its folder", async () => {
    const Code = { ZipFile: Buffer.from("not a zip") };
    expect(await messageOf(create(cloud, "a", "", { Code }))).toContain("Could not unzip uploaded file");
    const escaping = { ZipFile: zip({ "../../evil.mjs": "1" }) };
    expect(await messageOf(create(cloud, "a", "", { Code: escaping }))).toContain("outside the package");
  });

  it("settings out of bounds, reserved and too large variables, in AWS's words", async () => {
    const attempt = (more: Parameters<typeof create>[3]) => messageOf(create(cloud, "a", answering("1"), more));
    expect(await attempt({ MemorySize: 64 })).toContain("Value '64' at 'memorySize'");
    expect(await attempt({ Timeout: 901 })).toContain("Value '901' at 'timeout'");
    expect(await attempt({ Environment: { Variables: { AWS_REGION: "x" } } })).toContain(
      "Reserved keys used in this request: AWS_REGION",
    );
    expect(await attempt({ Environment: { Variables: { BIG: "x".repeat(4096) } } })).toContain(
      "exceeded the 4KB limit",
    );
    expect(await attempt({ Runtime: "python3.13" })).toContain("python3.13");
    expect(await attempt({ PackageType: "Image", Code: { ImageUri: "1.dkr.ecr/x" } })).toMatch(/container images/i);
  });

  it("who may not hand the role on: iam:PassRole is named", async () => {
    await cloud.provision(role(`${ROLE_ARN}-dev`, [{ Effect: "Allow", Action: "lambda:*", Resource: "*" }]));
    const client = new LambdaClient({ ...cloud.running.client(`${ROLE_ARN}-dev`), maxAttempts: 1 });
    expect(await messageOf(create({ ...cloud, client }, "a", answering("1")))).toContain("iam:PassRole");
    client.destroy();
  });
});

describe("a change", () => {
  it("of code is what the next call runs", async () => {
    const before = await create(cloud, "hello", answering('"one"'));
    expect((await cloud.invoke("hello")).payload).toBe("one");
    const after = await cloud.client.send(
      new UpdateFunctionCodeCommand({ FunctionName: "hello", ZipFile: zip({ "index.mjs": answering('"two"') }) }),
    );
    expect(after.CodeSha256).not.toBe(before.CodeSha256);
    expect((await cloud.invoke("hello")).payload).toBe("two");
    await cloud.restart();
    expect((await cloud.invoke("hello")).payload).toBe("two");
  });

  it("of settings leaves alone what it does not name", async () => {
    await create(cloud, "hello", answering("process.env.WORD"), {
      ...{ Timeout: 9, Environment: { Variables: { WORD: "old" } } },
    });
    const changed = await cloud.client.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: "hello", Environment: { Variables: { WORD: "new" } } }),
    );
    expect(changed).toMatchObject({ Timeout: 9, Environment: { Variables: { WORD: "new" } } });
    expect((await cloud.invoke("hello")).payload).toBe("new");
  });

  it("under a revision that is not the latest is refused", async () => {
    const { RevisionId } = await create(cloud, "hello", answering("1"));
    const change = (Description: string) =>
      cloud.client.send(new UpdateFunctionConfigurationCommand({ FunctionName: "hello", Description, RevisionId }));
    await change("first");
    expect(await codeOf(change("second"))).toBe("PreconditionFailedException");
  });

  it("of what a program declares holds until the program is evaluated again", async () => {
    await cloud.provision(functionResource("declared", answering('"program"')));
    await cloud.client.send(
      new UpdateFunctionCodeCommand({ FunctionName: "declared", ZipFile: zip({ "index.mjs": answering('"API"') }) }),
    );
    expect((await cloud.invoke("declared")).payload).toBe("API");
    await cloud.provision(functionResource("declared", answering('"program"')));
    expect((await cloud.invoke("declared")).payload).toBe("program");
  });

  it("in a dry run is checked only", async () => {
    await create(cloud, "hello", answering('"one"'));
    const ZipFile = zip({ "index.mjs": answering('"two"') });
    await cloud.client.send(new UpdateFunctionCodeCommand({ FunctionName: "hello", ZipFile, DryRun: true }));
    expect((await cloud.invoke("hello")).payload).toBe("one");
  });
});

describe("a published version", () => {
  it("stays as it was, whatever becomes of $LATEST, over a restart too", async () => {
    const source = (word: string) => answering(`["${word}", context.functionVersion, context.invokedFunctionArn]`);
    await create(cloud, "hello", source("one"), { Publish: true });
    await cloud.client.send(
      new UpdateFunctionCodeCommand({ FunctionName: "hello", ZipFile: zip({ "index.mjs": source("two") }) }),
    );
    for (const _ of ["now", "after a restart"]) {
      const old = await cloud.invoke("hello", {}, { Qualifier: "1" });
      expect(old.payload).toEqual(["one", "1", `${functionArn("hello")}:1`]);
      expect((await cloud.invoke("hello")).payload).toEqual(["two", "$LATEST", functionArn("hello")]);
      await cloud.restart();
    }
  });

  it("is not made twice of the same, and numbers are never used again", async () => {
    await create(cloud, "hello", answering("1"));
    const publish = async () =>
      (await cloud.client.send(new PublishVersionCommand({ FunctionName: "hello", Description: "d" }))).Version;
    expect(await publish()).toBe("1");
    expect(await publish()).toBe("1");
    await cloud.client.send(new UpdateFunctionConfigurationCommand({ FunctionName: "hello", Timeout: 5 }));
    expect(await publish()).toBe("2");
    await cloud.client.send(new DeleteFunctionCommand({ FunctionName: "hello", Qualifier: "2" }));
    await cloud.restart();
    expect(await publish()).toBe("3");
    const { Versions } = await cloud.client.send(new ListVersionsByFunctionCommand({ FunctionName: "hello" }));
    expect(Versions!.map(({ Version, FunctionArn }) => [Version, FunctionArn])).toEqual(
      ["$LATEST", "1", "3"].map((version) => [version, `${functionArn("hello")}:${version}`]),
    );
  });

  it("has a REPORT and a log stream of its own", async () => {
    await create(cloud, "hello", answering("1"), { Publish: true });
    const { log } = await cloud.invoke("hello", {}, { Qualifier: "1", LogType: "Tail" });
    expect(log).toContain("Version: 1");
    expect(log).toMatch(
      /REPORT RequestId: .*Billed Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit/,
    );
  });
});

it("a deleted function is gone with its versions, and stays gone", async () => {
  await create(cloud, "hello", answering("1"), { Publish: true });
  await cloud.client.send(new DeleteFunctionCommand({ FunctionName: "hello" }));
  const gone = () => codeOf(cloud.client.send(new GetFunctionConfigurationCommand({ FunctionName: "hello" })));
  expect(await gone()).toBe("ResourceNotFoundException");
  await cloud.restart();
  expect(await gone()).toBe("ResourceNotFoundException");
  expect(await codeOf(cloud.client.send(new DeleteFunctionCommand({ FunctionName: "hello" })))).toBe(
    "ResourceNotFoundException",
  );
  // The name is free, and what it had is not found again.
  await create(cloud, "hello", answering("2"));
  expect(await codeOf(cloud.invoke("hello", {}, { Qualifier: "1" }))).toBe("ResourceNotFoundException");
});

it("functions of both doors are listed page by page", async () => {
  for (const name of ["a", "c"]) await create(cloud, name, answering("1"));
  await cloud.provision(functionResource("b", answering("1")));
  const first = await cloud.client.send(new ListFunctionsCommand({ MaxItems: 2 }));
  expect(first.Functions!.map(({ FunctionName }) => FunctionName)).toEqual(["a", "b"]);
  const second = await cloud.client.send(new ListFunctionsCommand({ Marker: first.NextMarker }));
  expect(second.Functions!.map(({ FunctionName }) => FunctionName)).toEqual(["c"]);
  expect(second.NextMarker).toBeUndefined();
});

it("tags are set, listed and removed", async () => {
  await create(cloud, "hello", answering("1"), { Tags: { team: "a" } });
  const Resource = functionArn("hello");
  await cloud.client.send(new TagResourceCommand({ Resource, Tags: { Tier: "gold" } }));
  await cloud.client.send(new UntagResourceCommand({ Resource, TagKeys: ["team"] }));
  await cloud.restart();
  const { Tags } = await cloud.client.send(new ListTagsCommand({ Resource }));
  expect(Tags).toEqual({ Tier: "gold" });
});
