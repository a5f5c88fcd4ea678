/**
 * `npm run demo -- [--port 4510] [--state .terrace]`: a photo library with several tenants, from sign-in to isolation, told line by line.
 * Exit status 0 only if every claim held.
 */

import { parseArgs } from "node:util";
import { eventsChapter } from "./chapters/events.ts";
import { exportChapter } from "./chapters/export.ts";
import { functionsChapter } from "./chapters/functions.ts";
import { isolationChapter } from "./chapters/isolation.ts";
import { photosChapter } from "./chapters/photos.ts";
import type { Chapter, Scene } from "./chapters/scene.ts";
import { signInChapter } from "./chapters/sign-in.ts";
import { usageQueryChapter } from "./chapters/usage-query.ts";
import { webhooksChapter } from "./chapters/webhooks.ts";
import { made } from "./made.ts";
import { findPlatform } from "./platform.ts";
import { StoryBroken, story } from "./story.ts";

const USAGE = `npm run demo -- [--port <port>] [--state <folder>]

Tells the platform's story claim by claim, against the platform that runs (\`npm start\`), or one of its own.

  --port <port>      the platform's port; none runs there: its own takes it (default: the running one's, or a free one)
  --state <folder>   where the running platform keeps its state (default .terrace)`;

const flags = readFlags();
const told = story();
const chapters: Chapter[] = [
  ...[signInChapter, webhooksChapter, photosChapter, eventsChapter, isolationChapter],
  ...[exportChapter, usageQueryChapter, functionsChapter],
];

let broken = false;
try {
  told.heading("The platform");
  const platform = await told.step(
    "It answers",
    () => findPlatform(flags),
    ({ found, outputs }) =>
      `${found ? "already running" : "started for this"}, stack ${outputs.stack}, tenants ${Object.keys(outputs.tenants).join(", ")}`,
  );
  const own = made(platform.outputs);
  const scene: Scene = { platform, made: own, story: told, visitors: [], uploads: new Map(), before: new Map() };
  try {
    for (const chapter of chapters) await chapter(scene);
  } finally {
    await scene.webhooks?.stop();
    await own.clear();
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

interface Flags {
  port?: number;
  state?: string;
}

/** Ends the process where there is nothing to tell. */
function readFlags(): Flags {
  try {
    const { values } = parseArgs({
      options: { port: { type: "string" }, state: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    if (values.port === undefined) return { state: values.state };
    const port = Number(values.port);
    if (Number.isInteger(port) && port > 0 && port < 65_535) return { port, state: values.state };
    throw new Error(`--port must be a number from 1 to 65534, not "${values.port}"`);
  } catch (error) {
    const problem = (error as Error).message.split(". To specify")[0];
    console.error(`demo: ${problem}; \`npm run demo -- --help\` lists the flags`);
    process.exit(2);
  }
}
