/** Functions that Cognito asks while users sign up and in. */
import type * as aws from "@pulumi/aws";
import type { Function } from "../../compute/function.ts";
import { InvalidArgumentError } from "../../invalid-argument.ts";

export interface TriggersArgs {
  /** Says what stands in tokens: tenant and tier. @default nobody is asked */
  preTokenGeneration?: Function;
  /** @default nobody is asked */
  preSignUp?: Function;
  /** @default nobody is asked */
  preAuthentication?: Function;
  /** @default nobody is told */
  postAuthentication?: Function;
  /** @default nobody is told */
  postConfirmation?: Function;
  /** Words of messages. @default Cognito's own */
  customMessage?: Function;
  /** Brings users from another directory at their first sign-in. @default nobody is asked */
  userMigration?: Function;
}

const NAMES = [
  "preSignUp",
  "preAuthentication",
  "postAuthentication",
  "postConfirmation",
  "customMessage",
  "userMigration",
] as const;

export function lambdaConfig(triggers: TriggersArgs): aws.types.input.cognito.UserPoolLambdaConfig {
  const { preTokenGeneration } = triggers;
  return {
    ...Object.fromEntries(NAMES.flatMap((name) => (triggers[name] ? [[name, triggers[name].targetArn]] : []))),
    ...(preTokenGeneration
      ? // The second version may write access tokens too.
        { preTokenGenerationConfig: { lambdaArn: preTokenGeneration.targetArn, lambdaVersion: "V2_0" } }
      : {}),
  };
}

/** Lets this pool, and no other, invoke its triggers. */
export function allowTriggers(name: string, pool: aws.cognito.UserPool, triggers: TriggersArgs): void {
  for (const [trigger, fn] of Object.entries(triggers) as [string, Function][]) {
    fn.allowInvoke(`${name}-${trigger}`, "cognito-idp.amazonaws.com", pool.arn);
  }
}

export function checkTriggers(component: string, triggers: TriggersArgs = {}): void {
  for (const [trigger, fn] of Object.entries(triggers)) {
    if (!(NAMES as readonly string[]).includes(trigger) && trigger !== "preTokenGeneration") {
      const remedy = `there are preTokenGeneration, ${NAMES.join(", ")}`;
      throw new InvalidArgumentError(component, `triggers.${trigger}`, "given", remedy);
    }
    if (fn.timeoutSeconds > 5) {
      const remedy = "Cognito waits for five seconds; lower the function's timeoutSeconds";
      throw new InvalidArgumentError(component, `triggers.${trigger}`, fn.timeoutSeconds, remedy);
    }
  }
}
