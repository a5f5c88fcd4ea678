/**
 * Rotation: a function of the owner's makes the next version in four steps, at the owner's word and on a schedule.
 * A step that fails leaves the pending version; the next RotateSecret tries it again.
 */
import { randomUUID } from "node:crypto";
import { AwsError, type Cloud, type Timer } from "../../service.ts";
import { checkRules, nextRotation, type RotationRules } from "./rotation-schedule.ts";
import type { Secrets } from "./secrets.ts";
import type { Secret } from "./store.ts";

export interface Rotation {
  enabled: boolean;
  functionArn: string;
  rules?: RotationRules;
  /** ms since the epoch, as all times here */
  since: number;
  lastAt?: number;
  nextAt?: number;
}

export interface RotateInput {
  SecretId: string;
  ClientRequestToken?: string;
  RotationLambdaARN?: string;
  RotationRules?: RotationRules;
  RotateImmediately?: boolean;
}

export interface Rotations {
  rotate(input: RotateInput): Promise<{ ARN: string; Name: string; VersionId?: string }>;
  cancel(id: string): { ARN: string; Name: string; VersionId?: string };
  stop(): void;
}

const STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"];
/** Timers of Node end at 2^31 ms: a later rotation is looked at again then. */
const LONGEST_WAIT_MS = 20 * 86_400_000;

export function rotations(cloud: Cloud, { store, found, usable, changed }: Secrets): Rotations {
  const timers = new Map<string, Timer>();
  const busy = new Set<string>();

  async function step(secret: Secret, token: string, name: string): Promise<void> {
    const Payload = Buffer.from(JSON.stringify({ Step: name, SecretId: secret.arn, ClientRequestToken: token }));
    const output = await cloud.call<{ FunctionError?: string; Payload?: Uint8Array }>(
      "lambda",
      "Invoke",
      { FunctionName: secret.rotation!.functionArn, Payload },
      {
        principal: { type: "service", arn: "secretsmanager.amazonaws.com", account: cloud.account },
        sourceArn: secret.arn,
      },
    );
    if (output.FunctionError) throw new Error(Buffer.from(output.Payload ?? []).toString());
  }

  /** Never rejects: what went wrong is in the log, as CloudTrail has it on AWS. */
  async function run(secret: Secret, token: string, steps: string[]): Promise<void> {
    busy.add(secret.arn);
    let current = "";
    try {
      for (const name of steps) {
        current = name;
        await step(secret, token, name);
      }
      const after = store.find(secret.arn);
      if (after?.rotation && steps === STEPS) {
        if (!store.version(after.arn, { id: token, stage: "AWSCURRENT" })) {
          throw new Error("the function did not move AWSCURRENT to the new version");
        }
        await scheduled(after, { ...after.rotation, lastAt: cloud.clock.now() });
      }
    } catch (error) {
      const message = `Rotation of ${secret.name} failed in ${current}: ${(error as Error).message}`;
      cloud.log({ level: "error", source: "secretsmanager", message });
    } finally {
      busy.delete(secret.arn);
      arm(secret.arn);
    }
  }

  /** A pending version that is not the current one: a rotation that is not over. */
  function unfinished({ arn }: Secret): string | undefined {
    const pending = store.version(arn, { stage: "AWSPENDING" });
    return pending && !pending.stages.includes("AWSCURRENT") ? pending.id : undefined;
  }

  function begin(secret: Secret, token: string): void {
    store.addPending(secret.arn, token);
    void run(secret, token, STEPS);
  }

  /** Keeps when it is due next, after now and after the last time. */
  async function scheduled(secret: Secret, rotation: Rotation): Promise<Secret> {
    const { rules, since, lastAt = since } = rotation;
    const nextAt = await nextRotation(rules, lastAt, cloud.clock.now());
    return changed(store.find(secret.arn) ?? secret, { rotation: { ...rotation, nextAt } });
  }

  function arm(arn: string): void {
    timers.get(arn)?.cancel();
    timers.delete(arn);
    const { enabled, nextAt: at } = store.find(arn)?.rotation ?? {};
    if (!enabled || at === undefined) return;
    const wait = Math.min(Math.max(at - cloud.clock.now(), 0), LONGEST_WAIT_MS);
    timers.set(
      arn,
      cloud.clock.after(wait, () => {
        const secret = store.find(arn);
        if (!secret?.rotation || busy.has(arn)) return;
        if (cloud.clock.now() < at) return arm(arn);
        void scheduled(secret, secret.rotation).then((next) => {
          if (next.deletedAt === undefined) begin(next, unfinished(next) ?? randomUUID());
          else arm(arn);
        });
      }),
    );
  }

  async function rotate(input: RotateInput): Promise<{ ARN: string; Name: string; VersionId?: string }> {
    const secret = usable(input.SecretId);
    const functionArn = input.RotationLambdaARN ?? secret.rotation?.functionArn;
    if (functionArn === undefined) {
      throw refused("No Lambda rotation function ARN is associated with this secret.");
    }
    await checkRules(input.RotationRules);
    const pending = unfinished(secret);
    if (pending && pending !== input.ClientRequestToken) {
      if (secret.rotation && !busy.has(secret.arn)) void run(secret, pending, STEPS);
      throw refused("A previous rotation isn't complete. That rotation will be reattempted.");
    }
    await assertCallable(functionArn, secret);
    const rotation: Rotation = {
      ...{ enabled: true, functionArn, since: secret.rotation?.since ?? cloud.clock.now() },
      ...{ rules: input.RotationRules ?? secret.rotation?.rules, lastAt: secret.rotation?.lastAt },
    };
    const rotating = await scheduled(secret, rotation);
    arm(secret.arn);
    const token = input.ClientRequestToken ?? randomUUID();
    if (input.RotateImmediately === false) {
      // Only whether the function can do it is asked.
      const current = store.version(secret.arn, { stage: "AWSCURRENT" })?.id ?? token;
      void run(rotating, current, ["testSecret"]);
      return { ARN: secret.arn, Name: secret.name };
    }
    if (!busy.has(secret.arn)) begin(rotating, token);
    return { ARN: secret.arn, Name: secret.name, VersionId: token };
  }

  /** A function that lets Secrets Manager call it; asked before anything is changed. */
  async function assertCallable(functionArn: string, secret: Secret): Promise<void> {
    try {
      await cloud.call(
        "lambda",
        "Invoke",
        { FunctionName: functionArn, InvocationType: "DryRun" },
        {
          principal: { type: "service", arn: "secretsmanager.amazonaws.com", account: cloud.account },
          sourceArn: secret.arn,
        },
      );
    } catch (error) {
      throw new AwsError(
        "AccessDeniedException",
        `Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com. (${(error as Error).message})`,
      );
    }
  }

  for (const { arn } of store.list()) arm(arn);

  return {
    rotate,
    cancel(id) {
      const secret = found(id);
      if (secret.rotation) changed(secret, { rotation: { ...secret.rotation, enabled: false } });
      arm(secret.arn);
      return { ARN: secret.arn, Name: secret.name, VersionId: unfinished(secret) };
    },
    stop() {
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
    },
  };
}

const refused = (message: string): AwsError => new AwsError("InvalidRequestException", message);
