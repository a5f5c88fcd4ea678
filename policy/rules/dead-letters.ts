import { type Rule, type Stack, type Subject, UNKNOWN } from "../rule.ts";

const QUEUE = "aws:sqs/queue:Queue";
const FUNCTION = "aws:lambda/function:Function";
/** Those that hand a function an event and do not wait for its answer. */
const ASYNCHRONOUS = /^(sns|s3|events|scheduler|ses|iot)\.amazonaws\.com$/;

export const deadLetters: Rule = {
  name: "dead-letters",
  description: "A message that cannot be processed ends where somebody finds it.",
  remedy: "Give the queue a dead-letter queue, the function an on-failure destination or dead-letter queue.",
  level: "mandatory",
  types: [QUEUE, FUNCTION, "aws:lambda/eventSourceMapping:EventSourceMapping"],
  *check(subject, stack) {
    const { type, properties } = subject;
    if (type === QUEUE) {
      if (!properties.redrivePolicy && !isDeadLetterQueue(subject, stack)) yield "it has no redrivePolicy";
    } else if (type === FUNCTION) {
      const caller = asynchronousCaller(subject, stack);
      if (caller && !hasDestination(subject, stack)) yield `${caller} calls it, and what fails is dropped`;
    } else if (/:(kinesis|dynamodb):/.test(String(properties.eventSourceArn))) {
      if (!properties.destinationConfig?.onFailure?.destinationArn) yield "records that fail for good are dropped";
    }
  },
};

/** One that others name as theirs, or that says whose letters it takes. */
function isDeadLetterQueue({ properties }: Subject, stack: Stack): boolean {
  const policies = stack.ofType("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy");
  if (
    properties.redriveAllowPolicy ||
    policies.some((each) => [properties.url, properties.id].includes(each.properties.queueUrl))
  ) {
    return true;
  }
  if (properties.arn === UNKNOWN) return true; // who names it is not known either
  const arn = String(properties.arn);
  return stack.all.some((each) => {
    const { redrivePolicy, deadLetterConfig, destinationConfig } = each.properties;
    return JSON.stringify([redrivePolicy, deadLetterConfig, destinationConfig])?.includes(arn);
  });
}

function asynchronousCaller({ properties }: Subject, stack: Stack): string | undefined {
  const names = [properties.name, properties.arn];
  return stack
    .ofType("aws:lambda/permission:Permission")
    .filter((permission) => names.includes(permission.properties.function))
    .map((permission) => String(permission.properties.principal))
    .find((principal) => ASYNCHRONOUS.test(principal));
}

function hasDestination({ properties }: Subject, stack: Stack): boolean {
  if (properties.deadLetterConfig?.targetArn) return true;
  return stack
    .ofType("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
    .some(
      (each) =>
        [properties.name, properties.arn].includes(each.properties.functionName) &&
        each.properties.destinationConfig?.onFailure,
    );
}
