/** Functions that a pool asks while users sign up and in. They have five seconds, and the pool must be let in. */
import { AwsError, type Cloud, type Principal, type Timer } from "../../service.ts";
import type { InvokeOutput } from "../lambda/invoke.ts";
import type { Pool } from "./pools/pool.ts";

export type TriggerName =
  | "preSignUp"
  | "postConfirmation"
  | "preAuthentication"
  | "postAuthentication"
  | "preTokenGeneration"
  | "customMessage"
  | "userMigration"
  | "defineAuthChallenge"
  | "createAuthChallenge"
  | "verifyAuthChallengeResponse";

export interface TriggerCall {
  pool: Pool;
  /** `PreSignUp_SignUp` */
  source: string;
  username: string;
  clientId: string;
  request: object;
  response: object;
  /** @default "1" */
  version?: string;
}

const LIMIT_MS = 5000;

export type Triggers = ReturnType<typeof triggers>;

export function triggers(cloud: Cloud) {
  const principal: Principal = { type: "service", arn: "cognito-idp.amazonaws.com", account: cloud.account };

  async function invoke(name: string, FunctionName: string, pool: Pool, event: object): Promise<InvokeOutput> {
    let timer: Timer | undefined;
    const failed = (reason: string) =>
      new AwsError("UnexpectedLambdaException", `${name} invocation failed due to error ${reason}.`);
    try {
      return await new Promise<InvokeOutput>((done, refuse) => {
        timer = cloud.clock.after(LIMIT_MS, () => refuse(failed("Socket timeout while invoking Lambda function")));
        const input = { FunctionName, Payload: JSON.stringify(event) };
        cloud.call<InvokeOutput>("lambda", "Invoke", input, { principal, sourceArn: pool.arn }).then(done, refuse);
      });
    } catch (error) {
      if (!(error instanceof AwsError) || error.code === "UnexpectedLambdaException") throw error;
      cloud.log({ level: "error", source: "cognito-idp", message: error.message });
      throw failed(error.code);
    } finally {
      timer?.cancel();
    }
  }

  return {
    /** What the function answers as `response`; undefined where the pool has no such trigger. */
    async ask<Response>(trigger: TriggerName, call: TriggerCall): Promise<Response | undefined> {
      const arn = call.pool.triggers[trigger];
      if (arn === undefined) return undefined;
      const name = trigger[0]!.toUpperCase() + trigger.slice(1);
      const output = await invoke(name, arn, call.pool, {
        version: call.version ?? "1",
        region: cloud.region,
        userPoolId: call.pool.id,
        userName: call.username,
        callerContext: { awsSdkVersion: "aws-sdk-unknown-unknown", clientId: call.clientId },
        triggerSource: call.source,
        request: call.request,
        response: call.response,
      });
      const answer = parse(output.Payload);
      if (output.FunctionError) {
        const message = String(answer?.errorMessage ?? "no message").replace(/\.$/, "");
        throw new AwsError("UserLambdaValidationException", `${name} failed with error ${message}.`);
      }
      if (typeof answer?.response !== "object" || answer.response === null)
        throw new AwsError("InvalidLambdaResponseException", `Unrecognizable lambda output`);
      return answer.response as Response;
    },
  };
}

function parse(payload: Uint8Array | undefined): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(payload ?? []).toString());
  } catch {
    return undefined;
  }
}
