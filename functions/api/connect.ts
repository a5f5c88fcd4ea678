/** The operations' ports on AWS, for one tenant. What is costly to load is loaded when it is first needed. */

import type { Context } from "aws-lambda";
import { environment } from "../shared/environment.ts";
import { sqsNudge } from "../shared/nudge.ts";
import { cachedParameters, type ReadParameter, ssmParameters, tenantParameterPath } from "../shared/parameters.ts";
import type { TenantAccess } from "../shared/tenant-access.ts";
import { tenantCredentials } from "../shared/tenant-credentials.ts";
import { tenantDatabase } from "../shared/tenant-database.ts";
import { createLibrary } from "./library.ts";
import type { Objects, Once, Ports } from "./ports.ts";

const MAXIMUM_KEPT = 200;
const parameterReaders = new Map<string, ReadParameter>();

export function connect(tenant: TenantAccess, context: Context): Ports {
  const { tenantId } = tenant;
  return {
    tenantId,
    library: createLibrary({
      tenantId,
      actor: tenant.subject ?? null,
      database: tenantDatabase(tenant),
      nudge: sqsNudge,
    }),
    objects: lazyObjects(tenantId),
    once: lazyOnce(tenantId, context),
    cursorKey: () => cursorKey(tenantId),
    now: Date.now,
  };
}

function lazyObjects(tenantId: string): Objects {
  let loaded: Promise<Objects> | undefined;
  const objects = () => {
    loaded ??= import("./signed-objects.ts").then(({ signedObjects }) =>
      signedObjects({
        bucket: environment("BUCKET"),
        region: environment("AWS_REGION"),
        endpoint: process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"],
        credentials: tenantCredentials(tenantId),
      }),
    );
    return loaded;
  };
  return {
    upload: async (...values) => (await objects()).upload(...values),
    downloadUrl: async (...values) => (await objects()).downloadUrl(...values),
    remove: async (...values) => (await objects()).remove(...values),
  };
}

/** A request without a key never loads DynamoDB's client. */
function lazyOnce(tenantId: string, context: Context): Once {
  return async (request, effect) => {
    if (request.key === undefined) {
      const { randomUUID } = await import("node:crypto");
      return { result: await effect(randomUUID()), replayed: false };
    }
    const { createOnce, idempotencyStore } = await import("./dynamodb-once.ts");
    return createOnce({ tenantId, store: idempotencyStore(), context })(request, effect);
  };
}

async function cursorKey(tenantId: string): Promise<Buffer> {
  const read = parameterReaders.get(tenantId) ?? cachedParameters(ssmParameters(tenantCredentials(tenantId)));
  parameterReaders.set(tenantId, read);
  if (parameterReaders.size > MAXIMUM_KEPT) parameterReaders.delete(parameterReaders.keys().next().value as string);
  const key = await read(tenantParameterPath(tenantId, "cursor-key"));
  if (!key) throw new Error(`Tenant ${tenantId} has no key for cursors: provision it again`);
  return Buffer.from(key, "base64url");
}
