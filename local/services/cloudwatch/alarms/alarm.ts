/** An alarm as it is kept. */
import type { PutCompositeAlarmInput, PutMetricAlarmInput, StateValue } from "@aws-sdk/client-cloudwatch";

export interface AlarmState {
  value: StateValue;
  reason: string;
  /** JSON */
  reasonData?: string;
  /** ms since the epoch, of the last change of value or reason */
  updatedAt: number;
  /** ms since the epoch, of the last change of value */
  transitionedAt: number;
}

interface Kept {
  name: string;
  arn: string;
  /** ms since the epoch */
  configuredAt: number;
  state: AlarmState;
  tags: Record<string, string>;
  isDeclared: boolean;
}

export interface MetricAlarmEntry extends Kept {
  kind: "MetricAlarm";
  input: PutMetricAlarmInput;
}

export interface CompositeAlarmEntry extends Kept {
  kind: "CompositeAlarm";
  input: PutCompositeAlarmInput;
}

export type Alarm = MetricAlarmEntry | CompositeAlarmEntry;

/** `2026-01-01T00:00:00.000+0000`, as alarms write times. */
export function alarmTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "+0000");
}
