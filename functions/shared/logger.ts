/** Powertools' logger. A tenant's logger puts the tenant's id in every line. */

import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";

const MAXIMUM_KEPT = 200;

/** The environment's first request: Powertools counts per logger, and would call each tenant's first line a cold start. */
let coldRequest: string | undefined;

class FunctionLogger extends Logger {
  #isCold = false;

  override addContext(context: Context): void {
    coldRequest ??= context.awsRequestId;
    this.#isCold = coldRequest === context.awsRequestId;
    super.addContext(context);
  }

  protected override getColdStart(): boolean {
    return this.#isCold;
  }

  protected override createLogger(options: ConstructorParameters<typeof Logger>[0]): FunctionLogger {
    return new FunctionLogger(options);
  }
}

const root = new FunctionLogger();
const children = new Map<string, Logger>();

/** @param context Adds the request id and whether this was a cold start. */
export function logger(tenantId?: string, context?: Context): Logger {
  let found: Logger = root;
  if (tenantId !== undefined) {
    found = children.get(tenantId) ?? root.createChild({ persistentKeys: { tenantId } });
    children.set(tenantId, found);
    if (children.size > MAXIMUM_KEPT) children.delete(children.keys().next().value as string);
  }
  if (context) found.addContext(context);
  return found;
}
