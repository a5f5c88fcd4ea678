/**
 * `npm run demo -- [--port 4510]`: a photo library with several tenants, from sign-in to isolation, told line by line.
 * Exit status 0 only if every claim held.
 */

import { parseArgs } from "node:util";
import { eventsChapter } from "./chapters/events.ts";
import { isolationChapter } from "./chapters/isolation.ts";
import { photosChapter } from "./chapters/photos.ts";
import type { Chapter, Scene } from "./chapters/scene.ts";
import { signInChapter } from "./chapters/sign-in.ts";
import { webhooksChapter } from "./chapters/webhooks.ts";
import { findPlatform } from "./platform.ts";
import { StoryBroken, story } from "./story.ts";

const port = readPort();
const told = story();
const chapters: Chapter[] = [signInChapter, webhooksChapter, photosChapter, eventsChapter, isolationChapter];

let broken = false;
try {
  told.heading("The platform");
  const platform = await told.step(
    "It answers",
    () => findPlatform(port),
    ({ found, outputs }) =>
      `${found ? "already running" : "started for this"}, stack ${outputs.stack}, tenants ${Object.keys(outputs.tenants).join(", ")}`,
  );
  const scene: Scene = { platform, story: told, visitors: [], uploads: new Map(), before: new Map() };
  try {
    for (const chapter of chapters) await chapter(scene);
  } finally {
    await scene.webhooks?.stop();
    await platform.stop();
  }
} catch (error) {
  broken = true;
  if (!(error instanceof StoryBroken)) console.error(error);
}

const { held, failed, ms } = told.summary();
const outcome = broken ? `the story broke off (${failed} failed)` : "all held";
console.log(`\n${held} claims shown in ${(ms / 1000).toFixed(1)} s, ${outcome}.`);
process.exitCode = broken || failed > 0 ? 1 : 0;

function readPort(): number | undefined {
  try {
    const { values } = parseArgs({ options: { port: { type: "string" } } });
    if (values.port === undefined) return undefined;
    const number = Number(values.port);
    if (Number.isInteger(number) && number > 0 && number < 65_535) return number;
    throw new Error(`--port must be a number from 1 to 65534, not "${values.port}"`);
  } catch (error) {
    console.error(`demo: ${(error as Error).message}; usage: npm run demo -- [--port <port>]`);
    process.exit(2);
  }
}
