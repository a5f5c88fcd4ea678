/**
 * A platform of its own with one busy function; prints that function's process id and its state folder, and waits to be
 * killed. With `endless` the function never gives its event loop a turn; with `frozen` it has answered, and is frozen.
 */
import { existsSync, readFileSync } from "node:fs";
import { startLambda, temporaryFile } from "./fixture.ts";

const file = temporaryFile("pid");
const BODIES: Record<string, string> = {
  busy: "for (;;) await new Promise((done) => setImmediate(done));",
  endless: "for (;;);",
  frozen: `setInterval(() => appendFileSync(${JSON.stringify(`${file}.ticks`)}, "."), 1);`,
};
const cloud = await startLambda();
await cloud.define(
  "busy",
  `import { appendFileSync, writeFileSync } from "node:fs";
   export const handler = async () => {
     writeFileSync(${JSON.stringify(file)}, String(process.pid));
     ${BODIES[process.argv[2] ?? "busy"]}
   };`,
);
void cloud.invoke("busy").catch(() => {});
const poll = setInterval(() => {
  const pid = readFileSync(file, "utf8");
  if (!pid || (process.argv[2] === "frozen" && !isStill())) return;
  clearInterval(poll);
  console.log(`${pid} ${cloud.directory}`);
}, 10);
setInterval(() => {}, 1_000_000);

let last = -1;
let same = 0;
function isStill(): boolean {
  const ticks = existsSync(`${file}.ticks`) ? readFileSync(`${file}.ticks`).length : 0;
  same = ticks === last && ticks > 0 ? same + 1 : 0;
  last = ticks;
  return same >= 10;
}
