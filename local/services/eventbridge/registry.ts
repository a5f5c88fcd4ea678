/** Buses, their rules and the rules' targets: found by name or ARN, and kept where the program does not declare them. */
import type { Target } from "@aws-sdk/client-eventbridge";
import type { Pattern } from "../../event-pattern.ts";
import { AwsError, type Cloud } from "../../service.ts";
import type { Expression } from "../scheduler/expression.ts";

export interface RuleTarget extends Target {
  Id: string;
  Arn: string;
}

export interface Rule {
  name: string;
  arn: string;
  busName: string;
  /** JSON, as it was given. */
  eventPattern?: string;
  pattern?: Pattern;
  scheduleExpression?: string;
  schedule?: Expression;
  state: "ENABLED" | "DISABLED";
  description?: string;
  roleArn?: string;
  tags: Record<string, string>;
  targets: Map<string, RuleTarget>;
  isDeclared: boolean;
}

export interface Bus {
  name: string;
  arn: string;
  description?: string;
  kmsKeyIdentifier?: string;
  deadLetterArn?: string;
  /** JSON */
  policy?: string;
  tags: Record<string, string>;
  createdAt: number;
  modifiedAt: number;
  rules: Map<string, Rule>;
  isDeclared: boolean;
}

export interface Registry {
  buses: Map<string, Bus>;
  arnOf(kind: "event-bus" | "rule" | "archive" | "replay", name: string): string;
  /** @param nameOrArn undefined: the account's default bus. @throws AwsError ResourceNotFoundException */
  bus(nameOrArn?: string): Bus;
  rule(name: string, bus?: string): Rule;
  ruleByArn(arn: string): Rule | undefined;
  ensureBus(name: string, isDeclared: boolean): Bus;
  saveBus(bus: Bus): void;
  removeBus(name: string): void;
  addRule(rule: Rule): void;
  saveRule(rule: Rule): void;
  removeRule(rule: Rule): void;
  setTarget(rule: Rule, target: RuleTarget, isDeclared: boolean): void;
  removeTarget(rule: Rule, id: string): void;
  /** What the API made in an earlier run, in the order in which it can be made again. */
  kept(): { rules: Omit<Rule, "targets">[]; targetsOf(ruleArn: string): RuleTarget[] };
}

export function busNameOf(nameOrArn = "default"): string {
  return nameOrArn.startsWith("arn:") ? nameOrArn.slice(nameOrArn.indexOf("/") + 1) : nameOrArn;
}

export function notFound(what: string): AwsError {
  return new AwsError("ResourceNotFoundException", `${what} does not exist.`);
}

export function registryOf({ account, region, clock, database }: Cloud): Registry {
  const buses = new Map<string, Bus>();
  database.exec(
    "CREATE TABLE IF NOT EXISTS events_kept (kind TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT",
  );
  const upsert = database.prepare(
    "INSERT INTO events_kept VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
  );
  const drop = database.prepare("DELETE FROM events_kept WHERE kind = ? AND key = ?");
  const list = database.prepare("SELECT value FROM events_kept WHERE kind = ? ORDER BY key");
  const all = <T>(kind: string) => list.all(kind).map(({ value }) => JSON.parse(String(value)) as T);
  const arnOf: Registry["arnOf"] = (kind, name) => `arn:aws:events:${region}:${account}:${kind}/${name}`;
  const targetKey = (rule: Pick<Rule, "arn">, id: string) => `${rule.arn} ${id}`;

  function make(name: string, stored: Partial<Bus> = {}): Bus {
    const now = clock.now();
    const base = { createdAt: now, modifiedAt: now, isDeclared: false, tags: {}, ...stored };
    const bus: Bus = { ...base, name, arn: arnOf("event-bus", name), rules: new Map() };
    buses.set(name, bus);
    return bus;
  }

  for (const { rules: _rules, ...stored } of all<Bus>("bus")) make(stored.name, stored);
  if (!buses.has("default")) make("default");

  const self: Registry = {
    buses,
    arnOf,
    bus(nameOrArn) {
      const name = busNameOf(nameOrArn);
      const bus = buses.get(name);
      if (!bus) throw notFound(`Event bus ${name}`);
      return bus;
    },
    rule(name, bus) {
      const { rules, name: busName } = self.bus(bus);
      const rule = rules.get(name);
      if (rule) return rule;
      throw new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus ${busName}.`);
    },
    ruleByArn(arn) {
      for (const { rules } of buses.values()) for (const rule of rules.values()) if (rule.arn === arn) return rule;
      return undefined;
    },
    ensureBus(name, isDeclared) {
      const bus = buses.get(name) ?? make(name);
      bus.isDeclared ||= isDeclared;
      return bus;
    },
    saveBus(bus) {
      bus.modifiedAt = clock.now();
      const { rules: _rules, ...stored } = bus;
      if (bus.isDeclared) drop.run("bus", bus.name);
      else upsert.run("bus", bus.name, JSON.stringify(stored));
    },
    removeBus(name) {
      buses.delete(name);
      drop.run("bus", name);
    },
    addRule(rule) {
      self.bus(rule.busName).rules.set(rule.name, rule);
      self.saveRule(rule);
    },
    saveRule(rule) {
      const { targets: _targets, pattern: _pattern, schedule: _schedule, ...stored } = rule;
      if (rule.isDeclared) drop.run("rule", rule.arn);
      else upsert.run("rule", rule.arn, JSON.stringify(stored));
    },
    removeRule(rule) {
      buses.get(rule.busName)?.rules.delete(rule.name);
      drop.run("rule", rule.arn);
    },
    setTarget(rule, target, isDeclared) {
      rule.targets.set(target.Id, target);
      if (isDeclared) drop.run("target", targetKey(rule, target.Id));
      else upsert.run("target", targetKey(rule, target.Id), JSON.stringify({ ...target, rule: rule.arn }));
    },
    removeTarget(rule, id) {
      rule.targets.delete(id);
      drop.run("target", targetKey(rule, id));
    },
    kept() {
      const targets = all<RuleTarget & { rule: string }>("target");
      return {
        rules: all<Omit<Rule, "targets">>("rule"),
        targetsOf: (arn) => targets.filter(({ rule }) => rule === arn).map(({ rule: _rule, ...target }) => target),
      };
    },
  };
  return self;
}
