/** What the process of an environment answers to the invocation that it runs, whole or piece by piece: held to the limits, then settled. */
import { type Invocation, RESPONSE_LIMIT_BYTES, tooLarge } from "./invocation.ts";
import type { RuntimeClient } from "./runtime-api/runtime-client.ts";
import { STREAM_LIMIT_BYTES, type StreamedResponse, streamedResponse } from "./streamed-response.ts";

export interface Replies {
  /** What the process may say of an invocation's response. */
  client: Pick<RuntimeClient, "response" | "error" | "streamBegin" | "streamChunk" | "streamEnd" | "streamDone">;
  /** The invocation is over. @param error Why a streamed response ends early, if it has not ended */
  close(error?: Buffer): void;
}

export interface RepliesOptions {
  running(): Invocation | undefined;
  /** The invocation has ended with this, which is an error or what was collected. */
  onSettled(payload: Buffer, isError: boolean): void;
  /** The process would go on writing, and nobody would stop it. */
  onExceeded(): void;
}

export function replies({ running, onSettled, onExceeded }: RepliesOptions): Replies {
  let streamed: StreamedResponse | undefined;
  return {
    client: {
      response(requestId, body) {
        if (running()?.requestId !== requestId) return;
        if (body.length > RESPONSE_LIMIT_BYTES) onSettled(tooLarge(body.length, RESPONSE_LIMIT_BYTES), true);
        else onSettled(body, false);
      },
      error(requestId, body) {
        if (running()?.requestId === requestId) onSettled(body, true);
      },
      streamBegin(requestId, contentType) {
        const current = running();
        if (current?.requestId === requestId) streamed ??= streamedResponse(contentType, current.onStream);
      },
      streamChunk(requestId, chunk, resume) {
        const current = running();
        if (current?.requestId !== requestId || !streamed) return true;
        const limit = current.onStream ? STREAM_LIMIT_BYTES : RESPONSE_LIMIT_BYTES;
        if (streamed.bytes + chunk.length <= limit) return streamed.write(chunk, resume);
        onSettled(tooLarge(streamed.bytes + chunk.length, limit), true);
        onExceeded();
        return true;
      },
      streamEnd(requestId, error) {
        if (running()?.requestId === requestId) streamed?.end(error);
      },
      streamDone(requestId) {
        if (running()?.requestId !== requestId || !streamed) return;
        const { error } = streamed;
        onSettled(error ?? streamed.collected(), error !== undefined);
      },
    },
    close(error) {
      streamed?.end(error);
      streamed = undefined;
    },
  };
}
