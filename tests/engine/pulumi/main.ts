/**
 * `npm run test:engine`: the shipped program under the real Pulumi CLI. Nothing else depends on it: without a CLI it says so
 * and ends with 77, which CI reads as skipped.
 */
import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { buildCli, findCli, NO_CLI } from "./cli.ts";

const SKIPPED = 77;
const root = resolve(import.meta.dirname, "../../..");
const [build, args] = [process.argv.includes("--build"), process.argv.slice(2).filter((flag) => flag !== "--build")];

try {
  if (build && !findCli()) buildCli();
  const cli = findCli();
  if (cli) {
    const host = cli.built ? "the suite's own language host" : "its language host";
    console.error(`test:engine: pulumi ${cli.version} (${cli.path}), ${host}, Node ${process.version}`);
    process.exitCode = run(cli.path);
  } else {
    console.error(`test:engine: skipped, ${NO_CLI}`);
    process.exitCode = SKIPPED;
  }
} catch (error) {
  console.error(`test:engine: ${(error as Error).message}`);
  process.exitCode = 1;
}

/** jest's default run looks for `.test.ts`; these suites are `.suite.ts`, one after the other: each deploys a whole stack. */
function run(pulumi: string): number {
  const config = {
    rootDir: root,
    runner: "jest-light-runner",
    testMatch: ["<rootDir>/tests/engine/pulumi/*.suite.ts"],
  };
  const jest = join(root, "node_modules/jest/bin/jest.js");
  const flags = ["--disable-warning=ExperimentalWarning", jest, "--config", JSON.stringify(config), "--maxWorkers=1"];
  const { status } = spawnSync(process.execPath, [...flags, "--verbose", ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, TERRACE_PULUMI: pulumi, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
  });
  return status ?? 1;
}
