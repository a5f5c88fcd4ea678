/** The alarms of this machine: put, evaluated with the clock, changed, and what follows from a change. */
import type { StateValue } from "@aws-sdk/client-cloudwatch";
import { AwsError, type Cloud } from "../../../service.ts";
import type { MetricStore } from "../metrics/metric-store.ts";
import { type Alarm, type AlarmState, alarmTime } from "./alarm.ts";
import { alarmsIn, holds, parseAlarmRule } from "./alarm-rule.ts";
import { alarmStore, type HistoryItem } from "./alarm-store.ts";
import { evaluateAlarm, queriesOf } from "./evaluation.ts";
import { type Change, configurationDetail, stateDetail, subjectOf, topicMessage } from "./notification.ts";

export interface Alarms {
  all(): Alarm[];
  get(name: string): Alarm | undefined;
  arnOf(name: string): string;
  /** Makes or changes it; one that was there keeps its state. */
  put(alarm: Pick<Alarm, "kind" | "input">, tags: Record<string, string> | undefined, isDeclared: boolean): void;
  /** After a change of its own. */
  save(alarm: Alarm): void;
  remove(name: string): void;
  setState(alarm: Alarm, value: StateValue, reason: string, reasonData?: string): void;
  /** Every alarm whose time has come. */
  evaluate(now: number): void;
  history(name?: string): HistoryItem[];
}

const SERVICE = "cloudwatch.amazonaws.com";
const MINUTE_MS = 60_000;

export function alarmsOf(cloud: Cloud, store: MetricStore): Alarms {
  const kept = alarmStore(cloud.database);
  kept.expire(cloud.clock.now());
  const alarms = new Map<string, Alarm>(kept.kept().map((alarm) => [alarm.name, alarm]));
  const arnOf = (name: string) => `arn:aws:cloudwatch:${cloud.region}:${cloud.account}:alarm:${name}`;
  let evaluatedMinute = Math.floor(cloud.clock.now() / MINUTE_MS);

  function put(
    { kind, input }: Pick<Alarm, "kind" | "input">,
    tags: Record<string, string> | undefined,
    isDeclared: boolean,
  ): void {
    const now = cloud.clock.now();
    const name = input.AlarmName!;
    const known = alarms.get(name);
    const unchecked: AlarmState = {
      value: "INSUFFICIENT_DATA",
      reason: "Unchecked: Initial alarm creation",
      ...{ updatedAt: now, transitionedAt: now },
    };
    const alarm = {
      ...{ kind, input, name, arn: arnOf(name), configuredAt: now },
      state: known?.state ?? (isDeclared ? kept.stateOf(name) : undefined) ?? unchecked,
      // Tags are given when an alarm is made.
      tags: isDeclared ? (tags ?? {}) : (known?.tags ?? tags ?? {}),
      isDeclared: isDeclared || (known?.isDeclared ?? false),
    } as Alarm;
    // Declared again at each start, and mostly the same.
    if (known && isDeclared && JSON.stringify(known.input) === JSON.stringify(input))
      alarm.configuredAt = known.configuredAt;
    alarms.set(name, alarm);
    kept.save(alarm);
    if (isDeclared) return;
    const what = known ? "updated" : "created";
    note(alarm, "ConfigurationUpdate", `Alarm "${name}" ${what}`, {
      version: "1.0",
      type: known ? "Update" : "Create",
    });
    tellEventBridge(
      alarm,
      "CloudWatch Alarm Configuration Change",
      configurationDetail(alarm, known ? "update" : "create"),
    );
    if (kind === "CompositeAlarm") evaluateComposites();
  }

  function note(alarm: Alarm, type: HistoryItem["type"], summary: string, data: object): void {
    const at = cloud.clock.now();
    kept.addHistory({ alarm: alarm.name, kind: alarm.kind, at, type, summary, data: JSON.stringify(data) });
  }

  function setState(alarm: Alarm, value: StateValue, reason: string, reasonData?: string): void {
    const now = cloud.clock.now();
    const before = alarm.state;
    const isChange = before.value !== value;
    alarm.state = { value, reason, reasonData, updatedAt: now, transitionedAt: isChange ? now : before.transitionedAt };
    kept.save(alarm);
    if (!isChange) return;
    const described = ({ value, reason, reasonData }: AlarmState) => ({
      stateValue: value,
      stateReason: reason,
      ...(reasonData && { stateReasonData: JSON.parse(reasonData) }),
    });
    const data = { version: "1.0", oldState: described(before), newState: described(alarm.state) };
    note(alarm, "StateUpdate", `Alarm updated from ${before.value} to ${value}`, data);
    const change = { alarm, before, after: alarm.state };
    tellEventBridge(alarm, "CloudWatch Alarm State Change", stateDetail(change));
    act(change);
    evaluateComposites();
  }

  function act(change: Change): void {
    const { alarm, after } = change;
    if (alarm.input.ActionsEnabled === false) return;
    const { AlarmActions = [], OKActions = [], InsufficientDataActions = [] } = alarm.input;
    const actions = { ALARM: AlarmActions, OK: OKActions, INSUFFICIENT_DATA: InsufficientDataActions }[after.value];
    for (const action of new Set(actions)) {
      perform(change, action).then(
        () => note(alarm, "Action", `Successfully executed action ${action}`, actionData(change, action, "Succeeded")),
        (error: Error) => {
          const message = `${alarm.arn} could not tell ${action}: ${error.message}`;
          cloud.log({ level: "warn", source: "cloudwatch", message });
          const data = { ...actionData(change, action, "Failed"), error: error.message };
          note(alarm, "Action", `Failed to execute action ${action}. Received error: "${error.message}"`, data);
        },
      );
    }
  }

  async function perform(change: Change, action: string): Promise<void> {
    const { alarm } = change;
    const [, , service] = action.split(":");
    if (service === "sns") {
      const body = topicMessage(change, cloud.account, cloud.region);
      const subject = subjectOf(change, cloud.region);
      await cloud.deliver(action, { service: SERVICE, sourceArn: alarm.arn, body, subject });
    } else if (service === "lambda") {
      const event = {
        source: "aws.cloudwatch",
        alarmArn: alarm.arn,
        accountId: cloud.account,
        time: alarmTime(change.after.updatedAt),
        region: cloud.region,
        alarmData: stateDetail(change),
      };
      const body = JSON.stringify(event);
      await cloud.deliver(action, { service: "lambda.alarms.cloudwatch.amazonaws.com", sourceArn: alarm.arn, body });
    } else throw new Error("on this machine an action is a topic or a function");
  }

  function tellEventBridge(alarm: Alarm, detailType: string, detail: object): void {
    const body = JSON.stringify({ "detail-type": detailType, resources: [alarm.arn], detail });
    const bus = `arn:aws:events:${cloud.region}:${cloud.account}:event-bus/default`;
    cloud.deliver(bus, { service: SERVICE, sourceArn: alarm.arn, body }).catch((error: Error) => {
      if (error instanceof AwsError && error.code === "UnknownService") return;
      cloud.log({
        level: "warn",
        source: "cloudwatch",
        message: `${alarm.arn} could not tell EventBridge: ${error.message}`,
      });
    });
  }

  function evaluate(now: number): void {
    const minute = Math.floor(now / MINUTE_MS);
    const isMinute = minute > evaluatedMinute;
    evaluatedMinute = minute;
    for (const alarm of [...alarms.values()]) {
      if (alarm.kind !== "MetricAlarm" || (!isMinute && queriesOf(alarm.input).period >= 60)) continue;
      try {
        const verdict = evaluateAlarm(store, alarm, now);
        if (verdict && verdict.value !== alarm.state.value) {
          setState(alarm, verdict.value, verdict.reason, verdict.reasonData);
        }
      } catch (error) {
        cloud.log({ level: "warn", source: "cloudwatch", message: `alarm ${alarm.name}: ${(error as Error).message}` });
      }
    }
    if (isMinute) evaluateComposites();
  }

  function evaluateComposites(): void {
    for (const alarm of [...alarms.values()]) {
      if (alarm.kind !== "CompositeAlarm" || !alarms.has(alarm.name)) continue;
      const rule = parseAlarmRule(alarm.input.AlarmRule!);
      const isAlarm = holds(rule, (name) => find(name)?.state.value);
      const value = isAlarm ? "ALARM" : "OK";
      if (value === alarm.state.value) continue;
      const triggers = alarmsIn(rule).flatMap((name) => find(name) ?? []);
      const [last] = triggers.sort((a, b) => b.state.transitionedAt - a.state.transitionedAt);
      const reason = last
        ? `${last.arn} transitioned to ${last.state.value} at ${new Date(last.state.transitionedAt).toUTCString()}`
        : `${alarm.arn} was created and its alarm rule evaluates to ${value}`;
      const triggeringAlarms = triggers.map(({ arn, state }) => ({
        arn,
        state: { value: state.value, timestamp: alarmTime(state.transitionedAt) },
      }));
      setState(alarm, value, reason, JSON.stringify({ triggeringAlarms }));
    }
  }

  const find = (nameOrArn: string) => alarms.get(nameOrArn.replace(/^arn:aws:cloudwatch:[^:]*:[^:]*:alarm:/, ""));

  return {
    all: () => [...alarms.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    get: (name) => alarms.get(name),
    arnOf,
    put,
    save: (alarm) => kept.save(alarm),
    remove(name) {
      const alarm = alarms.get(name);
      if (!alarm) return;
      alarms.delete(name);
      kept.remove(name);
      note(alarm, "ConfigurationUpdate", `Alarm "${name}" deleted`, { version: "1.0", type: "Delete" });
      tellEventBridge(alarm, "CloudWatch Alarm Configuration Change", configurationDetail(alarm, "delete"));
    },
    setState,
    evaluate,
    history: (name) => kept.history(name),
  };
}

function actionData({ alarm, after }: Change, action: string, actionState: string): object {
  return {
    actionState,
    stateUpdateTimestamp: after.updatedAt,
    notificationResource: action,
    publishedMessage: alarm.name,
  };
}
