/** HTTP integrations: requests to an endpoint, which has to be on this machine. */
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { Cloud } from "../../../service.ts";

export interface EndpointCall {
  uri: string;
  method: string;
  headers: Record<string, string>;
  body?: string | Buffer;
  timeoutMs: number;
  /** Hands the body on as it comes. */
  isStreamed?: boolean;
}

export type EndpointAnswer =
  | { outcome: "answered"; status: number; headers: [string, string][]; body: Buffer | Readable }
  | { outcome: "timeout" | "unreachable" };

const OWN = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\]|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.localhost)$/;
/** Of the connection, or made anew for the one to the endpoint. */
const DROPPED = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

export async function callEndpoint(
  cloud: Cloud,
  { uri, method, headers, body, timeoutMs, isStreamed }: EndpointCall,
): Promise<EndpointAnswer> {
  const warn = (message: string): EndpointAnswer => {
    cloud.log({ level: "warn", source: "apigateway", message });
    return { outcome: "unreachable" };
  };
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    return warn(`${uri} is no address that an integration could call.`);
  }
  if (!OWN.test(url.hostname)) {
    return warn(`${url.origin} is not on this machine: HTTP integrations reach localhost and 127.0.0.1 only.`);
  }
  const gone = new AbortController();
  const timer = cloud.clock.after(timeoutMs, () => gone.abort());
  const kept = Object.entries(headers).filter(([name]) => !DROPPED.has(name.toLowerCase()));
  const hasBody = body !== undefined && method !== "GET" && method !== "HEAD";
  try {
    const response = await fetch(url, {
      ...{ method, headers: kept, redirect: "manual", signal: gone.signal },
      ...(hasBody && { body: new Uint8Array(Buffer.from(body)) }),
    });
    const answered = [...response.headers].filter(([name]) => !DROPPED.has(name) && name !== "content-encoding");
    return {
      outcome: "answered",
      status: response.status,
      headers: answered,
      body: await bodyOf(response, isStreamed),
    };
  } catch (error) {
    if (gone.signal.aborted) return { outcome: "timeout" };
    return warn(
      `${url.origin} does not answer: ${((error as Error).cause as Error)?.message ?? (error as Error).message}`,
    );
  } finally {
    timer.cancel();
  }
}

async function bodyOf(response: Response, isStreamed: boolean | undefined): Promise<Buffer | Readable> {
  if (isStreamed && response.body) return Readable.fromWeb(response.body as ReadableStream);
  return Buffer.from(await response.arrayBuffer());
}
