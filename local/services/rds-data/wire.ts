/**
 * The Data API's JSON by hand. The protocol layer speaks it too, from the SDK's schemas; but every query of every function
 * comes through here, and walking a schema for each field of each row costs ten times what the query does.
 */

import { AwsError, type AwsRequest, type AwsResponse, type Call, type Cloud, type Operation } from "../../service.ts";

const PATHS: Record<string, string> = {
  "/Execute": "ExecuteStatement",
  "/BatchExecute": "BatchExecuteStatement",
  "/BeginTransaction": "BeginTransaction",
  "/CommitTransaction": "CommitTransaction",
  "/RollbackTransaction": "RollbackTransaction",
};

export async function handleWire(
  cloud: Cloud,
  operations: Record<string, Operation>,
  request: AwsRequest,
): Promise<AwsResponse | undefined> {
  const operation = operations[PATHS[request.url.pathname] ?? ""];
  if (!operation || request.method !== "POST") return undefined;
  const call: Call = { principal: request.principal, http: request, sourceIp: request.sourceIp };
  try {
    const input = parseInput(request.body.toString("utf8"));
    for (const access of [operation.authorize?.(input, call) ?? []].flat()) cloud.authorize(call, access);
    return json(200, stringify(await operation.run(input, call)));
  } catch (error) {
    const { code, message, status, detail } = asAwsError(error);
    return json(status, stringify({ message, ...detail }), { "x-amzn-errortype": code });
  }
}

function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  return new AwsError("InternalServerErrorException", (error as Error).message, 500);
}

function json(status: number, body: string, headers: Record<string, string> = {}): AwsResponse {
  return { status, headers: { "content-type": "application/json", ...headers }, body };
}

/** JSON.parse rounds integers of sixteen digits and more; those are read from their source instead. */
function parseInput(text: string): Record<string, unknown> {
  let input: unknown;
  try {
    input = /[:[,]\s*-?\d{16}/.test(text) ? JSON.parse(text, keepLong as never) : JSON.parse(text);
  } catch {
    throw new AwsError("SerializationException", "The request is not JSON.");
  }
  if (typeof input !== "object" || input === null) {
    throw new AwsError("SerializationException", "The request is not a JSON object.");
  }
  const { resourceArn, secretArn, parameters, parameterSets } = input as Record<string, unknown>;
  for (const [name, value] of Object.entries({ resourceArn, secretArn })) {
    if (typeof value !== "string" || value === "") {
      throw new AwsError("ValidationException", `1 validation error detected: Value at '${name}' must not be null`);
    }
  }
  for (const set of [parameters, ...((parameterSets as unknown[]) ?? [])]) decodeBlobs(set as WireParameter[]);
  return input as Record<string, unknown>;
}

function keepLong(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value === "number" && source && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)) {
    return BigInt(source);
  }
  return value;
}

type WireParameter = { value?: { blobValue?: string | Uint8Array } };

function decodeBlobs(parameters: WireParameter[] | undefined): void {
  for (const { value } of parameters ?? []) {
    if (typeof value?.blobValue === "string") value.blobValue = Buffer.from(value.blobValue, "base64");
  }
}

/** Longs beyond 2^53 are bigints here, which JSON.stringify refuses: only then is the slower way taken. */
function stringify(output: unknown): string {
  try {
    return JSON.stringify(output);
  } catch {
    const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
    return JSON.stringify(output, (_key, value) => (typeof value === "bigint" ? rawJSON(String(value)) : value));
  }
}
