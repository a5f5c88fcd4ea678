/** A callback's id says what it belongs to: whoever has it needs no other name. */
import { randomBytes } from "node:crypto";
import { AwsError } from "../../../service.ts";

export function callbackId(arn: string, operationId: string): string {
  return Buffer.from(JSON.stringify([arn, operationId, randomBytes(8).toString("hex")])).toString("base64url");
}

/** @throws AwsError InvalidParameterValueException for anything that is none */
export function parseCallbackId(text: string): { arn: string; operationId: string } {
  try {
    const [arn, operationId] = JSON.parse(Buffer.from(text, "base64url").toString());
    if (typeof arn === "string" && typeof operationId === "string") return { arn, operationId };
  } catch {
    // Refused below.
  }
  throw new AwsError("InvalidParameterValueException", "Invalid callback id", 400, { Type: "User" });
}
