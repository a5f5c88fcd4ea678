import fc from "fast-check";
import { NAME_LIMITS, type NameKind, nameOf, stackNameOf } from "../../components/names.ts";
import { parseCidr, planAddresses } from "../../components/network/address-plan.ts";
import { deploy } from "../../engine/testing.ts";
import { SEED } from "../seed.ts";

const kinds = Object.keys(NAME_LIMITS) as NameKind[];
const part = fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/);
const parts = fc.array(part, { minLength: 1, maxLength: 4 });

describe("physical names", () => {
  it("stay inside each type's limit, suffix included", () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), parts, fc.constantFrom("", ".fifo"), (kind, list, suffix) => {
        const name = nameOf(kind, list, suffix);
        expect(name.length).toBeLessThanOrEqual(NAME_LIMITS[kind]);
        expect(name.endsWith(suffix)).toBe(true);
      }),
      SEED,
    );
  });

  it("never collide: other parts, another name", () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), parts, parts, (kind, a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        expect(nameOf(kind, a)).not.toBe(nameOf(kind, b));
      }),
      { numRuns: 2000, ...SEED },
    );
  });

  it("never collide where hyphens could be the parts' own or between them", () => {
    const part = fc.constantFrom("a", "b", "a-b", "b-a", "a-", "-a", "a-b-a");
    const pair = fc.integer({ min: 1, max: 4 }).chain((length) => {
      const list = fc.array(part, { minLength: length, maxLength: length });
      return fc.tuple(list, list);
    });
    fc.assert(
      fc.property(fc.constantFrom(...kinds), pair, (kind, [a, b]) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        expect(nameOf(kind, a)).not.toBe(nameOf(kind, b));
      }),
      { numRuns: 2000, ...SEED },
    );
  });

  it("stay what they were in earlier releases", () => {
    expect(nameOf("function", ["terrace", "dev", "acme", "api"])).toBe("terrace-dev-acme-api");
    expect(nameOf("function", ["terrace", "prod", "eu1-shared-a", "lifecycle"])).toBe(
      "terrace-prod-eu1-shared-a-lifecycle-56de8f90",
    );
  });
});

describe("address plan", () => {
  it("gives no two cells overlapping networks", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (count) => {
        const plan = planAddresses(Array.from({ length: count }, (_, index) => ({ name: `c${index}` })));
        const blocks = [...plan.values()].map((cidr) => parseCidr("", cidr)).sort((a, b) => a.first - b.first);
        for (let i = 1; i < blocks.length; i++) expect(blocks[i]!.first).toBeGreaterThan(blocks[i - 1]!.last);
      }),
      { numRuns: 20, ...SEED },
    );
  });

  it("moves no cell when another is added at the end", () => {
    const cells = [{ name: "a" }, { name: "b", cidr: "10.0.16.0/20" }, { name: "c" }];
    const before = planAddresses(cells);
    const after = planAddresses([...cells, { name: "d" }]);
    for (const { name } of cells) expect(after.get(name)).toBe(before.get(name));
    expect([...before.values()]).toEqual(["10.0.16.0/20", "10.0.0.0/20", "10.0.32.0/20"]);
  });

  it.each([["10.0.1.0/20"], ["10.0.0.0/40"], ["300.0.0.0/20"], ["fd00::/64"]])(
    "refuses %s, naming the cell",
    (cidr) => {
      expect(() => planAddresses([{ name: "eu1", cidr }])).toThrow(/cell "eu1"/);
    },
  );
});

describe("names of what Pulumi does not name by itself", () => {
  const named = async (project: string, stack: string, ...names: string[]) => {
    let name = "";
    const program = () => {
      name = stackNameOf("cacheUser", names);
    };
    await deploy(program, { project, stack });
    return name;
  };

  it("are the stack's own, in letters, digits and hyphens that AWS takes", async () => {
    expect(await named("shop", "dev", "sessions", "app")).toBe("shop-dev-sessions-app");
    expect(await named("shop", "Dev_1", "sessions")).toMatch(/^shop-dev-1-sessions-[0-9a-f]{8}$/);
    expect(await named("9shop", "dev", "sessions")).toMatch(/^t9shop-dev-sessions-[0-9a-f]{8}$/);
    expect((await named("shop", "dev", "s".repeat(60))).length).toBe(NAME_LIMITS.cacheUser);
  });

  it("differ where only what was left out differs", async () => {
    expect(await named("shop", "dev_1", "a")).not.toBe(await named("shop", "dev-1", "a"));
    expect(await named("shop", "dev", "a", "b-c")).not.toBe(await named("shop", "dev", "a-b", "c"));
  });
});
