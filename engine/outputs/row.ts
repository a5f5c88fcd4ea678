/** What a row of the outputs table is, and the few things that every row needs. */
import { createHash } from "node:crypto";

// biome-ignore lint/suspicious/noExplicitAny: inputs and outputs have the shape of whatever AWS type the row is for
export type Values = Record<string, any>;

export interface Registered {
  urn: string;
  type: string;
  name: string;
  inputs: Values;
}

export interface Context {
  account: string;
  region: string;
  partition: string;
  stack: string;
  /** The AWS API of this machine, where there is one: URL-like outputs then point to it. */
  endpoint?: string;
}

/** What a provider would compute: the id, and outputs beyond the inputs. Pure and deterministic. */
export type Row = (resource: Registered, context: Context) => { id: string } & Values;
export type Table = Record<string, Row>;

/** `length` hex digits that follow from the URN, where AWS would draw them at random. */
export function hex(resource: { urn: string }, length: number, salt = ""): string {
  let digits = "";
  for (let round = 0; digits.length < length; round++) {
    digits += createHash("sha256").update(`${salt}${round}:${resource.urn}`).digest("hex");
  }
  return digits.slice(0, length);
}

export function uuid(resource: { urn: string }): string {
  return hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The same with letters and digits: API ids (10), user pool ids (9), client ids (26). */
export function alphanumeric(resource: { urn: string }, length: number): string {
  const number = BigInt(`0x${hex(resource, 64)}`);
  return number.toString(36).padStart(length, "0").slice(-length);
}

/** The name given, or the one that Pulumi's autonaming would make. */
export function physicalName(resource: Registered, key = "name", suffix = ""): string {
  const { inputs, name } = resource;
  const given = inputs[key];
  if (typeof given === "string" && given !== "") return given;
  const prefix = inputs[`${key}Prefix`];
  return `${typeof prefix === "string" ? prefix : `${name}-`}${hex(resource, 7)}${suffix}`;
}

export function arn(context: Context, service: string, resource: string, scope: Partial<Context> = {}): string {
  const { partition, region, account } = { ...context, ...scope };
  return `arn:${partition}:${service}:${region}:${account}:${resource}`;
}

/** A resource that is known by an id alone: nothing is computed but the id. */
export function identified(prefix: string, length = 17): Row {
  return (resource) => ({ id: prefix + hex(resource, length) });
}

/** A resource whose id is one of its inputs, or several joined. */
export function keyed(...keys: string[]): Row {
  return ({ inputs }) => ({ id: keys.map((key) => String(inputs[key])).join("/") });
}
