/** Powertools' logger. A tenant's logger puts the tenant's id in every line. */

import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";

const MAXIMUM_KEPT = 200;
const root = new Logger();
const children = new Map<string, Logger>();

/** @param context Adds the request id and whether this was a cold start. */
export function logger(tenantId?: string, context?: Context): Logger {
  let found = root;
  if (tenantId !== undefined) {
    found = children.get(tenantId) ?? root.createChild({ persistentKeys: { tenantId } });
    children.set(tenantId, found);
    if (children.size > MAXIMUM_KEPT) children.delete(children.keys().next().value as string);
  }
  if (context) found.addContext(context);
  return found;
}
