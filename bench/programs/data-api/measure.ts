/**
 * Measures one client in a process of its own, with the target in TARGET. `measure.ts <bundle> start` prints what a Lambda
 * function would see of a cold start, `measure.ts <bundle> calls` p50 and CPU per call once it is warm. The bundle is loaded before anything else
 * could warm up what it needs; only `node:http` is there already, as Lambda's own runtime loads it before any function.
 */
import "node:http";
import type { Target } from "./target.ts";

interface Client {
  one(id: number): Promise<{ id: number; name: string } | undefined>;
  many(): Promise<Record<string, unknown>[]>;
  insert(rows: object[]): Promise<unknown>;
  close(): unknown;
}

interface Measured {
  p50Ms: number;
  /** User and system time of the whole process. */
  cpuMs: number;
}

const { TARGET } = process.env;
const [bundle, what] = process.argv.slice(2);
const target: Target = JSON.parse(TARGET!);
const began = performance.now();
const { open } = (await import(bundle!)) as { open(target: Target): Client };
const importMs = performance.now() - began;
const client = open(target);
const first = await client.one(7);
const firstRowMs = performance.now() - began;
if (first?.id !== 7 || first.name !== "item 7") throw new Error(`a wrong row: ${JSON.stringify(first)}`);
if (what === "start") {
  console.log(JSON.stringify({ importMs, firstRowMs }));
  process.exit(0);
}

const rows = Array.from({ length: 1000 }, (_, index) => ({
  id: index,
  name: `a name of some length ${index}`,
  price: index + 0.25,
  active: index % 2 === 0,
  note: `and a note to it that is somewhat longer, number ${index}`,
}));
const one = await measure(1000, 2000, (call) => client.one(1 + (call % 1000)));
const many = await measure(25, 60, async () => {
  const found = await client.many();
  if (found.length !== 1000 || Object.keys(found[0]!).length !== 10) throw new Error("not 1000 rows of 10 columns");
});
const insert = await measure(15, 40, () => client.insert(rows));
await client.close();
console.log(JSON.stringify({ one, many, insert }));
// Kept connections would hold the process.
process.exit(0);

async function measure(warmUp: number, calls: number, task: (call: number) => Promise<unknown>): Promise<Measured> {
  for (let call = 0; call < warmUp; call++) await task(call);
  const times: number[] = [];
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call++) {
    const started = performance.now();
    await task(call);
    times.push(performance.now() - started);
  }
  const { user, system } = process.cpuUsage(before);
  times.sort((a, b) => a - b);
  return { p50Ms: times[calls >> 1]!, cpuMs: (user + system) / 1000 / calls };
}
