/**
 * A platform of its own with a durable function in the middle of its second step; prints its state folder and the execution,
 * and waits to be killed.
 */
import { readFileSync } from "node:fs";
import { startLambda } from "../fixture.ts";
import { begin, defineDurable } from "./fixture.ts";
import { killedBody } from "./killed-body.ts";

const file = process.argv[2]!;
const cloud = await startLambda();
await defineDurable(cloud, "survivor", killedBody(file), { executionTimeout: 86_400 });
const arn = await begin(cloud, "survivor");
const poll = setInterval(() => {
  if (!readFileSync(file, "utf8").includes("second")) return;
  clearInterval(poll);
  console.log(JSON.stringify({ directory: cloud.directory, arn, now: cloud.clock.now() }));
}, 10);
setInterval(() => {}, 1_000_000);
