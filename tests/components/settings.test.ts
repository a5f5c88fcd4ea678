import { parseSettings, SettingsError } from "../../components/settings.ts";

const valid = () => ({
  tiers: {
    basic: { placement: "pool", rate: 20, burst: 40, statementTimeoutMs: 2000 },
    top: { placement: "silo", rate: 20, burst: 40 },
  },
  cells: [
    { name: "shared", kind: "shared" },
    { name: "acme", kind: "silo" },
  ],
  tenants: [
    { id: "acme", tier: "top", cell: "acme", host: "acme.example.com" },
    { id: "globex", tier: "basic", cell: "shared", host: "globex.example.com" },
  ],
});

function problemsOf(
  change: (raw: ReturnType<typeof valid> & Record<string, unknown>) => void,
  stack = "dev",
): string[] {
  const raw = valid();
  change(raw);
  try {
    parseSettings(raw, stack);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

it("reads a valid file, with defaults in place", () => {
  const settings = parseSettings(valid(), "dev");
  expect(settings).toMatchObject({ protection: "protected", zones: 3, database: { minAcu: 0, maxAcu: 4 } });
  expect(settings.tenants.map(({ id, placement }) => [id, placement])).toEqual([
    ["acme", "silo"],
    ["globex", "pool"],
  ]);
});

it("tells every problem at once, each with its path and a remedy", () => {
  const problems = problemsOf((raw) => {
    raw.tenants[0]!.id = "Acme!";
    raw.tenants[1]!.host = "acme.example.com";
    raw.cells[0]!.kind = "common";
    raw.databse = {};
  });
  expect(problems).toHaveLength(4);
  expect(problems.join("\n")).toMatch(/databse: unknown key, did you mean database\?/);
  expect(problems.join("\n")).toMatch(/tenants\[0\]\.id: "Acme!" has to be 3 to 31 lower-case letters/);
  expect(problems.join("\n")).toMatch(/host "acme.example.com" is used twice/);
  expect(problems.join("\n")).toMatch(/cells\[0\]\.kind: "common" has to be one of shared, silo/);
});

it.each([
  [
    "a tenant in a cell that is not there",
    (raw) => {
      raw.tenants[1]!.cell = "eu9";
    },
    /there is no cell "eu9"; there are shared, acme/,
  ],
  [
    "a pool tenant in a silo",
    (raw) => {
      raw.tenants[1]!.cell = "acme";
    },
    /placement "pool" and cell "acme" \(silo\) disagree/,
  ],
  [
    "an id used twice",
    (raw) => {
      raw.tenants[1]!.id = "acme";
    },
    /the id "acme" is used twice/,
  ],
  [
    "a cell named twice",
    (raw) => {
      raw.cells[1]!.name = "shared";
    },
    /"shared" is named twice/,
  ],
  [
    "a tenant id that would overflow an AWS name",
    (raw) => {
      raw.tenants[0]!.id = "a".repeat(32);
    },
    /3 to 31 lower-case/,
  ],
  [
    "a cell name that would overflow an AWS name",
    (raw) => {
      raw.cells[0]!.name = "a".repeat(21);
    },
    /3 to 20 lower-case/,
  ],
  [
    "an unknown tier",
    (raw) => {
      raw.tenants[0]!.tier = "gold";
    },
    /there is no tier "gold"; there are basic, top/,
  ],
  [
    "a host outside the zone",
    (raw) => {
      raw.zone = "example.org";
    },
    /is not in the zone example.org/,
  ],
  [
    "networks that overlap",
    (raw) => {
      Object.assign(raw.cells[0]!, { cidr: "10.0.0.0/16" });
      Object.assign(raw.cells[1]!, { cidr: "10.0.8.0/24" });
    },
    /overlaps the network of cell "shared"/,
  ],
  [
    "a capacity range upside down",
    (raw) => {
      raw.database = { minAcu: 8, maxAcu: 2 };
    },
    /minAcu: 8 exceeds maxAcu, 2/,
  ],
  [
    "somebody to tell who has no address",
    (raw) => {
      raw.insight = { emails: ["operations"] };
    },
    /insight\.emails\[0\]: "operations" has to be an address/,
  ],
  [
    "a topic that is none",
    (raw) => {
      raw.insight = { topicArn: "alarms" };
    },
    /insight\.topicArn: "alarms" has to be the ARN/,
  ],
  [
    "people for a topic that has its own",
    (raw) => {
      raw.insight = { emails: ["a@example.com"], topicArn: "arn:aws:sns:eu-west-1:000000000000:told" };
    },
    /leave one of the two out/,
  ],
  [
    "a list where a mapping belongs",
    (raw) => {
      raw.database = [];
    },
    /database: a mapping is expected/,
  ],
] as [string, (raw: ReturnType<typeof valid> & Record<string, unknown>) => void, RegExp][])(
  "refuses %s",
  (_what, change, message) => {
    expect(problemsOf(change).join("\n")).toMatch(message);
  },
);

it("refuses a stack name that resource names could not start with", () => {
  expect(problemsOf(() => {}, "Production_EU").join()).toMatch(/stack name "Production_EU"/);
});
