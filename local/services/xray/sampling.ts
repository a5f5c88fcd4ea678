/** Sampling rules: which of the requests that nobody decided about are traced. */
import type { SamplingRule, SamplingRuleUpdate } from "@aws-sdk/client-xray";
import { AwsError, type Cloud } from "../../service.ts";
import type { Sampled } from "../../tracing.ts";

export interface KeptRule {
  rule: SamplingRule & {
    RuleName: string;
    RuleARN: string;
    Priority: number;
    FixedRate: number;
    ReservoirSize: number;
  };
  createdAt: number;
  modifiedAt: number;
}

export interface Sampling {
  rules(): KeptRule[];
  create(rule: SamplingRule): KeptRule;
  update(change: SamplingRuleUpdate): KeptRule;
  remove(nameOrArn: string): KeptRule;
  sample(request: Sampled, now: number): boolean;
}

const ANY = { Host: "*", HTTPMethod: "*", URLPath: "*", ServiceName: "*", ServiceType: "*", ResourceARN: "*" };

/** @param random from 0 to 1 */
export function samplingOf(cloud: Cloud, random: () => number = Math.random): Sampling {
  const { database, clock } = cloud;
  database.exec("CREATE TABLE IF NOT EXISTS xray_sampling_rules (name TEXT PRIMARY KEY, rule TEXT NOT NULL)");
  const save = database.prepare("INSERT OR REPLACE INTO xray_sampling_rules VALUES (?, ?)");
  const drop = database.prepare("DELETE FROM xray_sampling_rules WHERE name = ?");
  const rules = new Map<string, KeptRule>();
  const taken = new Map<string, { second: number; count: number }>();
  const arnOf = (name: string) => `arn:aws:xray:${cloud.region}:${cloud.account}:sampling-rule/${name}`;
  for (const { rule } of database.prepare("SELECT rule FROM xray_sampling_rules").all()) {
    const kept = JSON.parse(String(rule)) as KeptRule;
    rules.set(kept.rule.RuleName, kept);
  }
  if (!rules.has("Default")) {
    const rule = {
      ...ANY,
      RuleName: "Default",
      RuleARN: arnOf("Default"),
      Priority: 10_000,
      Version: 1,
      Attributes: {},
    };
    // As on AWS: one a second, and a twentieth of the others.
    rules.set("Default", { rule: { ...rule, ReservoirSize: 1, FixedRate: 0.05 }, createdAt: 0, modifiedAt: 0 });
  }

  function keep(kept: KeptRule): KeptRule {
    const { FixedRate: rate, ReservoirSize: size, Priority: priority, RuleName: name } = kept.rule;
    if (!(rate >= 0 && rate <= 1)) throw invalid("FixedRate has to be from 0 to 1.");
    if (!(size >= 0)) throw invalid("ReservoirSize has to be 0 or more.");
    if (name !== "Default" && !(priority >= 1 && priority <= 9999)) throw invalid("Priority has to be from 1 to 9999.");
    rules.set(name, kept);
    save.run(name, JSON.stringify(kept));
    return kept;
  }

  function find(nameOrArn: string | undefined): KeptRule {
    const found = [...rules.values()].find(({ rule }) => rule.RuleName === nameOrArn || rule.RuleARN === nameOrArn);
    if (!found) throw invalid(`Sampling rule does not exist: ${nameOrArn}.`);
    return found;
  }

  const inOrder = () => [...rules.values()].sort((a, b) => a.rule.Priority - b.rule.Priority);

  return {
    rules: inOrder,
    create(rule) {
      const name = rule.RuleName ?? "";
      if (!/^[\w.-]{1,32}$/.test(name)) throw invalid("RuleName has 1 to 32 letters, digits, _, . and -.");
      if (rules.has(name)) throw invalid(`Sampling rule already exists: ${name}.`);
      const now = clock.now();
      const whole = {
        ...ANY,
        Attributes: {},
        ...rule,
        RuleName: name,
        RuleARN: arnOf(name),
      } as KeptRule["rule"];
      return keep({ rule: whole, createdAt: now, modifiedAt: now });
    },
    update({ RuleName, RuleARN, ...change }) {
      const known = find(RuleName ?? RuleARN);
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      return keep({ ...known, rule: { ...known.rule, ...given }, modifiedAt: clock.now() });
    },
    remove(nameOrArn) {
      const known = find(nameOrArn);
      if (known.rule.RuleName === "Default") throw invalid("The default sampling rule can not be deleted.");
      rules.delete(known.rule.RuleName);
      drop.run(known.rule.RuleName);
      return known;
    },
    sample(request, now) {
      const rule = inOrder().find((each) => applies(each.rule, request))?.rule;
      if (!rule) return false;
      const second = Math.floor(now / 1000);
      const known = taken.get(rule.RuleName);
      const count = known?.second === second ? known.count : 0;
      if (count < rule.ReservoirSize) {
        taken.set(rule.RuleName, { second, count: count + 1 });
        return true;
      }
      return random() < rule.FixedRate;
    },
  };
}

function applies(rule: SamplingRule, { serviceName, serviceType, host, method, path }: Sampled): boolean {
  const pairs = [
    [rule.ServiceName, serviceName],
    [rule.ServiceType, serviceType],
    [rule.Host, host],
    [rule.HTTPMethod, method],
    [rule.URLPath, path],
  ];
  return pairs.every(([pattern = "*", value = ""]) => pattern === "*" || wildcard(pattern).test(value));
}

function wildcard(pattern: string): RegExp {
  const text = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${text}$`, "i");
}

export function invalid(message: string): AwsError {
  return new AwsError("InvalidRequestException", message);
}
