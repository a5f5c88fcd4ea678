/** What `npm run doctor` looks at. Each check finds something out and says what to do about it; none changes anything. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { evaluate } from "../../engine/evaluate.ts";
import type { Graph } from "../../engine/graph.ts";
import { judge, subjectsOf } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import { QUOTAS } from "./quotas.ts";

export interface Finding {
  level: "ok" | "warning" | "problem";
  what: string;
  /** What to do, where something is to be done. */
  remedy?: string;
}

/** What the checks ask of the machine; tests hand in their own. */
export interface Machine {
  env: NodeJS.ProcessEnv;
  home: string;
  nodeVersion: string;
  /** First line that a command prints of its version; undefined where there is none. */
  version(command: string, ...args: string[]): string | undefined;
}

export function thisMachine(): Machine {
  return {
    env: process.env,
    home: homedir(),
    nodeVersion: process.versions.node,
    version(command, ...args) {
      try {
        return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 10_000 })
          .split("\n")[0]!
          .trim();
      } catch {
        return undefined;
      }
    },
  };
}

const MINIMUM_PULUMI = "3.204.0";

export function tools({ nodeVersion, version }: Machine): Finding[] {
  const findings: Finding[] = [];
  const node = Number(nodeVersion.split(".")[0]);
  findings.push(
    node >= 24
      ? { level: "ok", what: `Node ${nodeVersion}` }
      : {
          level: "warning",
          what: `Node ${nodeVersion}; functions run on 24`,
          remedy: "npm has no pinned Node for this platform: install Node 24",
        },
  );
  const git = version("git", "--version");
  findings.push(
    git
      ? { level: "ok", what: git }
      : { level: "warning", what: "no git", remedy: "install git: previews compare revisions" },
  );
  const pulumi = version("pulumi", "version");
  if (!pulumi) {
    findings.push({
      level: "problem",
      what: "no Pulumi CLI",
      remedy: "install it (https://www.pulumi.com/docs/install/), or run `npx pulumi` in its place",
    });
  } else if (compareVersions(pulumi.replace(/^v/, ""), MINIMUM_PULUMI) < 0) {
    findings.push({ level: "problem", what: `Pulumi ${pulumi}`, remedy: `update it to ${MINIMUM_PULUMI} or later` });
  } else findings.push({ level: "ok", what: `Pulumi ${pulumi}` });
  return findings;
}

export function credentials({ env, home }: Machine): Finding[] {
  const findings: Finding[] = [];
  const file = join(home, ".aws", "credentials");
  const config = join(home, ".aws", "config");
  if (env.AWS_ENDPOINT_URL) {
    findings.push({
      level: "problem",
      what: `AWS_ENDPOINT_URL is ${env.AWS_ENDPOINT_URL}: calls do not reach AWS`,
      remedy: "unset AWS_ENDPOINT_URL before `pulumi up`",
    });
  }
  if (env.AWS_ACCESS_KEY_ID) findings.push({ level: "ok", what: "AWS credentials from the environment" });
  else if (env.AWS_PROFILE || existsSync(file) || existsSync(config)) {
    const profile = env.AWS_PROFILE ?? "default";
    const known = [file, config].some(
      (path) => existsSync(path) && new RegExp(`^\\[(profile )?${profile}\\]`, "m").test(readFileSync(path, "utf8")),
    );
    findings.push(
      known
        ? { level: "ok", what: `AWS profile ${profile}` }
        : {
            level: "problem",
            what: `AWS profile ${profile} is in neither ${file} nor ${config}`,
            remedy: "run `aws configure sso`, or set AWS_PROFILE",
          },
    );
  } else {
    findings.push({
      level: "problem",
      what: "no AWS credentials",
      remedy: "run `aws configure sso`, or set AWS_PROFILE",
    });
  }
  const backend =
    env.PULUMI_BACKEND_URL ?? (existsSync(join(home, ".pulumi", "credentials.json")) ? "as logged in" : undefined);
  findings.push(
    backend
      ? { level: "ok", what: `Pulumi backend ${backend}` }
      : {
          level: "problem",
          what: "Pulumi has no backend",
          remedy: "run `pulumi login`, or set PULUMI_BACKEND_URL (s3://…)",
        },
  );
  return findings;
}

/** The stack's own file and what the program makes of it. */
export async function stackFindings(directory: string, stack: string): Promise<Finding[]> {
  let graph: Graph;
  try {
    graph = await evaluate({ directory, stack, env: { TERRACE_BUNDLE_TARGET: "host" } });
  } catch (error) {
    return [
      {
        level: "problem",
        what: `Pulumi.${stack}.yaml: ${(error as Error).message}`,
        remedy: "correct the file; nothing was deployed",
      },
    ];
  }
  return [
    {
      level: "ok",
      what: `stack ${stack}: ${graph.resources.length} resources in ${graph.config["aws:region"] ?? "no region"}`,
    },
    ...placeholders(graph, stack),
    ...broken(graph),
    ...exceeded(graph),
  ];
}

export function placeholders({ config, resources }: Graph, stack: string): Finding[] {
  const found = Object.entries(config).filter(([, value]) => /\.example\b/.test(value));
  const findings: Finding[] = found.map(([key]) => ({
    level: "warning",
    what: `${key} still has a name under .example`,
    remedy: `put a domain of yours into Pulumi.${stack}.yaml`,
  }));
  if (!config["aws:region"])
    findings.push({
      level: "problem",
      what: "aws:region is not set",
      remedy: `pulumi config set aws:region eu-west-1 -s ${stack}`,
    });
  if (!resources.some(({ type }) => type === "terrace:cell:Cell")) {
    findings.push({ level: "warning", what: "the stack has no cell", remedy: "name one under terrace:cells" });
  }
  return findings;
}

function broken(graph: Graph): Finding[] {
  return judge(subjectsOf(graph.resources), rules)
    .filter(({ level }) => level === "mandatory")
    .map(({ rule, name, message, remedy }) => ({ level: "problem", what: `${name}: ${message} (${rule})`, remedy }));
}

/** Against the quotas of a new account: what is raised there, or used already, only the account knows. */
export function exceeded({ resources }: Pick<Graph, "resources">): Finding[] {
  return QUOTAS.flatMap(({ name, limit, counts, code }): Finding[] => {
    const used = resources.reduce((sum, resource) => sum + counts(resource), 0);
    if (used <= limit * 0.8) return [];
    const level = used > limit ? "problem" : "warning";
    const remedy = `ask for more under Service Quotas (${code}) before \`pulumi up\`, or spread the cells over accounts`;
    return [{ level, what: `${used} of ${limit} ${name} that a new account has in a region`, remedy }];
  });
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (left![index] ?? 0) - (right![index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
