/** The examples of the services' pages that are TypeScript: each runs as it stands, against a cloud of its own. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startCloud } from "../local/cloud.ts";
import { services } from "../local/services/index.ts";

const root = resolve(import.meta.dirname, "..");
const pages = readdirSync(join(root, "docs/services"));
/** What the example says it prints: the comment after each `console.log`. */
const promised = (code: string) => [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => line!);
const examples = pages
  .flatMap((page) =>
    [...readFileSync(join(root, "docs/services", page), "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
      ([, code]) => ({ page, code: code! }),
    ),
  )
  // Another one is a part of a program, which the page's own tests are about.
  .filter(({ code }) => promised(code).length > 0);

it.each(examples)("$page prints what it says", async ({ code }) => {
  const cloud = await startCloud({ services });
  const { endpoint, region, credentials } = cloud.client();
  try {
    const printed = await new Promise<string>((done, failed) => {
      const child = execFile(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript"],
        {
          cwd: root,
          env: {
            PATH: process.env.PATH,
            AWS_ENDPOINT_URL: endpoint,
            AWS_REGION: region,
            AWS_ACCESS_KEY_ID: credentials.accessKeyId,
            AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          },
        },
        (error, stdout, stderr) => (error ? failed(new Error(stderr || error.message)) : done(stdout)),
      );
      child.stdin!.end(code);
    });
    expect(printed.trimEnd().split("\n")).toEqual(promised(code));
  } finally {
    await cloud.stop();
  }
});

it("links to every page of a service from the guide", () => {
  const guide = readFileSync(join(root, "docs/local.md"), "utf8");
  expect(pages.filter((page) => !guide.includes(`(services/${page})`))).toEqual([]);
});
