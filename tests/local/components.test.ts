/** What the components' examples make comes up on one machine: whoever writes such a program can start it. */
import { join } from "node:path";
import { startCloud } from "../../local/cloud.ts";
import { provisioner } from "../../local/runner/provision.ts";
import { services } from "../../local/services/index.ts";
import { inert } from "../../local/services/inert.ts";
import { runExample } from "../../reports/reference/example.ts";
import { readComponents } from "../../reports/reference/read-components.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";

/** Whose services are not played here (DIFFERENCES.md), and what of theirs is not provisioned. */
const ELSEWHERE: Record<string, RegExp> = {
  Cache: /^aws:elasticache\//,
  Inference: /^aws:bedrock\//,
};

/** They have a PostgreSQL server each: the platform's own start has them (tests/local/runner). */
const STARTED = ["Cell", "Database", "Migration", "Tenant"];

const components = readComponents(join(import.meta.dirname, "../../components")).filter(
  ({ name }) => !STARTED.includes(name),
);

it.each(components.map(({ name, example }) => [name, example]))("%s", async (name, example) => {
  const { resources } = await runExample(example);
  const cloud = await startCloud({ services, inert });
  try {
    const provision = provisioner(cloud);
    const refused: string[] = [];
    for (const resource of resources.filter(({ custom }) => custom)) {
      await provision(resource).catch((error: Error) => refused.push(error.message));
    }
    const elsewhere = ELSEWHERE[name];
    expect(refused.filter((message) => !elsewhere?.test(message))).toEqual([]);
    if (elsewhere) expect(refused.length).toBeGreaterThan(0);
  } finally {
    await cloud.stop();
  }
});
