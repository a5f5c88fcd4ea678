/** Functions: their answer read as JSON, what they throw as an error by its own name, what Lambda throws as `Lambda.…`. */
import { AwsError, type Call, type Cloud } from "../../../service.ts";
import type { Json, JsonObject } from "../language/definition.ts";
import { runtimeError, StatesError } from "../language/states-error.ts";
import { textOf } from "./shapes.ts";

const FIELDS = ["FunctionName", "Payload", "Qualifier", "InvocationType", "ClientContext", "LogType", "TenantId"];

interface InvokeOutput {
  StatusCode: number;
  FunctionError?: string;
  ExecutedVersion?: string;
  LogResult?: string;
  Payload?: Uint8Array;
}

export async function callFunction(cloud: Cloud, args: JsonObject, call: Partial<Call>): Promise<JsonObject> {
  const stranger = Object.keys(args).find((key) => !FIELDS.includes(key));
  if (stranger) throw runtimeError(`The field "${stranger}" is not supported by Step Functions`);
  const { Payload, ...rest } = args;
  let output: InvokeOutput;
  try {
    const input = { ...rest, Payload: Payload === undefined ? undefined : JSON.stringify(Payload) };
    output = await cloud.call<InvokeOutput>("lambda", "Invoke", input, call);
  } catch (error) {
    throw lambdaError(error);
  }
  const text = output.Payload ? Buffer.from(output.Payload).toString() : "";
  const payload = readPayload(text);
  if (output.FunctionError) throw thrown(payload, text);
  return {
    StatusCode: output.StatusCode,
    ExecutedVersion: output.ExecutedVersion ?? "$LATEST",
    Payload: payload,
    ...(output.LogResult && { LogResult: output.LogResult }),
  };
}

function readPayload(text: string): Json {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

function thrown(payload: Json, text: string): StatesError {
  const type = (payload as JsonObject | null)?.errorType;
  if (typeof type === "string" && type !== "") return new StatesError(type, text);
  const cause = `The cause could not be determined because Lambda did not return an error type. Returned payload: ${textOf(payload)}`;
  return new StatesError("Lambda.Unknown", cause);
}

/** Names as the SDK for Java has them: those that have none are the service's own. */
function lambdaError(error: unknown): StatesError {
  if (!(error instanceof AwsError))
    return new StatesError("Lambda.SdkClientException", String((error as Error).message));
  const { code, message, status } = error;
  const hasName = code.endsWith("Exception") && code !== "AccessDeniedException" && code !== "ValidationException";
  const name = hasName ? code : "AWSLambdaException";
  return new StatesError(
    `Lambda.${name}`,
    `${message} (Service: AWSLambda; Status Code: ${status}; Error Code: ${code})`,
  );
}
