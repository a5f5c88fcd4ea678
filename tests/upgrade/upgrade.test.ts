/**
 * A stack that was deployed with the last release keeps its data with this one: nothing that keeps state is replaced, renamed
 * or removed. Where a change has to, it gets an alias, or a line in `accepted` that says what the operator does about it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Resource } from "../../engine/graph.ts";
import { compare } from "../../reports/preview/compare.ts";
import { evaluated, referenceOf, STACKS } from "../../scripts/reference-graph.ts";

/** URN → what the release notes say. */
const accepted: Record<string, string> = {};

const reference = (stack: string): Resource[] =>
  JSON.parse(readFileSync(join(import.meta.dirname, `${stack}.json`), "utf8"));

/** Whatever is made anew at every change anyway, and keeps nothing. */
const ROUTINE =
  /^aws:(apigateway\/deployment|lambda\/(permission|layerVersion|invocation)|iam\/rolePolicy\w*|sqs\/queuePolicy|sns\/topicPolicy)/;

describe.each(STACKS)("stack %s", (stack) => {
  let now: Resource[];

  beforeAll(async () => {
    now = referenceOf(await evaluated(stack));
  });

  it("replaces, renames or removes nothing that was deployed", () => {
    const broken = compare(reference(stack), now)
      .filter(({ kind, type }) => (kind === "replaced" || kind === "removed") && !ROUTINE.test(type))
      .filter(({ urn }) => !(urn in accepted))
      .map(({ kind, urn, properties }) => ({ kind, urn, by: properties.filter(({ replaces }) => replaces) }));
    expect(broken).toEqual([]);
  });

  it("would notice if it did", () => {
    const deployed = reference(stack);
    const table = deployed.find(({ type }) => type === "aws:dynamodb/table:Table")!;
    const renamed = { ...table, inputs: { ...table.inputs, name: "another" } };
    const others = deployed.filter(({ urn }) => urn !== table.urn);
    expect(compare(deployed, [...others, renamed])).toMatchObject([{ kind: "replaced", urn: table.urn }]);
    expect(compare(deployed, others)).toMatchObject([{ kind: "removed", urn: table.urn }]);
  });
});

it("what is accepted is of the last release, and says why", () => {
  const known = new Set(STACKS.flatMap((stack) => reference(stack).map(({ urn }) => urn)));
  for (const [urn, why] of Object.entries(accepted)) {
    expect(known).toContain(urn);
    expect(why.length).toBeGreaterThan(20);
  }
});
