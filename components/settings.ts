/**
 * The stack's settings, validated whole before any resource: every problem in one message, each with its path and the
 * remedy. Nothing else in the program reads `pulumi.Config`.
 */
import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { whyNoRetention } from "./invalid-argument.ts";
import { type AddressRequest, planAddresses } from "./network/address-plan.ts";
import type { Protection } from "./protection.ts";
import { type Problems, type Reader, read } from "./settings-reader.ts";

export type Placement = "pool" | "bridge" | "silo";

export interface TierSettings {
  placement: Placement;
  rate: number;
  burst: number;
  quotaPerDay?: number;
  statementTimeoutMs: number;
}

export interface CellSettings {
  name: string;
  kind: "shared" | "silo";
  /** Release the cell runs; the stack's own when absent. */
  release?: string;
  cidr: string;
}

export interface TenantSettings {
  id: string;
  displayName: string;
  tier: string;
  placement: Placement;
  cell: string;
  host: string;
  adminEmail: string;
  wave: number;
  statementTimeoutMs: number;
}

export interface Settings {
  environment: string;
  protection: Protection;
  zones: number;
  logRetentionDays: number;
  flowLogDays: number;
  database: { minAcu: number; maxAcu: number; pauseAfterSeconds: number; readers: number };
  /**
   * Networks (CIDR) beside the public internet that tenants' webhooks may go to. Only where nothing but the tenants' own
   * systems listens there: the loopback on one machine.
   */
  webhookNetworks: string[];
  /** Who is told when a protected cell is unwell or dear: people, or a topic that is there already. */
  insight: { emails?: string[]; topicArn?: string; monthlyBudgetUsd?: number };
  /** Route 53 zone that the hosts are in. Absent: the APIs have AWS's own hosts only. */
  zone?: string;
  tiers: Record<string, TierSettings>;
  cells: CellSettings[];
  tenants: TenantSettings[];
}

/** A stack's file that does not hold together. A `RunError`: Pulumi prints its message and no more. */
export class SettingsError extends pulumi.RunError {
  override readonly name = "SettingsError";
  readonly problems: string[];
  constructor(stack: string, problems: string[]) {
    super(
      `Pulumi.${stack}.yaml has ${problems.length} problem(s):\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

/** Reads and validates the running stack's settings. @throws SettingsError naming every problem. */
export function settings(): Settings {
  const config = new pulumi.Config();
  const prefix = `${config.name}:`;
  const raw: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(pulumi.runtime.allConfig())) {
    if (key.startsWith(prefix)) raw[key.slice(prefix.length)] = parseValue(text);
  }
  return parseSettings(raw, pulumi.getStack());
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const TENANT_ID = /^[a-z][a-z0-9]{2,30}$/;
const CELL_NAME = /^[a-z][a-z0-9-]{1,18}[a-z0-9]$/;
const HOST = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/;
const TIER_NAME = /^[a-z][a-z0-9]{1,19}$/;

/** The pure part: from plain values to settings. */
export function parseSettings(raw: Record<string, unknown>, stack: string): Settings {
  const problems: Problems = [];
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stack)) {
    problems.push(
      `stack name "${stack}": names of resources start with it; use up to 20 lower-case letters, digits and hyphens`,
    );
  }
  const top = read(raw, "", problems, TOP_KEYS);
  const database = read(top.object("database"), "database", problems, [
    "minAcu",
    "maxAcu",
    "pauseAfterSeconds",
    "readers",
  ]);
  const tiers = readTiers(top.object("tiers"), problems);
  const cells = top.list("cells").map((item, index) => {
    const cell = read(item, `cells[${index}]`, problems, ["name", "kind", "release", "cidr"]);
    return {
      name: cell.text("name", CELL_NAME, "3 to 20 lower-case letters, digits and hyphens: function names contain it"),
      kind: cell.choice("kind", ["shared", "silo"] as const),
      release: cell.optionalText("release"),
      cidr: cell.optionalText("cidr"),
    };
  });
  const tenants = top.list("tenants", []).map((item, index) => readTenant(item, index, tiers, problems));
  const zone = top.optionalText("zone");
  const parsed = {
    environment: stack,
    protection: top.choice("protection", ["disposable", "protected"] as const, "protected"),
    zones: top.number("zones", 2, 6, 3),
    logRetentionDays: readRetention(top, "logRetentionDays", 30, problems),
    flowLogDays: readRetention(top, "flowLogDays", 0, problems),
    database: {
      minAcu: database.number("minAcu", 0, 256, 0, 0.5),
      maxAcu: database.number("maxAcu", 1, 256, 4, 0.5),
      pauseAfterSeconds: database.number("pauseAfterSeconds", 300, 86_400, 300),
      readers: database.number("readers", 0, 15, 0),
    },
    webhookNetworks: readWebhookNetworks(top, problems),
    insight: readInsight(top, problems),
    ...(zone ? { zone } : {}),
    tiers,
    tenants,
  };
  if (cells.length === 0) problems.push("cells: name at least one cell");
  checkRelations({ ...parsed, cells }, problems);
  const addresses = planOrReport(cells, problems);
  if (problems.length > 0) throw new SettingsError(stack, problems);
  return { ...parsed, cells: cells.map((cell) => ({ ...cell, cidr: addresses.get(cell.name)! })) };
}

const TOP_KEYS = [
  "protection",
  "zones",
  "logRetentionDays",
  "flowLogDays",
  "database",
  "webhookNetworks",
  "insight",
  "zone",
  "tiers",
  "cells",
  "tenants",
];

/** 0 is for what keeps nothing by default. */
function readRetention(top: Reader, key: string, byDefault: number, problems: Problems): number {
  const days = top.number(key, byDefault === 0 ? 0 : 1, 3653, byDefault);
  const remedy = days === 0 ? undefined : whyNoRetention(days);
  if (remedy) problems.push(`${key}: ${days} are not kept; ${remedy}`);
  return days;
}

function readWebhookNetworks(top: Reader, problems: Problems): string[] {
  return top.list("webhookNetworks", []).map((network, index) => {
    const [address, prefix] = String(network).split("/");
    const bits = isIP(address ?? "") === 6 ? 128 : 32;
    if (!isIP(address ?? "") || !/^\d{1,3}$/.test(prefix ?? "") || Number(prefix) > bits)
      problems.push(`webhookNetworks[${index}]: ${JSON.stringify(network)} has to be a network such as 127.0.0.0/8`);
    return String(network);
  });
}

function readInsight(top: Reader, problems: Problems): Settings["insight"] {
  const insight = read(top.object("insight"), "insight", problems, ["emails", "topicArn", "monthlyBudgetUsd"]);
  const emails = insight.list("emails", []).map((email, index) => {
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(String(email)))
      problems.push(`insight.emails[${index}]: ${JSON.stringify(email)} has to be an address`);
    return String(email);
  });
  const topicArn = insight.optionalText("topicArn");
  if (topicArn !== undefined && !/^arn:aws[a-z-]*:sns:/.test(topicArn))
    problems.push(`insight.topicArn: ${JSON.stringify(topicArn)} has to be the ARN of an SNS topic`);
  if (topicArn !== undefined && emails.length > 0)
    problems.push("insight.emails: the topic that topicArn names has its own subscribers; leave one of the two out");
  const monthlyBudgetUsd = insight.optionalNumber("monthlyBudgetUsd", 1, 1_000_000_000, 0);
  return {
    ...(emails.length > 0 ? { emails } : {}),
    ...(topicArn === undefined ? {} : { topicArn }),
    ...(monthlyBudgetUsd === undefined ? {} : { monthlyBudgetUsd }),
  };
}

function readTiers(raw: Record<string, unknown>, problems: Problems): Record<string, TierSettings> {
  const keys = ["placement", "rate", "burst", "quotaPerDay", "statementTimeoutMs"];
  const tiers: Record<string, TierSettings> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (!TIER_NAME.test(name)) problems.push(`tiers.${name}: a tier's name has 2 to 20 lower-case letters and digits`);
    const tier = read(value, `tiers.${name}`, problems, keys);
    tiers[name] = {
      placement: tier.choice("placement", ["pool", "bridge", "silo"] as const),
      rate: tier.number("rate", 1, 10_000, undefined, 0),
      burst: tier.number("burst", 1, 5000),
      quotaPerDay: tier.optionalNumber("quotaPerDay", 1, 1_000_000_000),
      statementTimeoutMs: tier.number("statementTimeoutMs", 100, 45_000, 5000),
    };
  }
  if (Object.keys(tiers).length === 0) problems.push("tiers: declare at least one tier");
  return tiers;
}

function readTenant(item: unknown, index: number, tiers: Settings["tiers"], problems: Problems): TenantSettings {
  const keys = ["id", "displayName", "tier", "placement", "cell", "host", "adminEmail", "wave"];
  const tenant = read(item, `tenants[${index}]`, problems, keys);
  const id = tenant.text(
    "id",
    TENANT_ID,
    "3 to 31 lower-case letters and digits, a letter first: AWS names and the database role contain it",
  );
  const tier = tenant.text("tier");
  const known = tiers[tier];
  if (tier && !known)
    problems.push(`tenants[${index}].tier: there is no tier "${tier}"; there are ${Object.keys(tiers).join(", ")}`);
  const host = tenant.text("host", HOST, "a host name in lower case");
  return {
    id,
    tier,
    cell: tenant.text("cell"),
    host,
    placement: tenant.choice("placement", ["pool", "bridge", "silo"] as const, known?.placement ?? "pool"),
    displayName: tenant.optionalText("displayName") ?? id,
    adminEmail: tenant.optionalText("adminEmail") ?? `admin@${host}`,
    wave: tenant.number("wave", 0, 100, 0),
    statementTimeoutMs: known?.statementTimeoutMs ?? 5000,
  };
}

function checkRelations(
  { cells, tenants, zone, database }: Omit<Settings, "cells"> & { cells: Omit<CellSettings, "cidr">[] },
  problems: Problems,
): void {
  for (const name of duplicates(cells.map((cell) => cell.name))) problems.push(`cells: "${name}" is named twice`);
  for (const id of duplicates(tenants.map((tenant) => tenant.id))) {
    problems.push(`tenants: the id "${id}" is used twice; ids are for ever`);
  }
  for (const host of duplicates(tenants.map((tenant) => tenant.host))) {
    problems.push(`tenants: the host "${host}" is used twice; each tenant has a front door of its own`);
  }
  if (database.minAcu > database.maxAcu)
    problems.push(`database.minAcu: ${database.minAcu} exceeds maxAcu, ${database.maxAcu}`);
  for (const [index, tenant] of tenants.entries()) {
    const path = `tenants[${index}] ("${tenant.id}")`;
    const cell = cells.find(({ name }) => name === tenant.cell);
    if (!cell) {
      problems.push(
        `${path}.cell: there is no cell "${tenant.cell}"; there are ${cells.map(({ name }) => name).join(", ")}`,
      );
    } else if ((cell.kind === "silo") !== (tenant.placement === "silo")) {
      const remedy =
        cell.kind === "silo" ? 'a silo cell takes one tenant with placement "silo"' : "put it into a silo cell";
      problems.push(
        `${path}: placement "${tenant.placement}" and cell "${cell.name}" (${cell.kind}) disagree; ${remedy}`,
      );
    }
    if (zone && !tenant.host.endsWith(`.${zone}`))
      problems.push(`${path}.host: "${tenant.host}" is not in the zone ${zone}`);
  }
  for (const cell of cells.filter(({ kind }) => kind === "silo")) {
    const inside = tenants.filter((tenant) => tenant.cell === cell.name);
    if (inside.length > 1)
      problems.push(
        `cells: the silo "${cell.name}" holds ${inside.map(({ id }) => id).join(", ")}; a silo has one tenant`,
      );
  }
}

function planOrReport(cells: AddressRequest[], problems: Problems): Map<string, string> {
  try {
    return planAddresses(cells);
  } catch (error) {
    problems.push(`cells: ${(error as Error).message}`);
    return new Map();
  }
}

function duplicates(values: string[]): string[] {
  return [...new Set(values.filter((value, index) => value !== "" && values.indexOf(value) !== index))];
}
