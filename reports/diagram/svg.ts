/** Draws a model: a column per layer, a curve per relation; light and dark by the reader's own preference. Pure. */
import type { Edge, Layer, Model, Node } from "./model.ts";

const COLUMNS: [layer: Layer, title: string][] = [
  ["edge", "Edge"],
  ["requests", "Functions"],
  ["data", "Data"],
  ["messages", "Messages"],
  ["events", "Consumers"],
];

const BOX = { width: 168, height: 44, gapX: 84, gapY: 18 };
const MARGIN = { top: 78, side: 28, bottom: 50 };

interface Place {
  x: number;
  y: number;
  column: number;
}

export function svg(model: Model): string {
  const columns = COLUMNS.filter(([layer]) => model.nodes.some((node) => node.layer === layer));
  const ordered = columns.map(([layer]) => model.nodes.filter((node) => node.layer === layer));
  untangle(ordered, model.edges);
  const rows = Math.max(...ordered.map((nodes) => nodes.length));
  const width = MARGIN.side * 2 + columns.length * BOX.width + (columns.length - 1) * BOX.gapX;
  const height = MARGIN.top + rows * (BOX.height + BOX.gapY) - BOX.gapY + MARGIN.bottom;
  const places = new Map<string, Place>();
  ordered.forEach((nodes, column) => {
    const free = (rows - nodes.length) * (BOX.height + BOX.gapY);
    nodes.forEach((node, row) => {
      const x = MARGIN.side + column * (BOX.width + BOX.gapX);
      places.set(node.id, { x, y: MARGIN.top + free / 2 + row * (BOX.height + BOX.gapY), column });
    });
  });
  const sorted = [...model.edges].sort((a, b) => (a.kind === b.kind ? 0 : a.kind === "uses" ? -1 : 1));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Cell ${escape(model.cell)}">`,
    STYLE,
    `<rect class="page" width="${width}" height="${height}" rx="10"/>`,
    `<text class="title" x="${MARGIN.side}" y="32">Cell ${escape(model.cell)}</text>`,
    ...columns.map(
      ([, title], column) =>
        `<text class="column" x="${MARGIN.side + column * (BOX.width + BOX.gapX)}" y="62">${title}</text>`,
    ),
    ...sorted.map((edge) => curve(edge, places)),
    ...model.nodes.map((node) => box(node, places.get(node.id)!)),
    legend(height),
    "</svg>\n",
  ].join("\n");
}

const STYLE = `<style>
  .page { fill: #ffffff } .title { fill: #14213d; font: 600 17px system-ui, sans-serif } .column { fill: #667085; font: 600 12px system-ui, sans-serif; letter-spacing: .04em }
  .box { fill: #f6f8fb; stroke: #cbd3df } .name { fill: #14213d; font: 600 13px system-ui, sans-serif } .kind { fill: #667085; font: 11px system-ui, sans-serif }
  .mark-edge { fill: #7c3aed } .mark-requests, .mark-events { fill: #d97706 } .mark-data { fill: #2563eb } .mark-messages { fill: #db2777 }
  .wakes { fill: none; stroke: #14213d; stroke-width: 1.6 } .uses { fill: none; stroke: #98a2b3; stroke-width: 1.1; stroke-dasharray: 4 3 } .tip { fill: #14213d } .tip-uses { fill: #98a2b3 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1220 } .title, .name { fill: #e6eaf2 } .column, .kind { fill: #98a2b3 } .box { fill: #171e30; stroke: #344054 }
    .wakes { stroke: #e6eaf2 } .uses { stroke: #667085 } .tip { fill: #e6eaf2 } .tip-uses { fill: #667085 }
  }
</style>
<defs>
  <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker>
  <marker id="tip-uses" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path class="tip-uses" d="M0 0 8 4 0 8z"/></marker>
</defs>`;

function box({ label, kind, layer }: Node, { x, y }: Place): string {
  const shown = label.length > 20 ? `${label.slice(0, 19)}…` : label;
  return [
    `<g><title>${escape(label)}: ${kind}</title>`,
    `<rect class="box" x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="7"/>`,
    `<rect class="mark-${layer}" x="${x}" y="${y + 8}" width="4" height="${BOX.height - 16}" rx="2"/>`,
    `<text class="name" x="${x + 14}" y="${y + 19}">${escape(shown)}</text>`,
    `<text class="kind" x="${x + 14}" y="${y + 35}">${kind}</text></g>`,
  ].join("");
}

function curve({ from, to, kind }: Edge, places: Map<string, Place>): string {
  const [a, b] = [places.get(from), places.get(to)];
  if (!a || !b) return "";
  const tip = kind === "wakes" ? "tip" : "tip-uses";
  const middle = BOX.height / 2;
  if (a.column === b.column) {
    // Around the side, within the gap.
    const x = a.x + BOX.width;
    const reach = x + BOX.gapX * 0.45;
    return `<path class="${kind}" marker-end="url(#${tip})" d="M${x} ${a.y + middle}C${reach} ${a.y + middle} ${reach} ${b.y + middle} ${x} ${b.y + middle}"/>`;
  }
  const forward = b.column > a.column;
  const [x1, x2] = forward ? [a.x + BOX.width, b.x] : [a.x, b.x + BOX.width];
  // Two relations between the same columns leave and arrive at different heights.
  const lift = forward ? -5 : 6;
  const bend = (forward ? 1 : -1) * BOX.gapX * 0.6;
  const [y1, y2] = [a.y + middle + lift, b.y + middle + lift];
  return `<path class="${kind}" marker-end="url(#${tip})" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"/>`;
}

function legend(height: number): string {
  const y = height - 20;
  const x = MARGIN.side;
  return `<path class="wakes" marker-end="url(#tip)" d="M${x} ${y}h34"/><text class="kind" x="${x + 42}" y="${y + 4}">an event goes</text><path class="uses" marker-end="url(#tip-uses)" d="M${x + 140} ${y}h34"/><text class="kind" x="${x + 182}" y="${y + 4}">IAM lets it call</text>`;
}

/** Puts each box near the middle of what it is connected with: a few sweeps to and fro. */
function untangle(columns: Node[][], edges: readonly Edge[]): void {
  const position = new Map<string, number>();
  const remember = (nodes: Node[]): void => {
    for (const [index, { id }] of nodes.entries()) position.set(id, index / Math.max(1, nodes.length - 1));
  };
  for (const nodes of columns) remember(nodes);
  for (let sweep = 0; sweep < 6; sweep++) {
    for (const nodes of sweep % 2 === 0 ? columns : [...columns].reverse()) {
      const weight = (node: Node): number => {
        const others = edges.flatMap(({ from, to }) => (from === node.id ? [to] : to === node.id ? [from] : []));
        const known = others.flatMap((id) => position.get(id) ?? []);
        return known.length > 0 ? known.reduce((sum, each) => sum + each, 0) / known.length : position.get(node.id)!;
      };
      const weights = new Map(nodes.map((node) => [node.id, weight(node)]));
      nodes.sort((a, b) => weights.get(a.id)! - weights.get(b.id)! || (a.label < b.label ? -1 : 1));
      remember(nodes);
    }
  }
}

function escape(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
