/** A response that a function makes piece by piece, on its way from the environment to whoever reads it. */
import { PassThrough, type Readable } from "node:stream";

/** AWS's limit for a streamed response; one that is collected is held to the limit of all others. */
export const STREAM_LIMIT_BYTES = 200 * 1024 * 1024;

/** What a caller gets as soon as the function has begun to answer. */
export interface ResponseStream {
  /** @default "application/octet-stream" */
  contentType: string;
  body: Readable;
  /** Once the body has ended: why it ended early, as JSON `{ errorType, errorMessage }`. */
  error?: Buffer;
}

/** The environment's end of it. */
export interface StreamedResponse {
  readonly bytes: number;
  readonly hasEnded: boolean;
  readonly error?: Buffer;
  /** What was collected where nobody reads along. */
  collected(): Buffer;
  /** @returns False where there is no room for more before `resume` was called. */
  write(chunk: Buffer, resume: () => void): boolean;
  /** Later calls have no effect. */
  end(error?: Buffer): void;
}

/** @param onStream Who reads along. */
export function streamedResponse(
  contentType: string,
  onStream: ((stream: ResponseStream) => void) | undefined,
): StreamedResponse {
  const body = onStream && new PassThrough();
  const chunks: Buffer[] = [];
  let bytes = 0;
  let hasEnded = false;
  const stream: ResponseStream | undefined = body && { contentType, body };
  // Who has stopped reading does not stop the function.
  body?.on("error", () => {});
  let error: Buffer | undefined;
  if (stream) onStream?.(stream);
  return {
    get bytes() {
      return bytes;
    },
    get hasEnded() {
      return hasEnded;
    },
    get error() {
      return error;
    },
    collected: () => Buffer.concat(chunks),
    write(chunk, resume) {
      bytes += chunk.length;
      if (!body) chunks.push(chunk);
      if (!body || body.destroyed || body.write(chunk)) return true;
      const goOn = () => {
        body.off("drain", goOn).off("close", goOn);
        resume();
      };
      body.on("drain", goOn).on("close", goOn);
      return false;
    },
    end(reason) {
      if (hasEnded) return;
      hasEnded = true;
      error = reason;
      if (stream) stream.error = reason;
      body?.end();
    },
  };
}
