/** Consumed capacity as AWS counts it for on-demand tables: for who asks for it in a request, and for CloudWatch. */

import type { ConsumedCapacity } from "@aws-sdk/client-dynamodb";
import { type Meter, meter } from "../../metrics.ts";
import type { Cloud } from "../../service.ts";

interface Asked {
  ReturnConsumedCapacity?: string;
  ConsistentRead?: boolean;
}

type Kind = "Read" | "Write";

/** What a part of a batch or of a transaction took. */
export interface Consumed {
  table: string;
  units: number;
}

export interface Capacity {
  read(asked: Asked, table: string, bytes: number): { ConsumedCapacity?: ConsumedCapacity };
  write(asked: Asked, table: string, bytes: number): { ConsumedCapacity?: ConsumedCapacity };
  /** Of several items, one answer a table. */
  several(kind: Kind, asked: Asked, parts: Consumed[]): { ConsumedCapacity?: ConsumedCapacity[] };
}

/** Half a unit for each 4 KiB read, a whole one when the read is strongly consistent. */
export function readUnits(bytes: number, isConsistent = false): number {
  return Math.max(1, Math.ceil(bytes / 4096)) * (isConsistent ? 1 : 0.5);
}

/** One unit for each KiB of the larger of the item's two versions. */
export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024));
}

export function capacity(cloud: Cloud): Capacity {
  const meters: Record<Kind, Map<string, Meter>> = { Read: new Map(), Write: new Map() };

  function count(kind: Kind, table: string, units: number): void {
    let found = meters[kind].get(table);
    if (!found) {
      found = meter(cloud, "AWS/DynamoDB", `Consumed${kind}CapacityUnits`, "Count", { TableName: table });
      meters[kind].set(table, found);
    }
    found.add(units, cloud.clock.now());
  }

  const one = (kind: Kind, asked: Asked, table: string, units: number) => {
    count(kind, table, units);
    return wants(asked) ? { ConsumedCapacity: shown(asked, table, units) } : {};
  };

  return {
    read: (asked, table, bytes) => one("Read", asked, table, readUnits(bytes, asked.ConsistentRead)),
    write: (asked, table, bytes) => one("Write", asked, table, writeUnits(bytes)),
    several(kind, asked, parts) {
      const byTable = new Map<string, number>();
      for (const { table, units } of parts) byTable.set(table, (byTable.get(table) ?? 0) + units);
      for (const [table, units] of byTable) count(kind, table, units);
      if (!wants(asked)) return {};
      return { ConsumedCapacity: [...byTable].map(([table, units]) => shown(asked, table, units)) };
    },
  };
}

const wants = ({ ReturnConsumedCapacity: wanted }: Asked): boolean => wanted === "TOTAL" || wanted === "INDEXES";

function shown({ ReturnConsumedCapacity: wanted }: Asked, table: string, units: number): ConsumedCapacity {
  return {
    TableName: table,
    CapacityUnits: units,
    ...(wanted === "INDEXES" && { Table: { CapacityUnits: units } }),
  };
}
