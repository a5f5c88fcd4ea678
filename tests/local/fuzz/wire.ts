/** An operation's members as a request of its protocol: what a client's serializer would do, and nothing that it would check. */
import { NormalizedSchema } from "@smithy/core/schema";
import type { Protocol, WireOperation, WireService } from "../../../local/protocols/schema.ts";

export interface Unsigned {
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

type Members = Record<string, unknown>;

const JSON_TYPES: Partial<Record<Protocol, string>> = {
  awsJson1_0: "application/x-amz-json-1.0",
  awsJson1_1: "application/x-amz-json-1.1",
};

/** @param target what stands before the operation's name in `x-amz-target` */
export function requestOf(service: WireService, operation: WireOperation, input: unknown, target: string): Unsigned {
  const members = isMembers(input) ? input : {};
  const jsonType = JSON_TYPES[service.protocol];
  if (jsonType) {
    const headers = { "content-type": jsonType, "x-amz-target": `${target}.${operation.name}` };
    return { method: "POST", path: "/", headers, body: Buffer.from(JSON.stringify(input) ?? "") };
  }
  if (service.protocol === "awsQuery") {
    const form = new URLSearchParams({ Action: operation.name, Version: "2010-03-31" });
    flatten(NormalizedSchema.of(operation.input), members, "", form);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", path: "/", headers, body: Buffer.from(form.toString()) };
  }
  return bound(service, operation, members);
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

/** Outside JSON a time is a date, in a header in HTTP's words. */
function scalar(ns: NormalizedSchema, value: unknown, isHeader = false): string {
  const date = new Date(Number(value) * 1000);
  if (!ns.isTimestampSchema() || typeof value !== "number" || Number.isNaN(date.getTime())) return textOf(value);
  return isHeader ? date.toUTCString() : date.toISOString();
}

function flatten(ns: NormalizedSchema, value: unknown, path: string, form: URLSearchParams): void {
  if (value === undefined || value === null) return;
  if (ns.isStructSchema() && isMembers(value)) {
    for (const [name, member] of ns.structIterator()) {
      const key = member.getMemberTraits().xmlName ?? name;
      flatten(member, value[name], path ? `${path}.${key}` : key, form);
    }
  } else if (ns.isListSchema() && Array.isArray(value)) {
    const infix = ns.getMergedTraits().xmlFlattened ? "" : ".member";
    value.forEach((item, index) => {
      flatten(ns.getValueSchema(), item, `${path}${infix}.${index + 1}`, form);
    });
  } else if (ns.isMapSchema() && isMembers(value)) {
    Object.entries(value).forEach(([key, item], index) => {
      form.set(`${path}.entry.${index + 1}.key`, key);
      flatten(ns.getValueSchema(), item, `${path}.entry.${index + 1}.value`, form);
    });
  } else form.set(path, scalar(ns, value));
}

function bound(service: WireService, operation: WireOperation, members: Members): Unsigned {
  const { method = "POST", uri = "/" } = operation.http ?? {};
  const isXml = service.protocol === "restXml";
  const [template = "/", constants = ""] = uri.split("?");
  const query = new URLSearchParams(constants);
  const headers: Record<string, string> = {};
  const rest: Members = {};
  let path = template;
  let body: Buffer | undefined;
  let bucket = "";
  const ns = NormalizedSchema.of(operation.input);
  const listed = ns.isStructSchema() ? [...ns.structIterator()] : [];
  for (const [name, member] of listed) {
    const value = members[name];
    const traits = member.getMergedTraits();
    if (traits.httpLabel) {
      if (name === "Bucket" && isXml) bucket = `/${encodeURIComponent(textOf(value ?? "none"))}`;
      else path = path.replace(new RegExp(`\\{${name}(\\+?)\\}`), () => encodeURIComponent(textOf(value ?? "none")));
    } else if (value === undefined || value === null) continue;
    else if (traits.httpQuery) query.append(traits.httpQuery, scalar(member, value));
    else if (traits.httpQueryParams && isMembers(value)) {
      for (const [key, item] of Object.entries(value)) query.append(key, textOf(item));
    } else if (traits.httpHeader) headers[traits.httpHeader.toLowerCase()] = scalar(member, value, true);
    else if (traits.httpPrefixHeaders && isMembers(value)) {
      for (const [key, item] of Object.entries(value))
        headers[`${traits.httpPrefixHeaders}${key}`.toLowerCase()] = textOf(item);
    } else if (traits.httpPayload) {
      if (member.isStructSchema()) body = Buffer.from(isXml ? xml(name, member, value) : JSON.stringify(value));
      else body = Buffer.from(textOf(value));
    } else rest[name] = value;
  }
  if (!body && Object.keys(rest).length > 0) {
    body = Buffer.from(isXml ? xml(operation.name, ns, rest) : JSON.stringify(rest));
  }
  const search = query.toString();
  return {
    method,
    path: `${bucket}${path === "/" && bucket ? "" : path}${search && `?${search}`}`,
    headers: { "content-type": isXml ? "application/xml" : "application/json", ...headers },
    body: body ?? Buffer.alloc(0),
  };
}

const escaped = (text: string) => text.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`);

function xml(tag: string, ns: NormalizedSchema, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (ns.isStructSchema() && isMembers(value)) {
    const inner = [...ns.structIterator()].map(([name, member]) =>
      xml(member.getMergedTraits().xmlName ?? name, member, value[name]),
    );
    return `<${tag}>${inner.join("")}</${tag}>`;
  }
  if (ns.isListSchema() && Array.isArray(value)) {
    const member = ns.getValueSchema();
    const isFlat = ns.getMergedTraits().xmlFlattened;
    const name = isFlat ? tag : (member.getMergedTraits().xmlName ?? "member");
    const items = value.map((item) => xml(name, member, item)).join("");
    return isFlat ? items : `<${tag}>${items}</${tag}>`;
  }
  return `<${tag}>${escaped(scalar(ns, value))}</${tag}>`;
}
