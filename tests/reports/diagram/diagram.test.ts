import { readFileSync } from "node:fs";
import { join } from "node:path";
import { evaluate } from "../../../engine/evaluate.ts";
import type { Graph } from "../../../engine/graph.ts";
import { type Model, modelOf } from "../../../reports/diagram/model.ts";
import { svg } from "../../../reports/diagram/svg.ts";

const root = join(import.meta.dirname, "../../..");
let graph: Graph;
let model: Model;

beforeAll(async () => {
  graph = await evaluate({ directory: root, stack: "dev", env: { TERRACE_BUNDLE_TARGET: "host" } });
  model = modelOf(graph, "acme");
});

const named = (kind: "wakes" | "uses") => {
  const label = (id: string) => model.nodes.find((node) => node.id === id)!.label;
  return model.edges.filter((edge) => edge.kind === kind).map(({ from, to }) => `${label(from)} → ${label(to)}`);
};

it("shows what wakes what: requests, uploads, events, schedules", () => {
  expect(named("wakes")).toEqual(
    expect.arrayContaining([
      ...["api-gateway → api", "api-gateway → authorizer", "photos → uploads", "uploads → thumbnailer"],
      ...["events-topic → events-audit", "events-audit → audit", "outbox-sweep → outbox"],
    ]),
  );
});

it("shows who may call whom, also through the role that a function assumes", () => {
  expect(named("uses")).toEqual(expect.arrayContaining(["api → photos", "api → database", "lifecycle → tenants"]));
  expect(named("uses")).not.toContain("thumbnailer → uploads");
});

it("shows one cell and nothing of another", () => {
  expect(model.nodes.length).toBeGreaterThan(15);
  expect(model.nodes.every(({ id }) => id.includes("acme"))).toBe(true);
  expect(() => modelOf(graph, "nope")).toThrow('there is no cell "nope"; there are: acme, eu1-shared-a');
});

it("draws every component once, in no other's place", () => {
  const picture = svg(model);
  const boxes = [...picture.matchAll(/<rect class="box" x="([\d.]+)" y="([\d.]+)"/g)].map(([, x, y]) => `${x} ${y}`);
  expect(boxes).toHaveLength(model.nodes.length);
  expect(new Set(boxes).size).toBe(boxes.length);
});

it("gives names no meaning as markup", () => {
  const node = { id: "x", label: "<script>", kind: "Queue", layer: "messages" as const };
  expect(svg({ cell: "a&b", nodes: [node], edges: [] })).not.toMatch(/<script>|a&b/);
});

it("is the one in the documentation (npm run diagram -- --cell acme --out docs/cell.svg)", () => {
  expect(readFileSync(join(root, "docs/cell.svg"), "utf8")).toBe(svg(model));
});
