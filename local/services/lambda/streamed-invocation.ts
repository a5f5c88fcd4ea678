/** An invocation whose response is read while the function makes it, as InvokeWithResponseStream tells of it. */
import { Readable } from "node:stream";
import type { InvocationResult } from "./environments/invocation.ts";
import type { ResponseStream } from "./environments/streamed-response.ts";
import type { Functions, InvokeRequest, LambdaFunction } from "./functions.ts";
import { type StreamedOutput, tailOf } from "./invoke.ts";

/** What `EventStream` is made of: chunks, and what there is to say at the end. */
export interface ResponseEvent {
  PayloadChunk?: { Payload: Uint8Array };
  InvokeComplete?: { ErrorCode?: string; ErrorDetails?: string; LogResult?: string };
}

/** Answers as soon as the function does. */
export async function streamedInvocation(
  functions: Functions,
  target: LambdaFunction,
  request: InvokeRequest,
): Promise<StreamedOutput> {
  const { promise: opened, resolve: onStream } = Promise.withResolvers<ResponseStream>();
  const finished = functions.invoke(target, { ...request, onStream });
  const stream = await Promise.race([opened, finished.then(() => undefined)]);
  const events = Readable.from(stream ? streamed(stream, finished, request.tail) : whole(await finished, request.tail));
  // Who stops reading lets the function write on, to nobody.
  events.once("close", () => stream?.body.destroy());
  return {
    StatusCode: 200,
    ExecutedVersion: target.config.version,
    ResponseStreamContentType: stream?.contentType ?? "application/json",
    EventStream: events,
  };
}

async function* streamed(
  stream: ResponseStream,
  finished: Promise<InvocationResult>,
  tail: string[] | undefined,
): AsyncGenerator<ResponseEvent> {
  for await (const chunk of stream.body) yield { PayloadChunk: { Payload: chunk } };
  // A function may work on after its response has ended: only its log is worth waiting for.
  if (tail) await finished;
  const error = stream.error?.toString();
  yield complete(error === undefined ? undefined : [errorTypeOf(error), error], tail);
}

/** Of a function that does not stream, or has failed before it began. */
function* whole({ payload, functionError }: InvocationResult, tail: string[] | undefined): Generator<ResponseEvent> {
  if (!functionError) yield { PayloadChunk: { Payload: payload } };
  yield complete(functionError && [functionError, payload.toString()], tail);
}

function complete(error: [code: string, details: string] | undefined, tail: string[] | undefined): ResponseEvent {
  return {
    InvokeComplete: {
      ...(error && { ErrorCode: error[0], ErrorDetails: error[1] }),
      ...(tail && { LogResult: tailOf(tail) }),
    },
  };
}

function errorTypeOf(json: string): string {
  return String((JSON.parse(json) as { errorType?: string }).errorType ?? "Unhandled");
}
