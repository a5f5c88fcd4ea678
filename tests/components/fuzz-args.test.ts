/**
 * Any arguments of any component: a graph that the engine knows and the policy can judge, or one line that names the component,
 * the argument, its value and the remedy. What is tried comes from the components' own interfaces, so nothing is left out.
 */
import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { SHAPES } from "../../components/args-shapes.ts";
import type { Shape } from "../../components/check-args.ts";
import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { judge, subjectsOf } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import { SEED } from "../seed.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

/** Makes a value inside a program: resources can be made nowhere else. */
type Maker = () => unknown;

let made = 0;
const fresh = () => `other-${++made}`;
const resources: Record<string, () => pulumi.Resource> = {
  Function: () => new terrace.Function(fresh(), { entry }),
  Queue: () => new terrace.Queue(fresh()),
  Topic: () => new terrace.Topic(fresh()),
  Bucket: () => new terrace.Bucket(fresh(), { logsOf: ["s3"] }),
  Network: () => new terrace.Network(fresh(), { cidr: "10.0.0.0/20" }),
  Database: () => new terrace.Database(fresh(), { network: resources.Network!() as terrace.Network }),
  UserPool: () => new terrace.UserPool(fresh()),
  Workflow: () => new terrace.Workflow(fresh(), PASSING.Workflow!() as never),
  Delivery: () => new terrace.Delivery(fresh(), PASSING.Delivery!() as never),
  Firewall: () => new terrace.Firewall(fresh()),
  Stream: () => new terrace.Stream(fresh()),
  DataLake: () => new terrace.DataLake(fresh(), { tables: { orders: { columns: { id: "string" } } } }),
  Api: () =>
    new terrace.Api(fresh(), {
      openapi: "functions/api/openapi.json",
      handler: resources.Function!() as terrace.Function,
      authorizer: resources.Function!() as terrace.Function,
    }),
  WebSocketApi: () => {
    const fn = resources.Function!() as terrace.Function;
    return new terrace.WebSocketApi(fresh(), { routes: { $default: fn }, authorizer: fn });
  },
  // A whole cell for one name: what reads it takes no more than this.
  Cell: () =>
    Object.assign(new pulumi.ComponentResource("terrace:cell:Cell", fresh()), {
      ...{ name: "eu1", lifecycleFunction: pulumi.output("lifecycle"), migrated: undefined },
    }),
};

const tenant = {
  ...{ id: "acme", displayName: "Acme", tier: "basic", placement: "pool", cell: "eu1", host: "acme.example.com" },
  ...{ adminEmail: "ops@example.com", wave: 1, statementTimeoutMs: 5000 },
};
const cell = { name: "eu1", kind: "shared", cidr: "10.0.0.0/20" };
const settings = {
  ...{ environment: "test", protection: "disposable", zones: 2, logRetentionDays: 7, flowLogDays: 0 },
  ...{ database: { minAcu: 0, maxAcu: 2, pauseAfterSeconds: 300, readers: 0 }, webhookNetworks: [], insight: {} },
  ...{
    tiers: { basic: { placement: "pool", rate: 10, burst: 20, statementTimeoutMs: 5000 } },
    cells: [cell],
    tenants: [tenant],
  },
};
const secret = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:pulumi-abc123";

/** What passes, where it does not come by chance: most tries change a part of it. */
const PASSING: Record<string, () => Record<string, unknown>> = {
  BusinessIntelligence: () => ({
    lake: resources.DataLake!(),
    dataSets: { all: { sql: "SELECT tenant FROM orders WHERE tenant IN ('a')", columns: { tenant: "STRING" } } },
    readers: ["arn:aws:quicksight:eu-west-1:000000000000:group/default/analysts"],
  }),
  Cell: () => ({ cell, settings }),
  DataLake: () => ({ tables: { orders: { columns: { id: "string" } } } }),
  Database: () => ({ network: resources.Network!() }),
  Delivery: () => ({ lake: resources.DataLake!(), table: "orders" }),
  FanOut: () => ({ consumers: { a: { function: () => resources.Function!() } } }),
  Inference: () => ({ model: "amazon.nova-lite-v1:0", monthlyBudgetUsd: 5, emails: ["ops@example.com"] }),
  Pipeline: () => ({
    ...{ repository: "acme/shop", stack: "prod", state: { accessTokenSecretArn: secret } },
    deployPolicyArns: ["arn:aws:iam::aws:policy/PowerUserAccess"],
  }),
  Rule: () => ({ pattern: { source: ["a"] }, target: { queue: resources.Queue!() } }),
  Table: () => ({ attributes: { a: "S", b: "N" }, hashKey: "a", rangeKey: "b" }),
  Tenant: () => ({ tenant, cell: resources.Cell!() }),
  Workflow: () => ({ definition: { StartAt: "A", States: { A: { Type: "Succeed" } } } }),
};

const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    "",
    " ",
    Number.NaN,
    Infinity,
    -1,
    0,
    1e308,
    5n,
    true,
    "🦖\u0000\u202e\n",
    "__proto__",
  ),
  fc.constantFrom<unknown>([], {}, [[]], [null], new Date(0), Symbol("s"), () => 1, "*", "x".repeat(5000)),
  fc.anything({ maxDepth: 2 }),
);
const later: fc.Arbitrary<(value: unknown) => unknown> = fc.constantFrom<(value: unknown) => unknown>(
  (value) => pulumi.output(value as string),
  (value) => Promise.resolve(value),
  (value) => pulumi.secret(value as string),
);
const maker = (values: fc.Arbitrary<unknown>): fc.Arbitrary<Maker> => values.map((value) => () => value);
const word = fc.stringMatching(/^[a-z][a-z0-9]{2,12}$/);

/** By the end of an argument's name, what usually passes: the arguments after it are reached then. */
const USUAL: [RegExp, fc.Arbitrary<unknown>][] = [
  [
    /Arns?$|sourceArn/i,
    fc
      .constantFrom("kms", "sqs", "sns", "s3", "iam", "rds", "states")
      .map((s) => `arn:aws:${s}:eu-west-1:000000000000:key/x`),
  ],
  [/^entry$/, fc.constant(entry)],
  [/^openapi$/, fc.constant("functions/api/openapi.json")],
  [/^directory$/, fc.constant("docs")],
  [/^index$/, fc.constant("architecture.md")],
  [/cidr|networks/i, fc.constantFrom("10.0.0.0/20", "fd00::/48")],
  [/^(host|zone|from|to|redirectFrom|domain)$/, fc.constantFrom("example.com", "www.example.com", "api.example.com")],
  [/emails?$/i, fc.constant("ops@example.com")],
  [/url|origins|issuer|connectTo|image/i, fc.constantFrom("https://example.com/", "https://example.com")],
  [/expression/, fc.constantFrom("rate(1 day)", "cron(0 3 * * ? *)")],
  [/path$/i, fc.constantFrom("/shop/dev", "/")],
  [/repository/, fc.constant("acme/shop")],
  [/date|time$/i, fc.constantFrom("2029-01-01T00:00:00Z", "03:00-04:00")],
  [/days$|retention/i, fc.constantFrom(1, 7, 30)],
  [/seconds$/i, fc.constantFrom(60, 300)],
  [/memoryMb/, fc.constantFrom(512, 2048)],
  [/model$/, fc.constant("amazon.nova-lite-v1:0")],
];
const usual = (key: string, kind: "string" | "number"): fc.Arbitrary<unknown> =>
  USUAL.find(([form]) => form.test(key))?.[1] ?? (kind === "string" ? word : fc.integer({ min: 1, max: 12 }));

function makerOf(shape: Shape, key = "", depth = 0): fc.Arbitrary<Maker> {
  return fc.oneof({ weight: 40, arbitrary: fittingOf(shape, key, depth) }, { weight: 1, arbitrary: maker(junk) });
}

function fittingOf(shape: Shape, key: string, depth: number): fc.Arbitrary<Maker> {
  if (shape === "string" || shape === "number") return maker(usual(key, shape));
  if (shape === "boolean") return maker(fc.boolean());
  if (shape === "null") return maker(fc.constant(null));
  if (shape === "function") return maker(fc.constant(() => resources.Function!()));
  if (shape === "object" || shape === "any") return maker(fc.object({ maxDepth: 2 }));
  if ("ref" in shape) return depth > 6 ? maker(junk) : fittingOf(SHAPES[shape.ref]!, key, depth + 1);
  if ("oneOf" in shape) return maker(fc.constantFrom(...shape.oneOf));
  if ("any" in shape && shape.any.length === 0) return maker(junk);
  if ("any" in shape) return fc.oneof(...shape.any.map((one) => makerOf(one, key, depth + 1)));
  if ("resource" in shape) return fc.constant(resources[shape.resource] ?? (() => undefined));
  if ("input" in shape) {
    const lately = fc.tuple(later, makerOf(shape.input, key, depth + 1));
    return fc.oneof(
      { weight: 3, arbitrary: makerOf(shape.input, key, depth + 1) },
      {
        weight: 1,
        arbitrary: lately.map(
          ([wrap, make]) =>
            () =>
              wrap(make()),
        ),
      },
    );
  }
  if ("list" in shape) {
    return fc
      .array(makerOf(shape.list, key, depth + 1), { maxLength: 3 })
      .map((makers) => () => makers.map((make) => make()));
  }
  if ("record" in shape) {
    return fc
      .dictionary(fc.oneof({ weight: 9, arbitrary: word }, fc.string()), makerOf(shape.record, key, depth + 1), {
        maxKeys: 2,
      })
      .map((makers) => () => Object.fromEntries(Object.entries(makers).map(([name, make]) => [name, make()])));
  }
  const fields = Object.entries(shape.fields).map(([name, field]) => {
    const plain = name.replace("?", "");
    const given = makerOf(field, plain, depth + 1);
    const absent = fc.constant<Maker>(() => undefined);
    return fc
      .oneof(
        { weight: name === plain ? 60 : 1, arbitrary: given },
        { weight: name === plain ? 1 : 3, arbitrary: absent },
      )
      .map((make) => [plain, make] as const);
  });
  return fc
    .tuple(...fields)
    .map(
      (makers) => () =>
        Object.fromEntries(makers.map(([name, make]) => [name, make()] as const).filter(([, v]) => v !== undefined)),
    );
}

/** A component's arguments: those that pass with a few others in their place, or any at all. */
function argsOf(name: string): fc.Arbitrary<Maker> {
  const any = makerOf(SHAPES[`${name}Args`]!);
  const passing = PASSING[name];
  if (!passing) return any;
  const changed = fc.tuple(any, fc.infiniteStream(fc.nat({ max: 9 }))).map(([make, dice]) => () => {
    const made = make();
    if (typeof made !== "object" || made === null) return made;
    const kept = Object.entries(passing()).filter(([key]) => dice.next().value !== 0 || !(key in made));
    const others = Object.entries(made).filter(
      ([key]) => kept.some(([name]) => name === key) || dice.next().value! < 3,
    );
    return { ...Object.fromEntries(others), ...Object.fromEntries(kept) };
  });
  return fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: any });
}

type Component = new (name: string, args: never) => pulumi.ComponentResource;
/** What takes arguments besides constructors. */
const METHODS: Record<string, (args: never) => void> = {
  Consumer: (args) => void new terrace.Queue("x").consume("y", resources.Function!() as terrace.Function, args),
  StreamConsumer: (args) => void new terrace.Stream("x").consume("y", resources.Function!() as terrace.Function, args),
  Subscription: (args) => void new terrace.Topic("x").subscribe("y", new terrace.Queue("y"), args),
  Rule: (args) => void new terrace.EventBus("x").rule("y", args),
};
const components = Object.entries(terrace).filter(
  ([name, exported]) => typeof exported === "function" && `${name}Args` in SHAPES,
) as unknown as [string, Component][];

const tried: [string, (args: never) => void][] = [
  ...components.map(
    ([name, Component]) => [name, (args: never) => void new Component("x", args)] as [string, () => void],
  ),
  ...Object.entries(METHODS),
];

/** Pulumi says in front of it on the way to which property a value was. */
const ONE_LINE = /^(?:error serializing property "\w+": )*[A-Z]\w+ "[\w-]+": [^\n]+ is [^\n]+; [^\n]+$/;

/** The same in every ordinary run; TERRACE_FUZZ looks elsewhere each time. */

describe("any arguments", () => {
  it("are those of every component that is exported", () => {
    const exported = Object.entries(terrace).filter(
      ([, value]) => typeof value === "function" && value.prototype instanceof pulumi.ComponentResource,
    );
    expect(components.map(([name]) => name).sort()).toEqual(exported.map(([name]) => name).sort());
  });

  it.each(tried)("of %s make a graph, or are refused in one line", async (name, use) => {
    await fc.assert(
      fc.asyncProperty(argsOf(name), async (make) => {
        let graph: Awaited<ReturnType<typeof deploy>>;
        let args: unknown;
        try {
          graph = await deploy(() => {
            args = make();
            use(args as never);
          });
        } catch (error) {
          const { cause, message } = error as Error;
          if (cause instanceof terrace.InvalidArgumentError && ONE_LINE.test(message)) return;
          throw new Error(`new ${name}("x", ${inspect(args, { depth: 4 })}): ${message}`, { cause: error });
        }
        judge(subjectsOf(graph.resources), rules);
      }),
      { numRuns: 15, includeErrorInReport: true, ...SEED },
    );
  });
});
