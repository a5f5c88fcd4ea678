import { readFileSync } from "node:fs";
import { eventually, type LambdaCloud, startLambda, temporaryFile } from "./fixture.ts";
import { functionArn, ROLE_ARN, role } from "./resources.ts";

let cloud: LambdaCloud;

beforeEach(async () => {
  cloud = await startLambda();
});

afterEach(() => cloud.stop());

describe("a synchronous invocation", () => {
  it("answers with what the handler returns, and the version that ran", async () => {
    await cloud.define("echo", "export const handler = async (event) => ({ got: event });");
    const answer = await cloud.invoke("echo", { text: "ünï ✓" });
    expect(answer).toMatchObject({ status: 200, error: undefined, payload: { got: { text: "ünï ✓" } } });
  });

  it("takes the function by name, ARN and partial ARN", async () => {
    await cloud.define("echo", "export const handler = () => 'yes';");
    for (const name of ["echo", functionArn("echo"), `${functionArn("echo")}:$LATEST`, "000000000000:function:echo"]) {
      expect((await cloud.invoke(name)).payload).toBe("yes");
    }
  });

  it("passes payloads of megabytes in both directions", async () => {
    await cloud.define("echo", "export const handler = async (event) => event;");
    const text = "é".repeat(2_500_000);
    expect((await cloud.invoke("echo", text)).payload === text).toBe(true);
  });

  it("hands the handler a complete context", async () => {
    await cloud.define(
      "context",
      `export const handler = async (event, context) => ({
        ...context, remaining: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID });`,
      { timeout: 60, memorySize: 256 },
    );
    const ClientContext = Buffer.from(JSON.stringify({ custom: { a: "b" } })).toString("base64");
    const { payload } = await cloud.invoke("context", {}, { ClientContext });
    expect(payload).toMatchObject({
      functionName: "context",
      functionVersion: "$LATEST",
      invokedFunctionArn: functionArn("context"),
      memoryLimitInMB: "256",
      logGroupName: "/aws/lambda/context",
      logStreamName: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      callbackWaitsForEmptyEventLoop: true,
      clientContext: { custom: { a: "b" } },
    });
    expect(payload.remaining).toBeGreaterThan(40_000);
    expect(payload.remaining).toBeLessThanOrEqual(60_000);
    expect(payload.trace).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};/);
  });

  it("gives the process its own environment variables and Lambda's, and none of the platform's", async () => {
    process.env.TERRACE_TEST_SECRET = "of the parent";
    await cloud.define("env", "export const handler = async () => ({ ...process.env, cwd: process.cwd() });", {
      environment: { variables: { OWN: "value" } },
    });
    const { payload } = await cloud.invoke("env");
    delete process.env.TERRACE_TEST_SECRET;
    expect(payload).toMatchObject({
      OWN: "value",
      _HANDLER: "index.handler",
      AWS_REGION: "eu-west-1",
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      AWS_LAMBDA_FUNCTION_NAME: "env",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
      AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
      AWS_ENDPOINT_URL: cloud.running.endpoint,
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/),
    });
    expect(payload.cwd).toBe(payload.LAMBDA_TASK_ROOT);
    expect(payload.TERRACE_TEST_SECRET).toBeUndefined();
    expect(payload.HOME).toBeUndefined();
  });

  it("keeps the environment for the next invocation", async () => {
    await cloud.define("count", "let n = 0; export const handler = async () => ++n;");
    expect((await cloud.invoke("count")).payload).toBe(1);
    expect((await cloud.invoke("count")).payload).toBe(2);
  });

  it("starts a fresh environment once the function's code has changed", async () => {
    await cloud.define("edited", "export const handler = async () => 'before';");
    expect((await cloud.invoke("edited")).payload).toBe("before");
    await cloud.define("edited", "export const handler = async () => 'after';");
    expect((await cloud.invoke("edited")).payload).toBe("after");
  });

  it("runs code from files, linked directories and text of one archive", async () => {
    const file = temporaryFile("lib.mjs", "export const fromFile = 'file';");
    const inside = temporaryFile("inside.mjs", "export const fromDirectory = 'directory';");
    await cloud.define("assets", "", {
      code: {
        $asset: "archive",
        assets: {
          "index.mjs": {
            $asset: "string",
            text: `import { fromFile } from "./lib.mjs"; import { fromDirectory } from "./deep/folder/inside.mjs";
              export const handler = async () => [fromFile, fromDirectory];`,
          },
          "lib.mjs": { $asset: "file", path: file },
          "deep/folder": { $asset: "fileArchive", path: inside.slice(0, inside.lastIndexOf("/")) },
        },
      },
    });
    expect((await cloud.invoke("assets")).payload).toEqual(["file", "directory"]);
  });

  it("waits for callbacks on runtimes that have them, and refuses them on nodejs24.x", async () => {
    const source =
      "export const handler = (event, context, callback) => setTimeout(() => callback(null, 'called'), 5);";
    await cloud.define("old", source, { runtime: "nodejs22.x" });
    await cloud.define("new", source);
    expect((await cloud.invoke("old")).payload).toBe("called");
    expect((await cloud.invoke("new")).payload.errorType).toBe("Runtime.CallbackHandlerDeprecated");
  });

  it("does nothing but check in a dry run", async () => {
    const file = temporaryFile("ran");
    await cloud.define(
      "dry",
      `import fs from "node:fs"; export const handler = () => fs.writeFileSync(${JSON.stringify(file)}, "x");`,
    );
    expect((await cloud.invoke("dry", {}, { InvocationType: "DryRun" })).status).toBe(204);
    expect(readFileSync(file, "utf8")).toBe("");
  });

  it("isolates tenants where the function asks for it", async () => {
    await cloud.define("tenants", "let n = 0; export const handler = async (e, { tenantId }) => [tenantId, ++n];", {
      tenancyConfig: { tenantIsolationMode: "PER_TENANT" },
    });
    expect((await cloud.invoke("tenants", {}, { TenantId: "acme" })).payload).toEqual(["acme", 1]);
    expect((await cloud.invoke("tenants", {}, { TenantId: "globex" })).payload).toEqual(["globex", 1]);
    expect((await cloud.invoke("tenants", {}, { TenantId: "acme" })).payload).toEqual(["acme", 2]);
    await expect(cloud.invoke("tenants")).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  });
});

describe("a refused invocation", () => {
  it("of an unknown function is ResourceNotFoundException", async () => {
    await expect(cloud.invoke("nobody")).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: `Function not found: ${functionArn("nobody")}`,
    });
  });

  it("of an unknown qualifier is ResourceNotFoundException", async () => {
    await cloud.define("echo", "export const handler = () => 1;");
    await expect(cloud.invoke("echo", {}, { Qualifier: "live" })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  it("with more than 6 MB is RequestTooLargeException", async () => {
    await cloud.define("echo", "export const handler = () => 1;");
    await expect(cloud.invoke("echo", "x".repeat(6_291_456))).rejects.toMatchObject({
      name: "RequestTooLargeException",
    });
  });

  it("with something that is not JSON is InvalidRequestContentException", async () => {
    await cloud.define("echo", "export const handler = () => 1;");
    const call = cloud.invoke("echo", {}, { Payload: Buffer.from("{not json") });
    await expect(call).rejects.toMatchObject({ name: "InvalidRequestContentException" });
  });

  it("by a role without lambda:InvokeFunction names the missing statement", async () => {
    await cloud.define("echo", "export const handler = () => 1;");
    const caller = cloud.running.principalFor("arn:aws:iam::000000000000:role/nobody", "test");
    const call = cloud.running.call("lambda", "Invoke", { FunctionName: "echo" }, { principal: caller });
    await expect(call).rejects.toThrow(/not authorized to perform: lambda:InvokeFunction on resource: .*function:echo/);
  });

  it("says that Lambda may not assume the role, when its trust policy does not let it", async () => {
    await cloud.define("roleless", "export const handler = () => 1;", { role: `${ROLE_ARN}-unknown` });
    const answer = await cloud.invoke("roleless");
    expect(answer).toMatchObject({ error: "Unhandled" });
    expect(answer.payload.errorMessage).toContain("fn-unknown");
  });
});

describe("logs", () => {
  it("hold START, what the function wrote, END and REPORT", async () => {
    await cloud.define(
      "chatty",
      "export const handler = async () => { console.log('one\\ntwo'); console.error('bad'); };",
    );
    await cloud.invoke("chatty");
    const lines = await eventually(
      () => cloud.logOf("chatty"),
      (found) => found.some((line) => line.startsWith("REPORT")),
    );
    expect(lines).toEqual([
      expect.stringMatching(/^START RequestId: [0-9a-f-]{36} Version: \$LATEST$/),
      expect.stringMatching(/^\d{4}-.*Z\t[0-9a-f-]{36}\tINFO\tone\ntwo$/),
      expect.stringMatching(/\tERROR\tbad$/),
      expect.stringMatching(/^END RequestId: /),
      expect.stringMatching(
        /^REPORT RequestId: .*\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: /,
      ),
    ]);
  });

  it("are JSON objects of the wanted level, when the function's log format is JSON", async () => {
    await cloud.define(
      "structured",
      "export const handler = async () => { console.info('quiet'); console.warn('loud', new TypeError('t')); };",
      { loggingConfig: { logFormat: "JSON", applicationLogLevel: "WARN", systemLogLevel: "INFO" } },
    );
    await cloud.invoke("structured");
    const lines = await eventually(
      () => cloud.logOf("structured"),
      (found) => found.length >= 3,
    );
    const objects = lines.map((line) => JSON.parse(line));
    expect(objects).toMatchObject([
      { type: "platform.start", record: { version: "$LATEST" } },
      { level: "WARN", errorType: "TypeError", errorMessage: "t", stackTrace: expect.any(Array) },
      { type: "platform.report", record: { status: "success", metrics: { memorySizeMB: 128 } } },
    ]);
  });

  it("come back with the answer for LogType Tail", async () => {
    await cloud.define("tail", "export const handler = async () => { console.log('hello'); };");
    const { log } = await cloud.invoke("tail", {}, { LogType: "Tail" });
    expect(log).toMatch(/^START .*\tINFO\thello\n.*REPORT /s);
  });

  it("are not written by a role that may not, which is said once", async () => {
    await cloud.provision(role(`${ROLE_ARN}-mute`, []));
    await cloud.define("mute", "export const handler = async () => console.log('x');", { role: `${ROLE_ARN}-mute` });
    await cloud.invoke("mute");
    await cloud.invoke("mute");
    await eventually(
      () => cloud.lines,
      (lines) => lines.some(({ message }) => message.includes("no logs for /aws/lambda/mute")),
    );
    expect(await cloud.logOf("mute")).toEqual([]);
  });
});
