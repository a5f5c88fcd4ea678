/** Reads what a proxied function answers. Pure. */
import type { GatewayAnswer } from "../serve/exchange.ts";

const KNOWN = new Set(["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded", "cookies"]);
/** The gateway's own, or the connection's. */
const DROPPED = new Set(["connection", "content-length", "date", "keep-alive", "transfer-encoding"]);

/**
 * The answer of a REST API's function; undefined when it is malformed (which clients see as 502).
 * @param decodes Whether a base64 body is decoded: the API's binary media types have to name what the client accepts.
 */
export function restProxyResponse(payload: Buffer, decodes: boolean): GatewayAnswer | undefined {
  const answer = parsed(payload);
  if (!isObject(answer)) return undefined;
  for (const key in answer) if (!KNOWN.has(key) || key === "cookies") return undefined;
  const status = Number(answer.statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  const { body } = answer;
  if (body !== undefined && body !== null && typeof body !== "string") return undefined;
  const headers: string[] = [];
  if (!addHeaders(headers, answer.headers, answer.multiValueHeaders)) return undefined;
  if (!hasContentType(headers)) headers.push("Content-Type", "application/json");
  const text = (body as string | null | undefined) ?? "";
  return { status, headers, body: answer.isBase64Encoded === true && decodes ? Buffer.from(text, "base64") : text };
}

/** The answer of an HTTP API's function: anything without a statusCode is the body of a 200, as JSON. */
export function httpProxyResponse(payload: Buffer): GatewayAnswer | undefined {
  const answer = parsed(payload);
  if (answer === undefined) return undefined;
  if (!isObject(answer) || answer.statusCode === undefined) {
    const body = typeof answer === "string" ? answer : JSON.stringify(answer);
    return { status: 200, headers: ["content-type", "application/json"], body };
  }
  const status = Number(answer.statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  const headers: string[] = [];
  if (!addHeaders(headers, answer.headers, answer.multiValueHeaders)) return undefined;
  for (const cookie of Array.isArray(answer.cookies) ? answer.cookies : []) headers.push("set-cookie", String(cookie));
  if (!hasContentType(headers)) headers.push("content-type", "text/plain;charset=UTF-8");
  const { body } = answer;
  const text = body === undefined || body === null ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers, body: answer.isBase64Encoded === true ? Buffer.from(text, "base64") : text };
}

/** Of a name in both, the list wins. False when a value is neither text nor number nor boolean. */
function addHeaders(target: string[], single: unknown, multi: unknown): boolean {
  const lists = isObject(multi) ? multi : {};
  if (isObject(single)) {
    for (const name in single) {
      if (DROPPED.has(name.toLowerCase()) || Object.hasOwn(lists, name)) continue;
      if (!add(target, name, single[name])) return false;
    }
  }
  for (const name in lists) {
    if (DROPPED.has(name.toLowerCase())) continue;
    const values = lists[name];
    if (!Array.isArray(values)) return false;
    for (const value of values) if (!add(target, name, value)) return false;
  }
  return true;
}

function add(target: string[], name: string, value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value === "object") return false;
  const text = String(value);
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !isFieldValue(text)) return false;
  target.push(name, text);
  return true;
}

function isFieldValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 32 && code !== 9) || code === 127 || code > 255) return false;
  }
  return true;
}

function hasContentType(headers: string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i]!.toLowerCase() === "content-type") return true;
  return false;
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
