import type { Value } from "../../../engine/graph.ts";
import { type LambdaCloud, linesOf, startLambda, temporaryFile } from "./fixture.ts";
import { resource } from "./resources.ts";

let cloud: LambdaCloud;
let file: string;

beforeEach(async () => {
  cloud = await startLambda();
  file = temporaryFile("calls");
  await define();
});

afterEach(() => cloud.stop());

const define = (extra = "") =>
  cloud.define(
    "migrate",
    `import { appendFileSync } from "node:fs";
     export const handler = async (event) => {
       appendFileSync(${JSON.stringify(file)}, JSON.stringify(event) + "\\n"); ${extra}
       if (event.fail) throw new TypeError("relation exists"); };`,
  );

const invocation = (inputs: Record<string, Value>) =>
  resource("aws:lambda/invocation:Invocation", "migrate-app", { functionName: "migrate", ...inputs });
const calls = () => linesOf(file).map((line) => JSON.parse(line));

describe("an aws.lambda.Invocation", () => {
  it("runs while provisioning, and again only when input or triggers change", async () => {
    const input = '{"databases":["app"]}';
    await cloud.provision(invocation({ input, triggers: { migrations: "1" } }));
    expect(calls()).toEqual([{ databases: ["app"] }]);
    await cloud.provision(invocation({ input, triggers: { migrations: "1" } }));
    expect(calls()).toHaveLength(1);
    await cloud.provision(invocation({ input, triggers: { migrations: "2" } }));
    await cloud.provision(invocation({ input: "{}", triggers: { migrations: "2" } }));
    expect(calls()).toHaveLength(3);
  });

  it("does not run again for new code or after a restart", async () => {
    await cloud.provision(invocation({ input: "{}" }));
    await define("void 0;");
    await cloud.provision(invocation({ input: "{}" }));
    await cloud.restart();
    await define();
    await cloud.provision(invocation({ input: "{}" }));
    expect(calls()).toHaveLength(1);
  });

  it("that fails stops provisioning with the function's own message, and runs again the next time", async () => {
    const failing = () => cloud.provision(invocation({ input: '{"fail":true}' }));
    await expect(failing()).rejects.toThrow("the function migrate failed: TypeError: relation exists");
    await expect(failing()).rejects.toThrow("migrate-app");
    expect(calls()).toHaveLength(2);
  });

  it("with lifecycle scope CRUD is told what is done and what was before", async () => {
    const crud = (input: string) => invocation({ input, lifecycleScope: "CRUD" });
    await cloud.provision(crud('{"v":1}'));
    await cloud.provision(crud('{"v":2}'));
    expect(calls()).toEqual([
      { v: 1, tf: { action: "create" } },
      { v: 2, tf: { action: "update", prev_input: { v: 1 } } },
    ]);
  });
});
