/** Environments that are started ahead. */
import { readFileSync } from "node:fs";
import {
  DeleteProvisionedConcurrencyConfigCommand,
  GetProvisionedConcurrencyConfigCommand,
  PutProvisionedConcurrencyConfigCommand,
} from "@aws-sdk/client-lambda";
import { codeOf } from "../messaging-cloud.ts";
import { create } from "./api-fixture.ts";
import { eventually, type LambdaCloud, startLambda, temporaryFile } from "./fixture.ts";
import { resource } from "./resources.ts";

let cloud: LambdaCloud;
let file: string;
const FunctionName = "hello";
const Qualifier = "1";

beforeEach(async () => {
  cloud = await startLambda();
  file = temporaryFile("starts");
});
afterEach(() => cloud.stop());

/** Notes each start of an environment. */
const source = () => `import { appendFileSync } from "node:fs";
  appendFileSync(${JSON.stringify(file)}, "x");
  export const handler = async () => ({ pid: process.pid, type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE });`;
const starts = () => readFileSync(file, "utf8").length;
const put = (qualifier = Qualifier, ProvisionedConcurrentExecutions = 2) =>
  cloud.client.send(
    new PutProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: qualifier, ProvisionedConcurrentExecutions }),
  );
const get = () => cloud.client.send(new GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }));
const ready = () => eventually(get, ({ Status }) => Status === "READY");

it("are there before the first invocation, which is no cold start, and stay", async () => {
  await create(cloud, FunctionName, source(), { Publish: true });
  expect(await put()).toMatchObject({ Status: "IN_PROGRESS", AvailableProvisionedConcurrentExecutions: 0 });
  expect(await ready()).toMatchObject({
    RequestedProvisionedConcurrentExecutions: 2,
    AvailableProvisionedConcurrentExecutions: 2,
  });
  expect(starts()).toBe(2);
  const first = await cloud.invoke(FunctionName, {}, { Qualifier, LogType: "Tail" });
  expect(first.payload.type).toBe("provisioned-concurrency");
  expect(first.log).toContain("REPORT RequestId");
  expect(first.log).not.toContain("Init Duration");
  await cloud.clock.advance(3_600_000);
  expect((await cloud.invoke(FunctionName, {}, { Qualifier })).payload.pid).toBe(first.payload.pid);
  expect(starts()).toBe(2);
  expect((await cloud.invoke(FunctionName)).payload.type).toBe("on-demand");
});

it("are there again after a restart, and after one has died", async () => {
  await create(cloud, FunctionName, source(), { Publish: true });
  await put();
  await ready();
  await cloud.restart();
  await cloud.running.service("lambda");
  await ready();
  expect(starts()).toBe(4);
  const { pid } = (await cloud.invoke(FunctionName, {}, { Qualifier })).payload;
  process.kill(pid, "SIGKILL");
  await eventually(starts, (count) => count === 5);
});

it("end when they are not asked for any more", async () => {
  await create(cloud, FunctionName, source(), { Publish: true });
  await put();
  await ready();
  const { pid } = (await cloud.invoke(FunctionName, {}, { Qualifier })).payload;
  await cloud.client.send(new DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }));
  expect(await codeOf(get())).toBe("ProvisionedConcurrencyConfigNotFoundException");
  await eventually(
    async () => {
      await cloud.clock.advance(10_000);
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    },
    (isAlive) => !isAlive,
  );
});

it("start with the new code when the program's function changes", async () => {
  await cloud.define(FunctionName, source(), { publish: true });
  await cloud.provision(
    resource("aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig", "warm", {
      functionName: FunctionName,
      qualifier: "1",
      provisionedConcurrentExecutions: 2,
    }),
  );
  await ready();
  await cloud.define(FunctionName, `${source()} // changed`, { publish: true });
  await eventually(starts, (count) => count === 4);
  expect((await cloud.invoke(FunctionName, {}, { Qualifier })).payload.type).toBe("provisioned-concurrency");
});

it("that do not come up are not tried again and again: the status says so", async () => {
  await create(cloud, FunctionName, `${source()} throw new Error("no");`, { Publish: true });
  await put();
  expect(await eventually(get, ({ Status }) => Status === "FAILED")).toMatchObject({
    StatusReason: "FUNCTION_ERROR_INIT_FAILURE",
  });
  expect(starts()).toBeLessThanOrEqual(2);
});

it("belong to a version or an alias, and to no function that keeps its tenants apart", async () => {
  await create(cloud, FunctionName, source(), { Publish: true, TenancyConfig: { TenantIsolationMode: "PER_TENANT" } });
  expect(await codeOf(get())).toBe("ProvisionedConcurrencyConfigNotFoundException");
  expect(await codeOf(put("$LATEST"))).toBe("InvalidParameterValueException");
  expect(await codeOf(put(Qualifier, 0))).toBe("InvalidParameterValueException");
  expect(await codeOf(put())).toBe("InvalidParameterValueException");
});
