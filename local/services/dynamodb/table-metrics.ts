/** DynamoDB's metrics of its operations; those of capacity are counted where capacity is. */
import { type Meter, meter } from "../../metrics.ts";
import type { Ended } from "../../operation-metrics.ts";
import type { Cloud } from "../../service.ts";

/** They are no fault of the caller's request. */
const NOT_USER_ERRORS = ["ConditionalCheckFailedException", "ThrottlingException", "TransactionCanceledException"];

/** @param tablesIn the tables that a request names */
export function tableMetrics(cloud: Cloud, tablesIn: (input: object) => string[]): (ended: Ended) => void {
  const known = new Map<string, Meter>();
  function add(name: string, unit: string, dimensions: Record<string, string>, value: number): void {
    const key = `${name} ${dimensions.TableName} ${dimensions.Operation}`;
    let found = known.get(key);
    if (!found) {
      found = meter(cloud, "AWS/DynamoDB", name, unit, dimensions);
      known.set(key, found);
    }
    found.add(value, cloud.clock.now());
  }

  return ({ name, input, output, error, took }) => {
    if (error) {
      if (error.code === "ConditionalCheckFailedException") {
        for (const TableName of tablesIn(input)) add("ConditionalCheckFailedRequests", "Count", { TableName }, 1);
      }
      if (error.status < 500 && !NOT_USER_ERRORS.includes(error.code)) add("UserErrors", "Count", {}, 1);
      return;
    }
    for (const TableName of tablesIn(input)) {
      add("SuccessfulRequestLatency", "Milliseconds", { TableName, Operation: name }, took);
      const count: unknown = output?.Count;
      if (typeof count === "number") add("ReturnedItemCount", "Count", { TableName, Operation: name }, count);
    }
  };
}
