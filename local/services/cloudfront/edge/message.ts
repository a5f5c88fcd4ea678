/** A request of a viewer and an answer to it, on their way through a distribution. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Lower-case names; several values of a name in their order. */
export type Headers = Record<string, string[]>;

export interface ViewerRequest {
  method: string;
  /** As it came, percent-encoded, without the query. */
  path: string;
  /** Without the question mark. */
  query: string;
  headers: Headers;
  body?: Buffer;
  ip: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Buffer;
}

/** What an upload to an origin may have on this machine. */
const MAX_BODY_BYTES = 20 * 1024 * 1024;

/** @returns undefined where the body is larger than 20 MB */
export async function readRequest(incoming: IncomingMessage, host: string): Promise<ViewerRequest | undefined> {
  const target = incoming.url ?? "/";
  const question = target.indexOf("?");
  const headers = readHeaders(incoming.rawHeaders);
  headers.host = [host];
  const request: ViewerRequest = {
    method: incoming.method ?? "GET",
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? "" : target.slice(question + 1),
    headers,
    ip: incoming.socket.remoteAddress ?? "127.0.0.1",
  };
  if (!headers["content-length"] && !headers["transfer-encoding"]) return request;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  request.body = Buffer.concat(chunks);
  return request;
}

export function readHeaders(raw: string[]): Headers {
  // What a caller names (`__proto__`) is a header or nothing.
  const headers: Headers = Object.create(null);
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    headers[name] = [...(headers[name] ?? []), raw[index + 1]!];
  }
  return headers;
}

export const one = (headers: Headers, name: string): string | undefined => headers[name]?.join(", ");

export function textAnswer(status: number, type: string, text: string): Answer {
  return { status, headers: { "content-type": [type] }, body: Buffer.from(text) };
}

export function send(outgoing: ServerResponse, { status, headers, body }: Answer, method: string): void {
  if (outgoing.destroyed) return;
  const flat: string[] = [];
  for (const [name, values] of Object.entries(headers)) {
    if (name !== "content-length") for (const value of values) flat.push(name, value);
  }
  const hasBody = status !== 304 && status !== 204;
  // HEAD answers name the length of what they do not send; those of an origin have no body to count.
  const length = method === "HEAD" && body.length === 0 ? headers["content-length"]?.[0] : undefined;
  if (hasBody) flat.push("content-length", length ?? String(body.length));
  outgoing.writeHead(status, flat);
  outgoing.end(method === "HEAD" || !hasBody ? undefined : body);
}

/** `a=1; b=2` → name and value, in order. */
export function cookiesOf(headers: Headers): [name: string, value: string][] {
  return (headers.cookie ?? [])
    .flatMap((line) => line.split(";"))
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => {
      const sign = part.indexOf("=");
      return sign < 0 ? [part, ""] : [part.slice(0, sign), part.slice(sign + 1)];
    });
}

/** Parameters as they stand in the address, not decoded. */
export function parametersOf(query: string): [name: string, value: string][] {
  return query
    .split("&")
    .filter(Boolean)
    .map((part) => {
      const sign = part.indexOf("=");
      return sign < 0 ? [part, ""] : [part.slice(0, sign), part.slice(sign + 1)];
    });
}
