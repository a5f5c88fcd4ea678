/** Develops uploaded photos, one at a time: a decoded picture takes hundreds of megabytes. */

import { batchHandler } from "../shared/batch.ts";
import { dynamodbRegistry } from "../shared/dynamodb-registry.ts";
import { logger } from "../shared/logger.ts";
import { MetricUnit, measure } from "../shared/metrics.ts";
import { accessOf } from "../shared/tenant-registry.ts";
import { traced } from "../shared/trace.ts";
import { connectUploads } from "./connect.ts";
import { processUpload } from "./process-upload.ts";
import { readNotification } from "./read-notification.ts";

let registry: ReturnType<typeof dynamodbRegistry> | undefined;

export const handler = batchHandler(
  async (record, context) => {
    registry ??= dynamodbRegistry();
    const { uploads, ignored } = readNotification(record.body);
    if (ignored.length > 0) logger().warn("Objects that are no photos", { keys: ignored });
    for (const upload of uploads) {
      const { tenantId, photoId } = upload;
      const tenant = accessOf(tenantId, await registry.get(tenantId));
      const started = performance.now();
      const status = await traced("thumbnailer", tenantId, () => processUpload(upload, connectUploads(tenant)));
      const elapsed = performance.now() - started;
      logger(tenantId, context).info("Upload processed", { photoId, status });
      measure(tenantId, [
        { name: `Photos.${status}`, value: 1 },
        { name: "PhotoProcessing", value: elapsed, unit: MetricUnit.Milliseconds },
      ]);
    }
  },
  { isSerial: true, tenantOf: ({ body }) => /tenants(?:\/|%2F)([a-z0-9]+)/.exec(body)?.[1] },
);
