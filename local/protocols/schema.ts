/**
 * What an SDK v3 client says of its service at run time: operations and errors as arrays, walked with NormalizedSchema.
 * This form is no documented API: package.json pins the SDK, and tests/local/protocols hold it.
 */
import type { NormalizedSchema } from "@smithy/core/schema";
import { AwsError } from "../service.ts";

/** A schema reference of the SDK. */
export type Shape = Parameters<typeof NormalizedSchema.of>[0];

interface OperationTraits {
  http?: [method: string, uri: string, status: number];
}

/** `[9, namespace, name, traits, input, output]` */
type OperationSchema = [9, string, string, OperationTraits | number, Shape, Shape];
/** `[-3, namespace, name, traits, memberNames, memberShapes]` */
type ErrorSchema = [-3, string, string, { httpError?: number; awsQueryError?: [string, number] }, string[], unknown[]];

export type Protocol = "awsJson1_0" | "awsJson1_1" | "restJson1" | "restXml" | "awsQuery";

export interface WireOperation {
  name: string;
  input: Shape;
  output: Shape;
  http?: { method: string; uri: string; status: number };
}

export interface WireError {
  shape: Shape;
  status?: number;
  /** The code on the wire of query-compatible services, where it differs from the shape's name. */
  queryCode?: string;
}

export interface WireService {
  protocol: Protocol;
  operations: Map<string, WireOperation>;
  errors: Map<string, WireError>;
  xmlNamespace?: string;
  namespace: string;
  /** SQS: JSON on the wire, and the error codes of its query days in a header. */
  queryCompatible: boolean;
}

const PROTOCOLS: Record<string, Protocol> = {
  AwsJson1_0Protocol: "awsJson1_0",
  AwsJson1_1Protocol: "awsJson1_1",
  AwsRestJsonProtocol: "restJson1",
  AwsRestXmlProtocol: "restXml",
  S3RestXmlProtocol: "restXml",
  AwsQueryProtocol: "awsQuery",
};

interface ClientConfig {
  protocol: { constructor: { name: string } };
  protocolSettings: { defaultNamespace: string; xmlNamespace?: string; awsQueryCompatible?: boolean };
}

/** Reads a client module: its protocol from a client made for the purpose, the rest from its exports. */
export function describeService(module: object): WireService {
  const exports = module as Record<string, unknown>;
  const clientName = Object.keys(exports).find(
    (name) => name.endsWith("Client") && typeof exports[name] === "function" && name !== "__Client",
  );
  if (!clientName) throw new Error("The module exports no SDK client");
  const Client = exports[clientName] as new (config: object) => { config: ClientConfig; destroy(): void };
  const client = new Client({ region: "us-east-1", credentials: { accessKeyId: "-", secretAccessKey: "-" } });
  const { protocol, protocolSettings } = client.config;
  client.destroy();
  const name = PROTOCOLS[protocol.constructor.name];
  if (!name) throw new Error(`${clientName} speaks ${protocol.constructor.name}, which local/protocols does not know`);
  const service: WireService = {
    protocol: name,
    operations: new Map(),
    errors: new Map(),
    xmlNamespace: protocolSettings.xmlNamespace,
    namespace: protocolSettings.defaultNamespace,
    queryCompatible: protocolSettings.awsQueryCompatible === true,
  };
  for (const value of Object.values(exports)) {
    if (!Array.isArray(value)) continue;
    if (value[0] === 9) addOperation(service, value as OperationSchema);
    else if (value[0] === -3) addError(service, value as ErrorSchema);
  }
  return service;
}

function addOperation(service: WireService, [, , name, traits, input, output]: OperationSchema): void {
  const http = typeof traits === "object" ? traits.http : undefined;
  service.operations.set(name, {
    name,
    input,
    output,
    http: http && { method: http[0], uri: http[1], status: http[2] },
  });
}

function addError(service: WireService, schema: ErrorSchema): void {
  const [, , name, traits] = schema;
  service.errors.set(name, {
    shape: schema as unknown as Shape,
    status: traits?.httpError ?? traits?.awsQueryError?.[1],
    queryCode: traits?.awsQueryError?.[0],
  });
}

export type TimestampFormat = "date-time" | "http-date" | "epoch-seconds";

const FORMATS: Record<number, TimestampFormat | undefined> = { 5: "date-time", 6: "http-date", 7: "epoch-seconds" };

export function timestampFormatOf(ns: NormalizedSchema, byDefault: TimestampFormat): TimestampFormat {
  return FORMATS[ns.getSchema() as number] ?? byDefault;
}

export function readTimestamp(value: unknown, format: TimestampFormat, path: string): Date {
  const date = format === "epoch-seconds" ? new Date(Number(value) * 1000) : new Date(String(value));
  if (Number.isNaN(date.getTime())) {
    throw new AwsError("SerializationException", `${path || "A timestamp"} must be a timestamp (${format}).`);
  }
  return date;
}

export function writeTimestamp(value: Date, format: TimestampFormat): string | number {
  if (format === "epoch-seconds") return value.getTime() / 1000;
  return format === "http-date" ? value.toUTCString() : value.toISOString().replace(/\.000Z$/, "Z");
}
