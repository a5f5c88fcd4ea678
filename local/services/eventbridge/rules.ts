/** Making and changing rules and targets: what a program declares and what the API asks for go the same way. */
import type { PutRuleCommandInput } from "@aws-sdk/client-eventbridge";
import { type Json, matchesPattern, type Pattern, validatePattern } from "../../event-pattern.ts";
import { AwsError, type Cloud, type Timer } from "../../service.ts";
import { type Expression, parseExpression } from "../scheduler/expression.ts";
import type { Deliveries } from "./deliveries.ts";
import { type Event, eventOf } from "./event.ts";
import type { Bus, Registry, Rule, RuleTarget } from "./registry.ts";
import { validateTarget } from "./targets.ts";

export const MAX_TARGETS = 5;

export interface Rules {
  put(input: PutRuleCommandInput, isDeclared: boolean): Rule;
  putTarget(rule: Rule, target: RuleTarget, isDeclared: boolean): void;
  setState(rule: Rule, state: Rule["state"]): void;
  remove(rule: Rule): void;
  /** Hands an event to the rules of a bus that match it. @param only ARNs of the rules that may */
  dispatch(bus: Bus, event: Event, only?: string[]): void;
  stop(): void;
}

export function readPattern(text: string): Pattern {
  let reason: string;
  try {
    const pattern: unknown = JSON.parse(text);
    validatePattern(pattern);
    if (Object.keys(pattern).length > 0) return pattern;
    reason = "Empty patterns are not allowed";
  } catch (error) {
    reason = (error as Error).message.replace(/^Invalid filter pattern definition: /, "");
  }
  throw new AwsError("InvalidEventPatternException", `Event pattern is not valid. Reason: ${reason}`);
}

export function rulesOf(cloud: Cloud, registry: Registry, deliveries: Deliveries): Rules {
  const timers = new Map<string, Timer>();
  const { clock } = cloud;

  function arm(rule: Rule): void {
    timers.get(rule.arn)?.cancel();
    timers.delete(rule.arn);
    if (!rule.schedule || rule.state !== "ENABLED") return;
    const due = rule.schedule.next(clock.now());
    if (due === undefined) return;
    const wait = () => {
      const timer = clock.after(due - clock.now(), () => {
        // A clock may not be able to wait for months at once.
        if (clock.now() < due) return wait();
        arm(rule);
        const detailType = "Scheduled Event";
        const event = eventOf(cloud, {
          source: "aws.events",
          detailType,
          detail: {},
          resources: [rule.arn],
          time: due,
        });
        deliveries.add(rule, event);
      });
      timers.set(rule.arn, timer);
    };
    wait();
  }

  function adopt(rule: Rule, targets: RuleTarget[]): void {
    for (const target of targets) {
      rule.targets.set(target.Id, target);
      deliveries.resume(rule, target);
    }
  }

  const kept = registry.kept();
  for (const stored of kept.rules) {
    if (!registry.buses.has(stored.busName)) continue;
    const { eventPattern, scheduleExpression } = stored;
    const rule: Rule = {
      ...stored,
      pattern: eventPattern === undefined ? undefined : readPattern(eventPattern),
      schedule: scheduleExpression === undefined ? undefined : scheduleOf(scheduleExpression, clock.now()),
      targets: new Map(),
    };
    registry.addRule(rule);
    adopt(rule, kept.targetsOf(rule.arn));
    arm(rule);
  }

  return {
    put(input, isDeclared) {
      const name = input.Name ?? "";
      if (!/^[.\w-]{1,64}$/.test(name)) throw invalid(`Parameter Name ${name} is not valid.`);
      const bus = registry.bus(input.EventBusName);
      const { EventPattern: eventPattern, ScheduleExpression: scheduleExpression } = input;
      if (!eventPattern && !scheduleExpression) {
        throw invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
      }
      if (scheduleExpression && bus.name !== "default") {
        throw invalid("ScheduleExpression is supported only on the default event bus.");
      }
      const known = bus.rules.get(name);
      const sameSchedule = known?.scheduleExpression === scheduleExpression ? known?.schedule : undefined;
      const rule: Rule = {
        name,
        arn: registry.arnOf("rule", bus.name === "default" ? name : `${bus.name}/${name}`),
        busName: bus.name,
        eventPattern: eventPattern || undefined,
        pattern: eventPattern ? readPattern(eventPattern) : undefined,
        scheduleExpression: scheduleExpression || undefined,
        schedule: scheduleExpression ? (sameSchedule ?? scheduleOf(scheduleExpression, clock.now())) : undefined,
        state: input.State === "DISABLED" ? "DISABLED" : "ENABLED",
        description: input.Description,
        roleArn: input.RoleArn,
        tags: known?.tags ?? Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key!, Value ?? ""])),
        targets: known?.targets ?? new Map(),
        isDeclared: isDeclared || (known?.isDeclared ?? false),
      };
      registry.addRule(rule);
      // Targets that the API gave to a rule of the program.
      if (!known && isDeclared) adopt(rule, registry.kept().targetsOf(rule.arn));
      arm(rule);
      return rule;
    },
    putTarget(rule, target, isDeclared) {
      validateTarget(target);
      if (!rule.targets.has(target.Id) && rule.targets.size >= MAX_TARGETS) {
        throw new AwsError(
          "LimitExceededException",
          "The requested resource exceeds the maximum number allowed: a rule has five targets.",
        );
      }
      registry.setTarget(rule, target, isDeclared);
      deliveries.resume(rule, target);
    },
    setState(rule, state) {
      rule.state = state;
      registry.saveRule(rule);
      arm(rule);
    },
    remove(rule) {
      timers.get(rule.arn)?.cancel();
      timers.delete(rule.arn);
      registry.removeRule(rule);
    },
    dispatch(bus, event, only) {
      for (const rule of bus.rules.values()) {
        if (rule.state !== "ENABLED" || !rule.pattern || (only && !only.includes(rule.arn))) continue;
        if (matchesPattern(rule.pattern, event as unknown as Json)) deliveries.add(rule, event);
      }
    },
    stop() {
      for (const timer of timers.values()) timer.cancel();
    },
  };
}

function scheduleOf(text: string, now: number): Expression {
  const parsed = /^(rate|cron)\(/.test(text);
  try {
    if (parsed) return parseExpression(text, now);
  } catch {
    // Said below.
  }
  throw invalid("Parameter ScheduleExpression is not valid.");
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
