/** What a pull request would change, told without credentials: two revisions of the program are evaluated and compared. */
import type { Graph } from "../../engine/graph.ts";
import { judge, subjectsOf, type Violation } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import { type BundleChange, compareBundles } from "./bundles.ts";
import { type Change, compare } from "./compare.ts";
import { compareMigrations, type MigrationChange } from "./migrations.ts";
import { comparePermissions, type PermissionChange } from "./permissions.ts";
import { type BaseRevision, evaluateBase, evaluateHead, type HeadRevision } from "./revisions.ts";

export interface PreviewOptions {
  /** The repository's folder, with Pulumi.yaml in it. */
  directory: string;
  stack: string;
  /** A branch, tag or commit; compared is where HEAD left it. */
  base: string;
  /** Overrides of single configuration values, for both revisions. */
  config?: Record<string, string>;
}

export interface Preview {
  stack: string;
  base: BaseRevision;
  head: HeadRevision;
  changes: Change[];
  unchanged: number;
  permissions: PermissionChange[];
  migrations: MigrationChange[];
  bundles: BundleChange[];
  /** Violations that the base does not have. */
  violations: Violation[];
  outputs: string[];
}

/** @throws PreviewError when a revision can not be found or evaluated. */
export async function preview(options: PreviewOptions): Promise<Preview> {
  const [head, base] = await Promise.all([evaluateHead(options), evaluateBase(options)]);
  try {
    const before = base.evaluated?.graph.resources ?? [];
    const changes = compare(before, head.graph.resources);
    const custom = head.graph.resources.filter(({ custom }) => custom).length;
    return {
      stack: options.stack,
      base: base.revision,
      head: head.revision,
      changes,
      unchanged: custom - changes.filter(({ kind }) => kind !== "removed").length,
      permissions: comparePermissions(before, head.graph.resources),
      migrations: await compareMigrations(base.directory, options.directory),
      bundles: compareBundles(base.evaluated?.bundles ?? {}, head.bundles),
      violations: newViolations(base.evaluated?.graph, head.graph),
      outputs: changedOutputs(base.evaluated?.graph, head.graph),
    };
  } finally {
    base.remove();
  }
}

/** True when somebody should look before this is deployed: data at risk, a broken rule, a release that breaks on its way. */
export function needsAttention({ changes, violations, migrations }: Preview): boolean {
  return (
    changes.some(({ dataAtRisk }) => dataAtRisk !== undefined) ||
    violations.some(({ level }) => level === "mandatory") ||
    migrations.some(({ problems }) => problems.length > 0)
  );
}

function newViolations(before: Graph | undefined, after: Graph): Violation[] {
  const key = ({ rule, urn, message }: Violation) => `${rule} ${urn} ${message}`;
  const known = new Set(before ? judge(subjectsOf(before.resources), rules).map(key) : []);
  return judge(subjectsOf(after.resources), rules).filter((violation) => !known.has(key(violation)));
}

function changedOutputs(before: Graph | undefined, after: Graph): string[] {
  const names = new Set([...Object.keys(before?.outputs ?? {}), ...Object.keys(after.outputs)]);
  return [...names]
    .filter((name) => JSON.stringify(before?.outputs[name]) !== JSON.stringify(after.outputs[name]))
    .sort();
}
