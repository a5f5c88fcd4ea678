/** A component's page, in Markdown: from its source, and from the graph of its example. Pure. */
import type { Graph, Resource } from "../../engine/graph.ts";
import { covers, ROWS } from "../bootstrap/policies.ts";
import { idleItems } from "../cost/idle.ts";
import type { Argument, ArgumentType, Component, Member } from "./read-components.ts";

export const kebab = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();

export function page(component: Component, graph: Graph): string {
  const { name, file, token, description, example, arguments: args, types, outputs, methods } = component;
  const created = createdBy(component, graph);
  const parts = [
    `# ${name}`,
    description,
    `\`\`\`ts\nimport { ${name} } from "terrace";\n\n${example}\n\`\`\``,
    `Source: [components/${file}](../../components/${file}) · Pulumi type \`${token}\``,
    "## Arguments",
    args.length === 0 ? "None." : argumentTable(args),
    ...types.map(typeSection),
  ];
  if (outputs.length > 0) parts.push("## Outputs", table(["Output", "Type", ""], members(outputs)));
  if (methods.length > 0) parts.push("## Methods", table(["Method", "Returns", ""], members(methods)));
  parts.push(
    "## What the example creates",
    table(
      ["AWS", "Resources"],
      counted(created).map(([type, count]) => [`\`${type}\``, String(count)]),
    ),
    costs(created, graph),
    "## Permissions to deploy it",
    permissions(created),
  );
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

export function indexPage(components: readonly Component[]): string {
  const rooms = Map.groupBy(components, ({ file }) => (file.includes("/") ? file.split("/")[0]! : "platform"));
  const parts = [...rooms]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([room, inside]) =>
        `## ${room}\n\n${table(
          ["Component", ""],
          inside.map(({ name, description }) => [`[${name}](${kebab(name)}.md)`, description]),
        )}`,
    );
  return `# Components\n\nWhat a program is made of. These pages are generated from the components' own comments, and from the graphs of their examples: \`npm run docs\`.\n\n${parts.join("\n\n")}\n`;
}

function typeSection({ name, description, members: inside, alias }: ArgumentType): string {
  const body = inside ? argumentTable(inside) : `\`\`\`ts\ntype ${name} = ${alias};\n\`\`\``;
  return [`### ${name}`, description, body].filter(Boolean).join("\n\n");
}

function argumentTable(args: readonly Argument[]): string {
  const rows = args.map(({ name, type, required, byDefault, description }) => [
    `\`${name}\``,
    code(type),
    required ? "**required**" : (byDefault ?? "–"),
    description,
  ]);
  return table(["Argument", "Type", "Default", ""], rows);
}

/** What stands below the component, however deep. */
function createdBy({ token }: Component, { resources }: Graph): Resource[] {
  const inside = new Set(resources.filter(({ type }) => type === token).map(({ urn }) => urn));
  return resources.filter(({ type, urn, parent }) => {
    if (parent === undefined || !inside.has(parent)) return false;
    inside.add(urn);
    return !type.startsWith("terrace:");
  });
}

function counted(resources: readonly Resource[]): [type: string, count: number][] {
  const counts = [...Map.groupBy(resources, ({ type }) => type)].map(([type, all]): [string, number] => [
    type,
    all.length,
  ]);
  return counts.sort(([a], [b]) => (a < b ? -1 : 1));
}

function costs(created: readonly Resource[], { resources }: Graph): string {
  const unknown = new Set<string>();
  let sum = 0;
  const items: string[] = [];
  for (const resource of created) {
    const found = idleItems(resource, [...resources]);
    if (!found) unknown.add(resource.type);
    for (const { what, usdPerMonth } of found ?? []) {
      sum += usdPerMonth;
      items.push(`${what} $${usdPerMonth.toFixed(2)}`);
    }
  }
  const known =
    items.length === 0
      ? "Costs nothing while nobody uses it"
      : `Idle it costs $${sum.toFixed(2)} a month: ${items.join(", ")}`;
  const missing =
    unknown.size === 0
      ? ""
      : ` Not in the price table: ${[...unknown]
          .sort()
          .map((type) => `\`${type}\``)
          .join(", ")}.`;
  return `${known} (list prices, see \`npm run cost\`).${missing}`;
}

function permissions(created: readonly Resource[]): string {
  const actions = new Set(
    ROWS.filter((row) => created.some(({ type }) => covers(row, type))).flatMap(({ service, read, write }) =>
      `${read} ${write}`
        .split(" ")
        .filter(Boolean)
        .map((action) => `${service}:${action}`),
    ),
  );
  const services = Map.groupBy([...actions].sort(), (action) => action.split(":")[0]!);
  const list = [...services].map(
    ([service, all]) => `\`${service}\`: ${all.map((action) => action.split(":")[1]).join(", ")}`,
  );
  return `<details><summary>${actions.size} actions of ${services.size} services</summary>\n\n${list.map((line) => `- ${line}`).join("\n")}\n\n</details>`;
}

const members = (all: readonly Member[]) =>
  all.map(({ name, type, description }) => [`\`${name}\``, code(type), description]);

const code = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``;

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
