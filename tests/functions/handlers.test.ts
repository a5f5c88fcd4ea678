/** What Lambda's Node.js 24 asks of every handler. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../functions");
const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, "handler.ts")));

it.each(names)("%s has no third plain argument: that is a callback's, which nodejs24.x refuses", async (name) => {
  const { handler } = await import(join(folder, name, "handler.ts"));
  expect(handler).toBeInstanceOf(Function);
  expect(handler.length).toBeLessThan(3);
});
