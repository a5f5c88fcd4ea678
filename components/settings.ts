/**
 * The stack's settings, validated whole before any resource: every problem in one message, each with its path and the
 * remedy. Nothing else in the program reads `pulumi.Config`.
 */
import * as pulumi from "@pulumi/pulumi";
import type { Protection } from "./protection.ts";
import { readInsight, readRetention, readWebhookNetworks } from "./settings/operations.ts";
import { type Problems, read } from "./settings/reader.ts";
import { checkRelations, planOrReport } from "./settings/relations.ts";
import { readTenant, readTiers } from "./settings/tenants.ts";

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

const CELL_NAME = /^[a-z][a-z0-9-]{1,18}[a-z0-9]$/;

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
  return Object.freeze({ ...parsed, cells: cells.map((cell) => ({ ...cell, cidr: addresses.get(cell.name)! })) });
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
