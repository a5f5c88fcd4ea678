/** A cloud with SQS, SNS and S3 on a clock that tests move, and a way to declare resources as a program would. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph, Value } from "../../engine/graph.ts";
import { type ManualClock, manualClock } from "../../local/clock.ts";
import { type RunningCloud, type ServiceFactory, startCloud } from "../../local/cloud.ts";
import type { LogLine } from "../../local/service.ts";
import { s3 } from "../../local/services/s3/index.ts";
import { sns } from "../../local/services/sns/index.ts";
import { sqs } from "../../local/services/sqs/index.ts";

export interface MessagingCloud {
  running: RunningCloud;
  clock: ManualClock;
  logged: LogLine[];
  /** Resolves when something next asks the clock for a delay of `ms`. */
  timerOf(ms: number): Promise<void>;
  /** Resolves when a delay of `ms` is next called off. */
  calledOff(ms: number): Promise<void>;
  declare(type: string, inputs: Record<string, unknown>, outputs?: Record<string, unknown>): Promise<void>;
  /** As after a kill: a second cloud on the same state, the first one never stopped. */
  restart(options?: { isKilled?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** @param services further ones */
export async function startMessaging(services: Record<string, ServiceFactory> = {}): Promise<MessagingCloud> {
  const directory = mkdtempSync(join(tmpdir(), "terrace-messaging-"));
  // Signatures carry the real time: start there
  const moved = manualClock(Date.now());
  const expected = new Map<string, (() => void)[]>();
  const expect = (what: string) =>
    new Promise<void>((resolve) => expected.set(what, [...(expected.get(what) ?? []), resolve]));
  const tell = (what: string) => {
    for (const resolve of expected.get(what) ?? []) resolve();
    expected.delete(what);
  };
  const clock: ManualClock = {
    ...moved,
    after(ms, task) {
      const timer = moved.after(ms, task);
      tell(`set ${ms}`);
      return {
        cancel() {
          timer.cancel();
          tell(`called off ${ms}`);
        },
      };
    },
  };
  const logged: LogLine[] = [];
  const killed: RunningCloud[] = [];
  const start = () =>
    startCloud({ directory, clock, services: { s3, sns, sqs, ...services }, log: (line) => void logged.push(line) });
  const cloud: MessagingCloud = {
    running: await start(),
    clock,
    logged,
    timerOf: (ms) => expect(`set ${ms}`),
    calledOff: (ms) => expect(`called off ${ms}`),
    declare: (type, inputs, outputs = inputs) => {
      const name = String(outputs.name ?? outputs.bucket ?? "it");
      const resource = {
        urn: `urn:pulumi:test::terrace::${type}::${name}`,
        ...{ type, name, custom: true, id: String(outputs.id ?? name) },
        inputs: inputs as Record<string, Value>,
        outputs: outputs as Record<string, Value>,
        ...{ secrets: [], dependencies: [], propertyDependencies: {}, options: {} },
      };
      return cloud.running.provision({ resources: [resource] } as unknown as Graph);
    },
    async restart({ isKilled = false } = {}) {
      if (isKilled) killed.push(cloud.running);
      else await cloud.running.stop();
      cloud.running = await start();
    },
    async stop() {
      for (const running of [cloud.running, ...killed]) await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return cloud;
}

/** The error's name that a call ends in. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return (error as Error).name;
  }
  throw new Error("expected the call to fail");
}

export function queuePolicy(queueArn: string, service: string, sourceArn: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: "sqs:SendMessage",
        Resource: queueArn,
        Condition: { ArnEquals: { "aws:SourceArn": sourceArn } },
      },
    ],
  });
}
