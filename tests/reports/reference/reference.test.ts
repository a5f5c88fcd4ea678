/** The components' pages: current, and true of what the components do. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Graph } from "../../../engine/graph.ts";
import { runExample } from "../../../reports/reference/example.ts";
import { kebab, page } from "../../../reports/reference/page.ts";
import { pages } from "../../../reports/reference/pages.ts";
import { type Argument, readComponents } from "../../../reports/reference/read-components.ts";

const root = join(import.meta.dirname, "../../..");
const components = readComponents(join(root, "components"));

it("every component of the library has an example, and one sentence at least", () => {
  expect(components.length).toBeGreaterThan(30);
  expect(components.filter(({ example }) => example === "").map(({ name }) => name)).toEqual([]);
  expect(components.filter(({ description }) => !/\.$/.test(description)).map(({ name }) => name)).toEqual([]);
});

it("docs/components is current: `npm run docs` writes it", async () => {
  const folder = join(root, "docs/components");
  const made = await pages();
  expect(readdirSync(folder).sort()).toEqual([...made.keys()].sort());
  const stale = [...made].filter(([name, text]) => readFileSync(join(folder, name), "utf8") !== text);
  expect(stale.map(([name]) => name)).toEqual([]);
});

describe("a default that is a plain value", () => {
  /** What a doc comment says, where it says a value; `345600 (4 days)` says 345600. */
  function valueOf({ byDefault = "" }: Argument): unknown {
    const [, text] = /^("[^"]*"|-?[\d.]+|true|false|\[\]|\{\})(?: \([^)]*\))?$/.exec(byDefault) ?? [];
    return text === undefined ? undefined : JSON.parse(text);
  }

  const documented = components.map((component) => {
    const found = component.arguments.flatMap((each) => {
      const value = valueOf(each);
      return value === undefined ? [] : [[each.name, value] as const];
    });
    return [component.name, component.example, found] as const;
  });

  it("is documented for most arguments that have one", () => {
    expect(documented.flatMap(([, , found]) => found).length).toBeGreaterThan(80);
  });

  it.each(documented.filter(([, , found]) => found.length > 0))(
    "of %s is what the component does without it",
    async (name, example, found) => {
      const plain = essence(await runExample(example));
      const differing: string[] = [];
      for (const [argument, value] of found) {
        const stated = essence(
          await runExample(example, { given: { component: name, arguments: { [argument]: value } } }),
        );
        if (stated !== plain) differing.push(`${argument}: ${JSON.stringify(value)}`);
      }
      expect(differing).toEqual([]);
    },
  );

  /** A flag that is false asks AWS for the same as one that is absent. */
  const essence = (graph?: Graph): string =>
    JSON.stringify(
      graph?.resources.map(({ urn, inputs, options }) => ({ urn, inputs, options })),
      (_, value) => (value === false ? undefined : value),
    );
});

describe("a page", () => {
  const queue = components.find(({ name }) => name === "Queue")!;

  it("has what the source says, and what the example makes", async () => {
    const text = page(queue, await runExample(queue.example));
    expect(text).toContain(
      "| `maxReceiveCount` | `number` | 5 | Deliveries before a message goes to the dead-letter queue. |",
    );
    expect(text).toContain("| `aws:sqs/queue:Queue` | 2 |");
    expect(text).toContain("Costs nothing while nobody uses it");
    expect(text).toMatch(/- `sqs`: CreateQueue, DeleteQueue/);
  });

  it("explains the types that arguments name", () => {
    const table = components.find(({ name }) => name === "Database")!;
    expect(table.types.map(({ name }) => name)).toContain("RestoreArgs");
    expect(table.types.find(({ name }) => name === "Protection")!.alias).toBe('"disposable" | "protected"');
  });

  it("is called as components are in other documents", () => {
    expect([kebab("UserPool"), kebab("Api"), kebab("DeadLetterQueue")]).toEqual([
      "user-pool",
      "api",
      "dead-letter-queue",
    ]);
  });
});

it("an example that names what nobody made says so", async () => {
  await expect(runExample("new Queue(unheardOf);")).rejects.toThrow(/unheardOf is not defined/);
});
