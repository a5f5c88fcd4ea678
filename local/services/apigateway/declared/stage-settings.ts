/** What stages of both kinds of API have in common. */
import type { Resource } from "../../../../engine/graph.ts";
import type { AccessLog } from "../model/apis.ts";

export function readAccessLog({ accessLogSettings }: Resource["inputs"]): AccessLog | undefined {
  const settings = accessLogSettings as { destinationArn?: string; format?: string } | undefined;
  const logGroup = /:log-group:([^:]+)/.exec(settings?.destinationArn ?? "")?.[1];
  return logGroup && settings?.format ? { logGroup, format: settings.format } : undefined;
}
