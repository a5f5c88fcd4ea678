/** Operations on rules and their targets. */
import { type Json, matchesPattern } from "../../event-pattern.ts";
import { type Access, AwsError, type Cloud, type Operation } from "../../service.ts";
import { sorted } from "./bus-operations.ts";
import type { EventBridge } from "./index.ts";
import { page } from "./page.ts";
import { busNameOf, type Rule, type RuleTarget } from "./registry.ts";
import { readPattern } from "./rules.ts";

export function ruleOperations(cloud: Cloud, { registry, rules }: EventBridge): Record<string, Operation> {
  const ruleArn = (name: string, bus?: string) => {
    const busName = busNameOf(bus);
    return registry.arnOf("rule", busName === "default" ? name : `${busName}/${name}`);
  };
  const onRule =
    (action: string, name: "Name" | "Rule" = "Name"): NonNullable<Operation["authorize"]> =>
    (input) => ({ action: `events:${action}`, resource: ruleArn(input[name], input.EventBusName) });
  const onRules = (action: string) => () => ({ action: `events:${action}`, resource: registry.arnOf("rule", "*") });

  const switching = (action: string, state: Rule["state"]): Operation => ({
    authorize: onRule(action),
    run({ Name, EventBusName }) {
      rules.setState(registry.rule(Name, EventBusName), state);
      return {};
    },
  });

  return {
    PutRule: {
      authorize: onRule("PutRule"),
      run: (input) => ({ RuleArn: rules.put(input, false).arn }),
    },
    DescribeRule: {
      authorize: onRule("DescribeRule"),
      run: ({ Name, EventBusName }) => ({
        ...describe(registry.rule(Name, EventBusName)),
        CreatedBy: cloud.account,
      }),
    },
    DeleteRule: {
      authorize: onRule("DeleteRule"),
      run({ Name, EventBusName }) {
        const rule = registry.bus(EventBusName).rules.get(Name);
        if (!rule) return {};
        if (rule.targets.size > 0) {
          throw new AwsError("ValidationException", "Rule can't be deleted since it has targets.");
        }
        rules.remove(rule);
        return {};
      },
    },
    EnableRule: switching("EnableRule", "ENABLED"),
    DisableRule: switching("DisableRule", "DISABLED"),
    ListRules: {
      authorize: onRules("ListRules"),
      run({ EventBusName, NamePrefix = "", NextToken, Limit }) {
        const all = sorted(registry.bus(EventBusName).rules.values()).filter(({ name }) => name.startsWith(NamePrefix));
        const { items, NextToken: next } = page(all, NextToken, Limit);
        return { Rules: items.map(describe), NextToken: next };
      },
    },
    ListRuleNamesByTarget: {
      authorize: onRules("ListRuleNamesByTarget"),
      run({ TargetArn, EventBusName, NextToken, Limit }) {
        const all = sorted(registry.bus(EventBusName).rules.values())
          .filter(({ targets }) => [...targets.values()].some(({ Arn }) => Arn === TargetArn))
          .map(({ name }) => name);
        const { items, NextToken: next } = page(all, NextToken, Limit);
        return { RuleNames: items, NextToken: next };
      },
    },
    PutTargets: {
      authorize: (input, call) => [
        onRule("PutTargets", "Rule")(input, call) as Access,
        ...[...new Set((input.Targets ?? []).flatMap(({ RoleArn }: RuleTarget) => RoleArn ?? []))].map((role) => ({
          ...{ action: "iam:PassRole", resource: String(role) },
          context: { "iam:PassedToService": "events.amazonaws.com" },
        })),
      ],
      run({ Rule: name, EventBusName, Targets = [] }: { Rule: string; EventBusName?: string; Targets?: RuleTarget[] }) {
        const rule = registry.rule(name, EventBusName);
        const ids = Targets.map(({ Id }) => Id);
        if (new Set(ids).size < ids.length) {
          throw new AwsError("ValidationException", `Request contains duplicate target ids: ${ids.join(", ")}`);
        }
        for (const target of Targets) rules.putTarget(rule, target, false);
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
    },
    RemoveTargets: {
      authorize: onRule("RemoveTargets", "Rule"),
      run({ Rule: name, EventBusName, Ids = [] }: { Rule: string; EventBusName?: string; Ids?: string[] }) {
        const rule = registry.rule(name, EventBusName);
        const FailedEntries = Ids.filter((id) => !rule.targets.has(id)).map((TargetId) => ({
          TargetId,
          ErrorCode: "ResourceNotFoundException",
          ErrorMessage: `Rule ${name} has no target ${TargetId}.`,
        }));
        for (const id of Ids) registry.removeTarget(rule, id);
        return { FailedEntryCount: FailedEntries.length, FailedEntries };
      },
    },
    ListTargetsByRule: {
      authorize: onRule("ListTargetsByRule", "Rule"),
      run({ Rule: name, EventBusName, NextToken, Limit }) {
        const all = [...registry.rule(name, EventBusName).targets.values()];
        const { items, NextToken: next } = page(all, NextToken, Limit);
        return { Targets: items, NextToken: next };
      },
    },
    TestEventPattern: {
      authorize: () => ({ action: "events:TestEventPattern", resource: "*" }),
      run: ({ EventPattern, Event }) => ({ Result: matchesPattern(readPattern(EventPattern), readEvent(Event)) }),
    },
  };
}

function describe(rule: Rule) {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventBusName: rule.busName,
    EventPattern: rule.eventPattern,
    ScheduleExpression: rule.scheduleExpression,
    State: rule.state,
    Description: rule.description,
    RoleArn: rule.roleArn,
  };
}

/** TestEventPattern wants a whole envelope. */
function readEvent(text: string): Json {
  const required = ["id", "account", "source", "time", "region", "resources", "detail-type"];
  let event: Record<string, Json> | undefined;
  try {
    event = JSON.parse(text);
  } catch {
    // Said below.
  }
  const missing = required.filter((name) => event?.[name] === undefined);
  if (typeof event === "object" && event !== null && missing.length === 0) return event;
  throw new AwsError("ValidationException", `Parameter Event is not valid. It must have: ${missing.join(", ")}`);
}
