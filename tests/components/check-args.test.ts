/** Arguments are held to their interfaces when a program runs, whatever the compiler saw of them. */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { generateShapes, SHAPES_FILE } from "../../scripts/args-shapes.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

it("what components check is what their interfaces say: `npm run args` writes it", () => {
  expect(readFileSync(SHAPES_FILE, "utf8")).toBe(generateShapes());
}, 60_000);

describe("arguments from JavaScript", () => {
  it.each(
    byMessage<() => unknown>([
      [
        () => new terrace.Queue("jobs", { fifo: "yes" } as never),
        'Queue "jobs": fifo is "yes"; it has to be true or false',
      ],
      [() => new terrace.Queue("jobs", null as never), 'Queue "jobs": args is null; it has to be an object'],
      [
        () => new terrace.Queue("jobs", { visibilityTimeout: 60 } as never),
        'Queue "jobs": visibilityTimeout is "given"; there is none; did you mean visibilityTimeoutSeconds? There are existing, queueName, fifo, visibilityTimeoutSeconds',
      ],
      [
        () => new terrace.Queue("jobs", { delaySeconds: Number.NaN }),
        'Queue "jobs": delaySeconds is NaN; it has to be a number',
      ],
      [() => new terrace.Queue("jobs", { delaySeconds: 5n } as never), "delaySeconds is 5; it has to be a number"],
      [
        () => new terrace.Function("f", { entry, grants: [{ actions: "*" }] } as never),
        'grants[0].actions is "*"; it has to be a list',
      ],
      [
        () => new terrace.Function("f", { entry, nativeModules: [undefined] } as never),
        "nativeModules[0] is missing; it has to be a text",
      ],
      [
        () => new terrace.Bucket("b", { accessLogs: new terrace.Queue("q") } as never),
        "accessLogs is a resource, terrace:messaging:Queue; it has to be a Bucket",
      ],
      [
        () => new terrace.Queue("jobs", { tags: { "a\nb": 5 } } as never),
        'Queue "jobs": tags.a b is 5; it has to be a text',
      ],
      [() => new terrace.Schedule("s", { expression: "rate(1 day)" } as never), "target is missing; name a Function"],
    ]),
  )("refuses: %s", async (message, make) => {
    expect(await refused(make)).toContain(message);
  });

  it.each(["toString", "hasOwnProperty"])("refuses a tag called %s, which every object has", async (key) => {
    const made = deploy(() => new terrace.Queue("q", { tags: { [key]: "x" } }));
    await expect(made).rejects.toThrow(`Queue "q": tags.${key} is "given"; every object has this name; take another`);
  });

  it("refuses an Output where the value has to be known when the program runs", async () => {
    const name = pulumi.output("jobs") as unknown as string;
    expect(await refused(() => new terrace.Queue("jobs", { queueName: name }))).toBe(
      'Queue "jobs": queueName is "an Output"; it has to be a text, known when the program runs',
    );
  });
});

describe("arguments that come later", () => {
  const late = (value: unknown) => pulumi.output(value) as pulumi.Output<string>;

  it.each([false, true])("are refused once they resolve, preview: %s", async (preview) => {
    const make = () => new terrace.Function("f", { entry, environment: { LIMIT: late(5) } });
    expect(await refused(make, { preview })).toBe('Function "f": environment.LIMIT is "a number"; it has to be a text');
  });

  it("are not repeated in the error: they may be secrets", async () => {
    const make = () =>
      new terrace.Parameters("p", { path: "/a", values: { key: pulumi.secret(["hunter2"]) as never } });
    const message = await refused(make);
    expect(message).toContain('values.key is "a list"; it has to be a text');
    expect(message).not.toContain("hunter2");
  });
});
