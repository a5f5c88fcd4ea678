/** HTTP bindings of the REST protocols: labels, query, headers and payload, both ways. */
import { NormalizedSchema } from "@smithy/core/schema";
import type { AwsRequest } from "../service.ts";
import { EVENT_STREAM, eventStreamBody } from "./event-stream.ts";
import { readTimestamp, type Shape, timestampFormatOf, type WireOperation, writeTimestamp } from "./schema.ts";

/** How bodies are read and written: JSON or XML. */
export interface BodyCodec {
  contentType: string;
  read(shape: Shape, body: Buffer): unknown;
  write(shape: Shape, value: unknown): string | Uint8Array;
}

export interface BoundResponse {
  status: number;
  headers: Record<string, string>;
  body?: string | Buffer | Uint8Array | import("node:stream").Readable;
}

/** Builds the operation's input from the parts of the request. */
export function readBindings(
  operation: WireOperation,
  labels: Record<string, string>,
  request: AwsRequest,
  codec: BodyCodec,
): Record<string, unknown> {
  const ns = NormalizedSchema.of(operation.input);
  const input: Record<string, unknown> = {};
  if (!ns.isStructSchema()) return input;
  const inBody = new Set<string>();
  for (const [name, member] of ns.structIterator()) {
    const traits = member.getMergedTraits();
    if (traits.httpLabel) set(input, name, scalar(member, labels[name], "date-time"));
    else if (traits.httpQuery) set(input, name, readQueryMember(member, request.url.searchParams, traits.httpQuery));
    else if (traits.httpQueryParams) input[name] = Object.fromEntries(request.url.searchParams);
    else if (traits.httpHeader) set(input, name, readHeader(member, request.headers[traits.httpHeader.toLowerCase()]));
    else if (traits.httpPrefixHeaders) input[name] = prefixed(request.headers, traits.httpPrefixHeaders);
    else if (traits.httpPayload) set(input, name, readPayload(member, request.body, codec));
    else inBody.add(name);
  }
  if (inBody.size > 0 && request.body.length > 0) {
    const body = (codec.read(operation.input, request.body) ?? {}) as Record<string, unknown>;
    for (const name of inBody) set(input, name, body[name]);
  }
  return input;
}

function set(target: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined) target[name] = value;
}

function readQueryMember(member: NormalizedSchema, query: URLSearchParams, name: string): unknown {
  if (!member.isListSchema()) return scalar(member, query.get(name) ?? undefined, "date-time");
  const values = query.getAll(name);
  return values.length > 0 ? values.map((value) => scalar(member.getValueSchema(), value, "date-time")) : undefined;
}

function readHeader(member: NormalizedSchema, value: string | undefined): unknown {
  if (value === undefined) return undefined;
  if (!member.isListSchema()) return scalar(member, value, "http-date");
  return value.split(",").map((item) => scalar(member.getValueSchema(), item.trim(), "http-date"));
}

function readPayload(member: NormalizedSchema, body: Buffer, codec: BodyCodec): unknown {
  if (member.isBlobSchema()) return body;
  if (member.isStringSchema()) return body.toString("utf8");
  return body.length > 0 ? codec.read(member, body) : undefined;
}

function prefixed(headers: Record<string, string>, prefix: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(prefix.toLowerCase())) found[name.slice(prefix.length)] = value;
  }
  return found;
}

function scalar(member: NormalizedSchema, text: string | undefined, format: "date-time" | "http-date"): unknown {
  if (text === undefined) return undefined;
  if (member.isBooleanSchema()) return text === "true";
  if (member.isNumericSchema()) return Number(text);
  if (member.isTimestampSchema()) return readTimestamp(text, timestampFormatOf(member, format), member.getMemberName());
  return text;
}

/** Spreads an operation's output over status, headers and body. */
export function writeBindings(operation: WireOperation, output: unknown, codec: BodyCodec): BoundResponse {
  const ns = NormalizedSchema.of(operation.output);
  const response: BoundResponse = { status: operation.http?.status ?? 200, headers: {} };
  if (!ns.isStructSchema()) return response;
  const value = (output ?? {}) as Record<string, unknown>;
  // A status that the schema has no member for: 206 of a partial object.
  if (typeof value.$status === "number") response.status = value.$status;
  let hasPayload = false;
  let inBody = false;
  for (const [name, member] of ns.structIterator()) {
    const traits = member.getMergedTraits();
    const item = value[name];
    if (traits.httpHeader) {
      if (item !== undefined && item !== null) response.headers[traits.httpHeader.toLowerCase()] = text(member, item);
    } else if (traits.httpPrefixHeaders) {
      for (const [key, header] of Object.entries(item ?? {}))
        response.headers[traits.httpPrefixHeaders + key] = sendable(header);
    } else if (traits.httpResponseCode) {
      if (typeof item === "number") response.status = item;
    } else if (traits.httpPayload) {
      hasPayload = true;
      if (item !== undefined && item !== null) writePayload(response, member, item, codec);
    } else inBody = true;
  }
  if (inBody && !hasPayload) {
    response.headers["content-type"] ??= codec.contentType;
    response.body = codec.write(operation.output, bodyMembers(ns, value));
  }
  return response;
}

function writePayload(response: BoundResponse, member: NormalizedSchema, item: unknown, codec: BodyCodec): void {
  if (member.isBlobSchema() || member.isStringSchema()) {
    response.headers["content-type"] ??= member.isBlobSchema() ? "application/octet-stream" : "text/plain";
    response.body = item as Buffer;
  } else if (member.isStreaming()) {
    response.headers["content-type"] ??= EVENT_STREAM;
    response.body = eventStreamBody(member, item as AsyncIterable<Record<string, object>>, codec);
  } else {
    response.headers["content-type"] ??= codec.contentType;
    response.body = codec.write(member, item);
  }
}

function bodyMembers(ns: NormalizedSchema, value: Record<string, unknown>): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [name, member] of ns.structIterator()) {
    const { httpHeader, httpPrefixHeaders, httpResponseCode } = member.getMergedTraits();
    if (!httpHeader && !httpPrefixHeaders && !httpResponseCode) members[name] = value[name];
  }
  return members;
}

function text(member: NormalizedSchema, item: unknown): string {
  if (member.isTimestampSchema()) return String(writeTimestamp(item as Date, timestampFormatOf(member, "http-date")));
  return sendable(Array.isArray(item) ? item.join(",") : String(item));
}

/** What a caller named may come back in a header, and no header takes every character. */
function sendable(value: string): string {
  return value.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, "?");
}
