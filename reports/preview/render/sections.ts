/** What a preview says, in the order in which it matters; the renderers decide how it looks. */
import type { Change, PropertyChange } from "../compare.ts";
import type { PermissionChange } from "../permissions.ts";
import type { Preview } from "../preview.ts";

export interface Line {
  text: string;
  /** Shown below it. */
  details?: string[];
}

export interface Section {
  title: string;
  /** Something that somebody has to look at. */
  urgent: boolean;
  lines: Line[];
}

export function headline({ stack, base, head, changes, unchanged }: Preview): string {
  const from = base.isNewStack ? "a new stack" : `${base.name} (${base.commit.slice(0, 10)})`;
  const state = head.uncommitted ? " with uncommitted changes" : "";
  return `${stack}: ${summary(changes, unchanged)}, from ${from} to ${head.commit.slice(0, 10)}${state}`;
}

function summary(changes: readonly Change[], unchanged: number): string {
  const kinds = ["added", "changed", "replaced", "removed"] as const;
  const counts = kinds.map((kind) => [changes.filter((change) => change.kind === kind).length, kind] as const);
  const said = counts.filter(([count]) => count > 0).map(([count, kind]) => `${count} ${kind}`);
  return said.length > 0 ? `${said.join(", ")}, ${unchanged} unchanged` : `nothing changes (${unchanged} resources)`;
}

export function sections(preview: Preview): Section[] {
  const { changes, violations, migrations, bundles, permissions, outputs } = preview;
  const of = (kind: Change["kind"]) => changes.filter((change) => change.kind === kind);
  const all: Section[] = [
    {
      title: "Data at risk",
      urgent: true,
      lines: changes
        .filter(({ dataAtRisk }) => dataAtRisk)
        .map(({ name, type, kind, dataAtRisk, properties }) => ({
          text: `${name} (${shortType(type)}) is ${kind}: ${dataAtRisk}`,
          details: properties.filter(({ replaces }) => replaces).map(property),
        })),
    },
    {
      title: "Broken rules",
      urgent: violations.some(({ level }) => level === "mandatory"),
      lines: violations.map(({ rule, level, name, message, remedy }) => ({
        text: `${name}: ${message} (${rule}${level === "advisory" ? ", advice" : ""})`,
        details: [remedy],
      })),
    },
    {
      title: "Migrations",
      urgent: migrations.some(({ problems }) => problems.length > 0),
      lines: migrations.map(({ name, change, problems }) => ({ text: `${name} ${change}`, details: problems })),
    },
    { title: "Replaced", urgent: false, lines: of("replaced").map(resource) },
    { title: "Removed", urgent: false, lines: of("removed").map(resource) },
    { title: "Changed", urgent: false, lines: of("changed").filter(notOnlyCode).map(resource) },
    { title: "Added", urgent: false, lines: of("added").map(resource) },
    { title: "Permissions", urgent: false, lines: permissions.map((each) => ({ text: permission(each) })) },
    { title: "Code", urgent: false, lines: bundles.map((each) => ({ text: bundle(each) })) },
    { title: "Stack outputs", urgent: false, lines: outputs.map((name) => ({ text: `${name} changes` })) },
  ];
  return all.filter(({ lines }) => lines.length > 0);
}

function resource({ name, type, within, properties }: Change): Line {
  const place = within.length > 0 ? ` in ${within.join(" › ")}` : "";
  return { text: `${name} (${shortType(type)})${place}`, details: properties.map(property) };
}

/** New code of a function stands under "Code". */
function notOnlyCode({ properties }: Change): boolean {
  return properties.some(({ path }) => path !== "code");
}

function property({ path, before, after, replaces }: PropertyChange): string {
  const forced = replaces ? " (forces a replacement)" : "";
  if (before === undefined) return `${path}: ${after}${forced}`;
  if (after === undefined) return `${path}: ${before} → nothing${forced}`;
  return `${path}: ${before} → ${after}${forced}`;
}

function permission({ change, who, effect, actions, on, where }: PermissionChange): string {
  const verb = change === "gained" ? `now ${effect}` : `no longer ${effect}`;
  return `${who} ${verb} ${actions.join(", ")} on ${on}${where ? `, where ${where}` : ""}`;
}

function bundle({ name, beforeKiB, afterKiB }: { name: string; beforeKiB?: number; afterKiB?: number }): string {
  if (afterKiB === undefined) return `${name} is gone`;
  if (beforeKiB === undefined) return `${name}: ${afterKiB} KiB`;
  return beforeKiB === afterKiB ? `${name}: new code, ${afterKiB} KiB` : `${name}: ${beforeKiB} → ${afterKiB} KiB`;
}

/** `aws:sqs/queue:Queue` → `sqs.Queue` */
function shortType(type: string): string {
  const [, module = "", name] = type.split(":");
  return `${module.split("/")[0]}.${name}`;
}
