/** Where a stage logs its requests; AWS's ARN of a log group may end in `:*`. */
import type { AccessLog } from "./apis.ts";

export function readAccessLog(destinationArn: string | undefined, format: string | undefined): AccessLog | undefined {
  const logGroup = /:log-group:([^:]+)/.exec(destinationArn ?? "")?.[1];
  return logGroup && format ? { logGroup, format } : undefined;
}
