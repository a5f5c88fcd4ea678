/**
 * A platform of its own with one busy function; prints that function's process id and its state folder, and waits to be
 * killed. With `endless` the function never gives its event loop a turn.
 */
import { readFileSync } from "node:fs";
import { startLambda, temporaryFile } from "./fixture.ts";

const file = temporaryFile("pid");
const cloud = await startLambda();
await cloud.define(
  "busy",
  `import { writeFileSync } from "node:fs";
   export const handler = async () => {
     writeFileSync(${JSON.stringify(file)}, String(process.pid));
     ${process.argv[2] === "endless" ? "for (;;);" : "for (;;) await new Promise((done) => setImmediate(done));"}
   };`,
);
void cloud.invoke("busy").catch(() => {});
const poll = setInterval(() => {
  const pid = readFileSync(file, "utf8");
  if (!pid) return;
  clearInterval(poll);
  console.log(`${pid} ${cloud.directory}`);
}, 10);
setInterval(() => {}, 1_000_000);
