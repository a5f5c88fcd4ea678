/**
 * The Data API's JSON by hand. The protocol layer speaks it too, from the SDK's schemas; but every query of every function
 * comes through here, and walking a schema for each field of each row costs ten times what the query does.
 */

import { AwsError, type AwsRequest, type AwsResponse, type Call, type Cloud, type Operation } from "../../service.ts";
import { type Faults, faultsEndpoint } from "./faults.ts";
import { readInput } from "./input.ts";

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
  faults: Faults,
  request: AwsRequest,
): Promise<AwsResponse | undefined> {
  try {
    const name = PATHS[request.url.pathname] ?? "";
    const operation = request.method === "POST" ? operations[name] : undefined;
    if (!operation) return faultsEndpoint(faults, request);
    const call: Call = { principal: request.principal, http: request, sourceIp: request.sourceIp };
    const input = readInput(name, request.body);
    for (const access of [operation.authorize?.(input, call) ?? []].flat()) cloud.authorize(call, access);
    return await faults.around(name, input, async () => json(200, stringify(await operation.run(input, call))));
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

/** Longs beyond 2^53 are bigints here, which JSON.stringify refuses: only then is the slower way taken. */
function stringify(output: unknown): string {
  try {
    return JSON.stringify(output);
  } catch {
    const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
    return JSON.stringify(output, (_key, value) => (typeof value === "bigint" ? rawJSON(String(value)) : value));
  }
}
