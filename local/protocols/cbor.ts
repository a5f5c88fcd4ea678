/** Smithy RPC v2 in CBOR, which some SDKs and the AWS CLI speak with services that others speak JSON with. */
import { CborCodec, cbor } from "@smithy/core/cbor";
import { AwsError, type AwsResponse } from "../service.ts";
import { readJson } from "./json.ts";
import type { WireOperation, WireService } from "./schema.ts";

const HEADERS = { "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" };
/** A schema's number for a value of any form. */
const DOCUMENT = 15;

/** `/service/GraniteServiceVersion20100801/operation/PutMetricData` */
export function cborOperation(path: string): string {
  return /^\/service\/[^/]+\/operation\/([^/]+)$/.exec(path)?.[1] ?? "";
}

export function readCbor({ input }: WireOperation, body: Buffer): unknown {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : plain(cbor.deserialize(body));
  } catch {
    throw new AwsError("SerializationException", "The request body is not valid CBOR.", 400);
  }
  return readJson(input, value, { jsonNames: false }) ?? {};
}

export function writeCbor(shape: unknown, output: unknown, requestId: string): AwsResponse {
  const headers = { ...HEADERS, "x-amzn-requestid": requestId };
  return { status: 200, headers, body: encoded(shape, output ?? {}) };
}

export function cborError(service: WireService, error: AwsError, requestId: string): AwsResponse {
  const known = service.errors.get(error.code);
  const headers: Record<string, string> = { ...HEADERS, "x-amzn-requestid": requestId };
  if (service.queryCompatible) {
    headers["x-amzn-query-error"] = `${known?.queryCode ?? error.code};${error.status >= 500 ? "Receiver" : "Sender"}`;
  }
  const body = { ...error.detail, __type: `${service.namespace}#${error.code}`, message: error.message };
  return { status: error.status, headers, body: encoded(DOCUMENT, body) };
}

function encoded(shape: unknown, value: unknown): Buffer {
  const serializer = new CborCodec().createSerializer();
  serializer.write(shape as never, value as never);
  return Buffer.from(serializer.flush() as Uint8Array);
}

/** As JSON would have it: the schema then says what is wrong, in the same words. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  // A timestamp: seconds since the epoch.
  if ("tag" in value && "value" in value && Object.getOwnPropertySymbols(value).length > 0) return plain(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}
