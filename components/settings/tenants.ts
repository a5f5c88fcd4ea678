/** The tiers that a stack offers, and the tenants that it declares. */
import type { Settings, TenantSettings, TierSettings } from "../settings.ts";
import { type Problems, read } from "./reader.ts";

const TENANT_ID = /^[a-z][a-z0-9]{2,30}$/;
const HOST = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/;
const TIER_NAME = /^[a-z][a-z0-9]{1,19}$/;

export function readTiers(raw: Record<string, unknown>, problems: Problems): Record<string, TierSettings> {
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

export function readTenant(item: unknown, index: number, tiers: Settings["tiers"], problems: Problems): TenantSettings {
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
