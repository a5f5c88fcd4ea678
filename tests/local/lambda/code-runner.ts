/** A function that runs what its event says. */
import type { Answer, LambdaCloud } from "./fixture.ts";

/** Runs the code of its event, which sees node:fs, its promises and some other modules. */
export const RUNNER = `import * as fs from "node:fs";
  import { readFileSync, writeFileSync } from "node:fs";
  import { readFile, writeFile } from "node:fs/promises";
  import * as children from "node:child_process";
  import { tmpdir } from "node:os";
  import { pathToFileURL } from "node:url";
  import { Worker } from "node:worker_threads";
  const AsyncFunction = (async () => {}).constructor;
  const tools = { fs, readFileSync, writeFileSync, readFile, writeFile, children, tmpdir, pathToFileURL, Worker,
    code: process.env.LAMBDA_TASK_ROOT,
    failure: async (call) => { try { await call(); return "none"; } catch (error) { return error.message; } },
    called: (call) => new Promise((done, failed) => call((error, value) => error ? failed(error) : done(value))) };
  export const handler = ({ body }) => new AsyncFunction(...Object.keys(tools), body)(...Object.values(tools));`;

/** What a body of code answers in the function of this name, whose source is `RUNNER`. */
export type Run = (name: string, body: string, more?: { TenantId?: string }) => Promise<Answer["payload"]>;

export function runsIn(cloud: LambdaCloud): Run {
  return async (name, body, more) => {
    const { payload, error } = await cloud.invoke(name, { body }, more);
    if (error) throw new Error(JSON.stringify(payload));
    return payload;
  };
}
