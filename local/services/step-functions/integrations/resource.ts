/** What a task's Resource names. Pure. */
import { SDK_SERVICES } from "./sdk-services.ts";

export type Pattern = "request" | "sync" | "sync2" | "token";

export type Resource =
  | { kind: "function"; arn: string }
  | { kind: "activity"; arn: string }
  | { kind: "optimized"; service: string; operation: string; pattern: Pattern }
  | { kind: "sdk"; service: string; operation: string; pattern: Pattern };

/** Integrations with a form of their own, and the ways that each can be waited for. */
const OPTIMIZED: Record<string, Pattern[]> = {
  "lambda:invoke": ["request", "token"],
  "sqs:sendMessage": ["request", "token"],
  "sns:publish": ["request", "token"],
  "dynamodb:getItem": ["request"],
  "dynamodb:putItem": ["request"],
  "dynamodb:updateItem": ["request"],
  "dynamodb:deleteItem": ["request"],
  "events:putEvents": ["request", "token"],
  "states:startExecution": ["request", "sync", "sync2", "token"],
};

const PATTERNS: Record<string, Pattern> = {
  "": "request",
  ".sync": "sync",
  ".sync:2": "sync2",
  ".waitForTaskToken": "token",
};

/** @returns undefined where it is nothing that runs on this machine */
export function parseResource(text: string): Resource | undefined {
  if (/^arn:aws:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/.test(text)) return { kind: "function", arn: text };
  if (/^arn:aws:states:[\w-]+:\d{12}:activity:[^:]+$/.test(text)) return { kind: "activity", arn: text };
  const match =
    /^arn:aws:states:(?:[\w-]*):(?:\d*):(aws-sdk:)?([a-z0-9]+):([a-zA-Z]+)(\.sync(?::2)?|\.waitForTaskToken)?$/.exec(
      text,
    );
  if (!match) return undefined;
  const [, isSdk, service = "", operation = "", suffix = ""] = match;
  const pattern = PATTERNS[suffix]!;
  if (isSdk) {
    const isKnown = Object.hasOwn(SDK_SERVICES, service) && (pattern === "request" || pattern === "token");
    return isKnown ? { kind: "sdk", service, operation, pattern } : undefined;
  }
  const name = `${service}:${operation}`;
  if (!Object.hasOwn(OPTIMIZED, name) || !OPTIMIZED[name]!.includes(pattern)) return undefined;
  return { kind: "optimized", service, operation, pattern };
}
