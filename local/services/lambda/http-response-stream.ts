/**
 * A streamed response that is an HTTP response: its metadata as JSON, eight zero bytes, and then its body
 * (`awslambda.HttpResponseStream.from`). For function URLs and for API Gateway's response transfer mode `STREAM`:
 *
 *     const output = await cloud.call<StreamedOutput>("lambda", "InvokeWithResponseStream", { FunctionName, Payload }, call);
 *     const { metadata, body } = await httpResponseStream(output);
 */
import { Readable } from "node:stream";
import type { StreamedOutput } from "./invoke.ts";
import type { ResponseEvent } from "./streamed-invocation.ts";

/** The content type of a response that begins with metadata. */
export const HTTP_RESPONSE = "application/vnd.awslambda.http-integration-response";

const DELIMITER = Buffer.alloc(8);
/** Metadata and delimiter are within the first so many bytes. */
const METADATA_LIMIT_BYTES = 16 * 1024;

export interface HttpResponseStream {
  /** What the function says of status, headers and cookies: unchecked. Undefined where its response is of another type. */
  metadata?: Record<string, unknown>;
  contentType: string;
  /** Fails with a ResponseStreamError where the function does so in the middle: what was sent can not be taken back. */
  body: Readable;
}

/** The function failed, or what it streams is no HTTP response. */
export class ResponseStreamError extends Error {
  override readonly name = "ResponseStreamError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Answers as soon as the metadata has come; of a response of another type, with the first of its bytes.
 * @throws ResponseStreamError where the function failed before, or its metadata is malformed
 */
export async function httpResponseStream(output: StreamedOutput): Promise<HttpResponseStream> {
  const contentType = output.ResponseStreamContentType ?? "application/octet-stream";
  const chunks = payloads(output.EventStream!);
  const next = async () => {
    const { done, value } = await chunks.next();
    return done ? undefined : value;
  };
  let head: Buffer | undefined = await next();
  let metadata: Record<string, unknown> | undefined;
  if (contentType === HTTP_RESPONSE) {
    let end = -1;
    for (;;) {
      end = head?.indexOf(DELIMITER) ?? -1;
      if (end >= 0) break;
      const more: Buffer | undefined = head && head.length <= METADATA_LIMIT_BYTES ? await next() : undefined;
      if (!more) throw malformed("no metadata and eight zero bytes within the first 16 KB");
      head = Buffer.concat([head!, more]);
    }
    metadata = metadataOf(head!.toString("utf8", 0, end));
    head = head!.subarray(end + DELIMITER.length);
  }
  const body = Readable.from(rest(head, chunks), { objectMode: false });
  body.once("close", () => output.EventStream!.destroy());
  return { metadata, contentType, body };
}

async function* payloads(events: AsyncIterable<ResponseEvent>): AsyncGenerator<Buffer, undefined> {
  for await (const { PayloadChunk, InvokeComplete } of events) {
    if (PayloadChunk) yield Buffer.from(PayloadChunk.Payload);
    const { ErrorCode, ErrorDetails = "" } = InvokeComplete ?? {};
    if (ErrorCode) throw new ResponseStreamError(ErrorCode, ErrorDetails);
  }
}

async function* rest(first: Buffer | undefined, others: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (first && first.length > 0) yield first;
  yield* others;
}

function metadataOf(text: string): Record<string, unknown> {
  let metadata: unknown;
  try {
    metadata = JSON.parse(text);
  } catch {
    throw malformed("its metadata is not JSON");
  }
  if (metadata === null || typeof metadata !== "object" || Array.isArray(metadata)) {
    throw malformed("its metadata is not an object");
  }
  return metadata as Record<string, unknown>;
}

function malformed(problem: string): ResponseStreamError {
  return new ResponseStreamError("InvalidResponse", `The function's streamed response is malformed: ${problem}.`);
}
