/** What a CloudFront Function is given, and what is made of what it returns. */
import { STATUS_CODES } from "node:http";
import { type Answer, cookiesOf, type Headers, parametersOf, type ViewerRequest } from "./message.ts";

interface Field {
  value: string;
  multiValue?: { value: string; attributes?: string }[];
  attributes?: string;
}
type Fields = Record<string, Field>;

export interface EventRequest {
  method: string;
  uri: string;
  querystring: Fields;
  headers: Fields;
  cookies: Fields;
}

export interface EventResponse {
  statusCode: number;
  statusDescription?: string;
  headers?: Fields;
  cookies?: Fields;
  body?: string | { encoding?: string; data?: string };
}

export interface EventContext {
  distributionDomainName: string;
  distributionId: string;
  eventType: "viewer-request" | "viewer-response";
  requestId: string;
}

export function eventOf(context: EventContext, request: ViewerRequest, answer?: Answer) {
  return {
    version: "1.0",
    context,
    viewer: { ip: request.ip },
    request: {
      method: request.method,
      uri: request.path,
      querystring: fieldsOf(parametersOf(request.query)),
      headers: headerFields(request.headers, "cookie"),
      cookies: fieldsOf(cookiesOf(request.headers)),
    },
    ...(answer && { response: responseOf(answer) }),
  };
}

function responseOf({ status, headers }: Answer): EventResponse {
  const cookies = (headers["set-cookie"] ?? []).map((line) => {
    const [, name = "", value = "", attributes = ""] = /^([^=;]*)=?([^;]*);?\s*(.*)$/s.exec(line) ?? [];
    return { name, field: { value, ...(attributes && { attributes }) } };
  });
  return {
    statusCode: status,
    statusDescription: STATUS_CODES[status] ?? "",
    headers: headerFields(headers, "set-cookie"),
    cookies: Object.fromEntries(cookies.map(({ name, field }) => [name, field])),
  };
}

function headerFields(headers: Headers, except: string): Fields {
  const pairs = Object.entries(headers).flatMap(([name, values]) =>
    name === except ? [] : values.map((value): [string, string] => [name, value]),
  );
  return fieldsOf(pairs);
}

/** The value that came last stands for several, which are all in `multiValue`. */
function fieldsOf(pairs: [string, string][]): Fields {
  const fields: Fields = {};
  for (const [name, value] of pairs) {
    const before = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const all = before && [...(before.multiValue ?? [{ value: before.value }]), { value }];
    // A parameter may have any name, `__proto__` too.
    Object.defineProperty(fields, name, {
      value: all ? { value, multiValue: all } : { value },
      ...{ enumerable: true, writable: true, configurable: true },
    });
  }
  return fields;
}

/** What a function may neither read nor write, and what it may not change. */
const FORBIDDEN =
  /^(connection|expect|keep-alive|proxy-authenticate|proxy-authorization|proxy-connection|trailer|upgrade|via|x-accel-.*|x-amz-cf-.*|x-edge-.*|x-forwarded-proto|x-real-ip)$/;
const READ_ONLY = /^(content-length|host|transfer-encoding)$/;
const MAX_BODY_BYTES = 40 * 1024;

/** @throws Error that names what is wrong with the request that a function returned */
export function applyRequest(before: ViewerRequest, returned: EventRequest): ViewerRequest {
  const { uri, querystring = {}, headers = {}, cookies = {} } = returned;
  if (typeof uri !== "string" || !uri.startsWith("/")) throw new Error("The request's uri has to begin with a slash");
  const read = readFields(headers);
  checkHeaders(read, before.headers);
  const lines = pairsOf(cookies).map(([name, value]) => `${name}=${value}`);
  const query = pairsOf(querystring).map(([name, value]) => (value === "" ? name : `${name}=${value}`));
  return {
    ...before,
    path: uri,
    query: query.join("&"),
    headers: Object.assign(read, { host: before.headers.host }, lines.length > 0 && { cookie: [lines.join("; ")] }),
  };
}

/** @throws Error that names what is wrong with the response that a function returned */
export function applyResponse(returned: EventResponse, before?: Answer): Answer {
  const { statusCode, headers = {}, cookies = {}, body } = returned;
  if (!Number.isInteger(statusCode) || statusCode < 100 || statusCode > 599) {
    throw new Error("The response's statusCode is not an HTTP status code");
  }
  const read = readFields(headers);
  checkHeaders(read, before?.headers ?? {});
  const set = Object.entries(cookies).flatMap(([name, field]) =>
    (field.multiValue ?? [field]).map(
      ({ value, attributes }) => `${name}=${value}${attributes ? `; ${attributes}` : ""}`,
    ),
  );
  if (set.length > 0) read["set-cookie"] = set;
  return { status: statusCode, headers: read, body: bodyOf(body) ?? before?.body ?? Buffer.alloc(0) };
}

function bodyOf(body: EventResponse["body"]): Buffer | undefined {
  if (body === undefined) return undefined;
  const { data, encoding = "text" } = typeof body === "string" ? { data: body } : body;
  if (typeof data !== "string" || !/^(text|base64)$/.test(encoding)) {
    throw new Error("The response's body is a text, or { encoding: text or base64, data }");
  }
  const bytes = Buffer.from(data, encoding === "base64" ? "base64" : "utf8");
  if (bytes.length > MAX_BODY_BYTES) throw new Error("The response's body is larger than 40 KB");
  return bytes;
}

function readFields(fields: Fields): Headers {
  const headers: Headers = Object.create(null);
  for (const [name, value] of pairsOf(fields)) {
    if (name !== name.toLowerCase()) throw new Error(`The header ${name} has to be in lower case`);
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw new Error(`The header ${name} is not valid`);
    }
    headers[name] = [...(headers[name] ?? []), value];
  }
  return headers;
}

function pairsOf(fields: Fields): [string, string][] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const all = field?.multiValue ?? [field];
    return all.map((entry): [string, string] => {
      if (typeof entry?.value !== "string") throw new Error(`${name} has to be an object with a value, a text`);
      return [name, entry.value];
    });
  });
}

function checkHeaders(after: Headers, before: Headers): void {
  for (const [name, values] of Object.entries(after)) {
    const isSame = before[name]?.join() === values.join();
    if (!isSame && FORBIDDEN.test(name)) throw new Error(`A function may not set the header ${name}`);
    if (!isSame && READ_ONLY.test(name)) throw new Error(`A function may not change the header ${name}`);
  }
}
