/** Zip packages as a developer would build them, and functions made of them through the API. */
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  type FunctionConfiguration,
} from "@aws-sdk/client-lambda";
import { strToU8, zipSync } from "fflate";
import type { LambdaCloud } from "./fixture.ts";
import { ROLE_ARN } from "./resources.ts";

export function zip(files: Record<string, string>): Uint8Array {
  const entries = Object.entries(files).map(([name, text]) => [name, strToU8(text)]);
  // The same bytes whenever it is made.
  return zipSync(Object.fromEntries(entries), { mtime: new Date(2026, 0, 1) });
}

/** A module whose handler answers with `value`, an expression over `event` and `context`. */
export const answering = (value: string) => `export const handler = async (event, context) => (${value});`;

export function create(
  cloud: LambdaCloud,
  FunctionName: string,
  source: string,
  more: Partial<CreateFunctionCommandInput> = {},
): Promise<FunctionConfiguration> {
  return cloud.client.send(
    new CreateFunctionCommand({
      ...{ FunctionName, Role: ROLE_ARN, Runtime: "nodejs24.x", Handler: "index.handler" },
      Code: { ZipFile: zip({ "index.mjs": source }) },
      ...more,
    }),
  );
}
