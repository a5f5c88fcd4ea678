/** What becomes of events that nobody waits for: how often they are tried, and where they go when it was in vain. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { type Grant, grantPublish, grantSend } from "../../grants.ts";
import { checkedArn, checkRange, InvalidArgumentError } from "../../invalid-argument.ts";

/** Where an outcome goes: a standard `Queue`, a `Topic`, another `Function`. */
export interface Destination {
  readonly targetArn: pulumi.Output<string>;
  /** What sending there takes. */
  readonly triggerGrants: Grant[];
  readonly fifo?: boolean;
}

export interface AsynchronousArgs {
  /** Of an event whose function failed, 0 to 2. @default 2 */
  retries?: number;
  /** Seconds after which an event is given up, 60 to 21600. @default 21600 (6 hours) */
  maximumAgeSeconds?: number;
  /** Receives what was given up, with the error. @default it is lost, but for a metric */
  onFailure?: Destination;
  /** Receives what was done, with the answer. @default nobody is told */
  onSuccess?: Destination;
}

export const destinationGrants = ({ onFailure, onSuccess }: AsynchronousArgs = {}): Grant[] =>
  [onFailure, onSuccess].flatMap((destination) => destination?.triggerGrants ?? []);

export function configureEvents(
  parent: pulumi.Resource,
  name: string,
  fn: aws.lambda.Function,
  alias: aws.lambda.Alias | undefined,
  { retries, maximumAgeSeconds, onFailure, onSuccess }: AsynchronousArgs,
): void {
  new aws.lambda.FunctionEventInvokeConfig(
    `${name}-events`,
    {
      functionName: fn.name,
      qualifier: alias?.name,
      maximumRetryAttempts: retries ?? 2,
      maximumEventAgeInSeconds: maximumAgeSeconds ?? 21_600,
      destinationConfig:
        onFailure || onSuccess
          ? {
              onFailure: onFailure && { destination: onFailure.targetArn },
              onSuccess: onSuccess && { destination: onSuccess.targetArn },
            }
          : undefined,
    },
    { parent },
  );
}

/** The older way: the event alone, without the error. */
export interface DeadLetters {
  arn: pulumi.Output<string>;
  grants: Grant[];
}

/** An ARN that is not known yet may be of either: both are allowed to be sent to, the one that it is not has no such action. */
export function deadLettersOf(component: string, arn: pulumi.Input<string> | undefined): DeadLetters | undefined {
  const target = checkedArn(component, "deadLetterArn", arn, "(sqs|sns)");
  if (!target) return undefined;
  if (typeof arn === "string") {
    return { arn: target, grants: [/^arn:[\w-]+:sns:/.test(arn) ? grantPublish(target) : grantSend(target)] };
  }
  return { arn: target, grants: [{ actions: ["sqs:SendMessage", "sns:Publish"], resources: [target] }] };
}

export function checkEvents(component: string, args: AsynchronousArgs | undefined): void {
  if (!args) return;
  checkRange(component, "asynchronous.retries", args.retries, 0, 2);
  checkRange(component, "asynchronous.maximumAgeSeconds", args.maximumAgeSeconds, 60, 21_600);
  for (const outcome of ["onFailure", "onSuccess"] as const) {
    if (!args[outcome]?.fifo) continue;
    const remedy = "Lambda names no message group; use a standard queue";
    throw new InvalidArgumentError(component, `asynchronous.${outcome}`, "fifo", remedy);
  }
}
