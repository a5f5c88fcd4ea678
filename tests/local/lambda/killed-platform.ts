/** A platform of its own with one busy function; prints that function's process id and waits to be killed. */
import { readFileSync } from "node:fs";
import { startLambda, temporaryFile } from "./fixture.ts";

const file = temporaryFile("pid");
const cloud = await startLambda();
await cloud.define(
  "busy",
  `import { writeFileSync } from "node:fs";
   export const handler = async () => {
     writeFileSync(${JSON.stringify(file)}, String(process.pid));
     for (;;) await new Promise((done) => setImmediate(done));
   };`,
);
void cloud.invoke("busy").catch(() => {});
const poll = setInterval(() => {
  const pid = readFileSync(file, "utf8");
  if (!pid) return;
  clearInterval(poll);
  console.log(pid);
}, 10);
setInterval(() => {}, 1_000_000);
