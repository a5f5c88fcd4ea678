/** `kill -9` in the middle of a durable execution. */
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LambdaClient } from "@aws-sdk/client-lambda";
import type { Graph } from "../../../../engine/graph.ts";
import { manualClock } from "../../../../local/clock.ts";
import { startCloud } from "../../../../local/cloud.ts";
import { iam } from "../../../../local/services/iam/index.ts";
import { lambda } from "../../../../local/services/lambda/index.ts";
import { logs } from "../../../../local/services/logs/index.ts";
import { type LambdaCloud, temporaryFile } from "../fixture.ts";
import { functionResource, ROLE_ARN, role } from "../resources.ts";
import { defineDurable, ended, suspended } from "./fixture.ts";
import { killedBody } from "./killed-body.ts";

it("a durable execution goes on after the platform was killed in the middle of a step, without doing the first again", async () => {
  const file = temporaryFile("log");
  const platform = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "killed-platform.ts"), file],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const line = await new Promise<string>((done) => platform.stdout.once("data", (text) => done(String(text))));
  const { directory, arn, now } = JSON.parse(line);
  const gone = new Promise((done) => platform.once("exit", done));
  platform.kill("SIGKILL");
  await gone;

  const clock = manualClock(now);
  const running = await startCloud({ directory, clock, services: { iam, logs, lambda } });
  const client = new LambdaClient({ ...running.client(), maxAttempts: 1 });
  const provision = (...resources: unknown[]) => running.provision({ resources } as unknown as Graph);
  await provision(role(ROLE_ARN, [{ Effect: "Allow", Action: "*", Resource: "*" }]));
  const cloud = {
    ...{ running, client, clock, directory },
    define: (...definition: Parameters<typeof functionResource>) => provision(functionResource(...definition)),
  } as unknown as LambdaCloud;
  await defineDurable(cloud, "survivor", killedBody(file), { executionTimeout: 86_400 });
  await suspended(cloud, arn);
  await clock.advance(60_000);

  expect(await ended(cloud, arn)).toMatchObject({ Status: "SUCCEEDED", Result: "3" });
  expect(readFileSync(file, "utf8").split("\n").filter(Boolean)).toEqual(["first", "second", "second"]);
  client.destroy();
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});
