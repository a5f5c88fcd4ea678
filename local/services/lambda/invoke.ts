/** Invoke (synchronous, asynchronous and dry), and InvokeWithResponseStream. */
import type { Readable } from "node:stream";
import { AwsError, type Call, type Cloud, type Operation } from "../../service.ts";
import { constraint, invalid } from "./api/errors.ts";
import type { AsyncInvocations } from "./asynchronous/async-invocations.ts";
import type { DurableEngine } from "./durable/engine.ts";
import { parseFunctionName } from "./function-config.ts";
import type { Functions, InvokeRequest, LambdaFunction } from "./functions.ts";
import type { ResourcePolicies } from "./resource-policy.ts";

const SYNC_LIMIT_BYTES = 6_291_456;
const ASYNC_LIMIT_BYTES = 1_048_576;
const TAIL_BYTES = 4096;

export interface InvokeInput {
  FunctionName: string;
  /** @default "RequestResponse" */
  InvocationType?: "RequestResponse" | "Event" | "DryRun";
  /** JSON. Text is for callers inside this process: it is sent on as it is. */
  Payload?: Uint8Array | string;
  Qualifier?: string;
  ClientContext?: string;
  LogType?: "None" | "Tail";
  TenantId?: string;
  DurableExecutionName?: string;
  /** X-Ray's, from callers inside this process; others send it as a header. */
  TraceHeader?: string;
}

export interface InvokeOutput {
  StatusCode: number;
  FunctionError?: string;
  LogResult?: string;
  ExecutedVersion?: string;
  Payload?: Uint8Array;
  DurableExecutionArn?: string;
}

export interface StreamedOutput {
  StatusCode: number;
  ExecutedVersion?: string;
  /** What the function calls its response; `application/json` where it does not stream. */
  ResponseStreamContentType?: string;
  EventStream?: Readable;
}

export interface InvokeOperations {
  Invoke: Operation<InvokeInput, InvokeOutput>;
  InvokeWithResponseStream: Operation<InvokeInput, StreamedOutput>;
}

export function invokeOperations(
  cloud: Cloud,
  functions: Functions,
  policies: ResourcePolicies,
  events: AsyncInvocations,
  durable: () => Promise<DurableEngine>,
): InvokeOperations {
  const authorize = ({ FunctionName, Qualifier }: InvokeInput) => {
    const { name, qualifier = Qualifier } = parseFunctionName(FunctionName);
    const arn =
      functions.all.get(name)?.config.arn ?? `arn:aws:lambda:${cloud.region}:${cloud.account}:function:${name}`;
    return {
      action: "lambda:InvokeFunction",
      resource: qualifier ? `${arn}:${qualifier}` : arn,
      resourcePolicy: policies.of(name),
    };
  };

  function read(input: InvokeInput, { http }: Call): { target: LambdaFunction; request: InvokeRequest } {
    const qualifier = input.Qualifier ?? parseFunctionName(input.FunctionName).qualifier;
    const target = functions.find(input.FunctionName, input.Qualifier);
    const payload = payloadOf(input, http !== undefined);
    const traceHeader = input.TraceHeader ?? http?.headers["x-amzn-trace-id"];
    const tenantId = input.TenantId;
    if (tenantId !== undefined && !/^[\w.:/=+\-@ ]{1,256}$/.test(tenantId)) {
      throw new AwsError("InvalidParameterValueException", "TenantId has a character that it may not have.");
    }
    const executionName = checkExecutionName(input.DurableExecutionName, target);
    const clientContext = input.ClientContext && readClientContext(input.ClientContext);
    const tail: string[] | undefined = input.LogType === "Tail" ? [] : undefined;
    return { target, request: { payload, qualifier, clientContext, tenantId, tail, traceHeader, executionName } };
  }

  return {
    Invoke: {
      authorize,
      async run(input, call) {
        const { target, request } = read(input, call);
        const { payload, qualifier, tenantId, traceHeader, executionName, tail } = request;
        if (input.InvocationType === "DryRun") return { StatusCode: 204 };
        if (input.InvocationType === "Event" && target.config.durable) {
          const event = { payload: String(payload), qualifier, tenantId, traceHeader, executionName, isAsync: true };
          const { arn } = (await durable()).start(target, event);
          return { StatusCode: 202, Payload: Buffer.alloc(0), DurableExecutionArn: arn };
        }
        if (input.InvocationType === "Event") {
          events.accept(target, { payload: String(payload), qualifier, tenantId, traceHeader });
          return { StatusCode: 202, Payload: Buffer.alloc(0) };
        }
        const result = await functions.invoke(target, request);
        return {
          StatusCode: 200,
          FunctionError: result.functionError,
          ExecutedVersion: target.config.version,
          Payload: result.payload,
          DurableExecutionArn: result.durableExecutionArn,
          ...(tail && { LogResult: tailOf(tail) }),
        };
      },
    },
    InvokeWithResponseStream: {
      authorize,
      async run(input, call) {
        const { target, request } = read(input, call);
        if (input.InvocationType === "DryRun") return { StatusCode: 204 };
        const { streamedInvocation } = await import("./streamed-invocation.ts");
        return streamedInvocation(functions, target, request);
      },
    },
  };
}

/** The last 4 KB of a log. */
export function tailOf(lines: string[]): string {
  return Buffer.from(`${lines.join("\n")}\n`)
    .subarray(-TAIL_BYTES)
    .toString("base64");
}

function checkExecutionName(name: string | undefined, { config }: LambdaFunction): string | undefined {
  if (name === undefined) return undefined;
  if (!/^[a-zA-Z0-9-_]{1,64}$/.test(name)) {
    throw constraint(
      name,
      "durableExecutionName",
      "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]{1,64}",
    );
  }
  if (!config.durable) throw invalid("DurableExecutionName is only for durable functions.");
  return name;
}

function readClientContext(base64: string): string {
  try {
    // Written anew: it becomes a header of the Runtime API, on one line.
    return JSON.stringify(JSON.parse(Buffer.from(base64, "base64").toString()));
  } catch {
    throw new AwsError("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.");
  }
}

/** What comes over the wire may be anything; what this process sends is JSON. */
function payloadOf({ Payload = "", InvocationType }: InvokeInput, fromOutside: boolean): string {
  const payload =
    typeof Payload === "string" ? Payload : Buffer.from(Payload.buffer, Payload.byteOffset, Payload.length).toString();
  const limit = InvocationType === "Event" ? ASYNC_LIMIT_BYTES : SYNC_LIMIT_BYTES;
  // One character is at most three bytes of UTF-8.
  if (payload.length > limit / 3 && Buffer.byteLength(payload) > limit) {
    throw new AwsError(
      "RequestTooLargeException",
      `Request must be smaller than ${limit} bytes for the ${InvocationType ?? "RequestResponse"} InvocationType`,
      413,
      { Type: "User" },
    );
  }
  if (payload === "") return "{}";
  if (!fromOutside) return payload;
  try {
    JSON.parse(payload);
  } catch (error) {
    throw new AwsError(
      "InvalidRequestContentException",
      `Could not parse request body into json: ${(error as Error).message}`,
      400,
      {
        Type: "User",
      },
    );
  }
  return payload;
}
