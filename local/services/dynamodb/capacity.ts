/** Consumed capacity as AWS counts it for on-demand tables, reported when a request asks for it. */

import type { ConsumedCapacity } from "@aws-sdk/client-dynamodb";

interface Asked {
  ReturnConsumedCapacity?: string;
  ConsistentRead?: boolean;
}

type Reported = { ConsumedCapacity?: ConsumedCapacity };

/** Half a unit for each 4 KiB read, a whole one when the read is strongly consistent. */
export function readCapacity(asked: Asked, table: string, bytes: number): Reported {
  return report(asked, table, Math.max(1, Math.ceil(bytes / 4096)) * (asked.ConsistentRead ? 1 : 0.5));
}

/** One unit for each KiB of the larger of the item's two versions. */
export function writeCapacity(asked: Asked, table: string, bytes: number): Reported {
  return report(asked, table, Math.max(1, Math.ceil(bytes / 1024)));
}

function report({ ReturnConsumedCapacity: wanted }: Asked, table: string, units: number): Reported {
  if (wanted !== "TOTAL" && wanted !== "INDEXES") return {};
  return {
    ConsumedCapacity: {
      TableName: table,
      CapacityUnits: units,
      ...(wanted === "INDEXES" && { Table: { CapacityUnits: units } }),
    },
  };
}
