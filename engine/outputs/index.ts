/**
 * What a provider would answer, type by type: the one table that evaluations, the local cloud and stand-in providers read.
 * A type that is not in it is an error: a graph with made-up holes would prove nothing.
 */
import { analytics } from "./analytics.ts";
import { cloudfront } from "./cloudfront.ts";
import { compute } from "./compute.ts";
import { delivery } from "./delivery.ts";
import { edge } from "./edge.ts";
import { elasticache } from "./elasticache.ts";
import { inference } from "./inference.ts";
import { insight } from "./insight.ts";
import { kinesis } from "./kinesis.ts";
import { messaging } from "./messaging.ts";
import { network } from "./network.ts";
import { quicksight } from "./quicksight.ts";
import type { Context, Registered, Table, Values } from "./row.ts";
import { stepFunctions } from "./step-functions.ts";
import { storage } from "./storage.ts";
import { wafv2 } from "./wafv2.ts";

export type { Context, Registered } from "./row.ts";

export const outputsTable: Table = {
  ...analytics,
  ...cloudfront,
  ...compute,
  ...delivery,
  ...edge,
  ...elasticache,
  ...inference,
  ...insight,
  ...kinesis,
  ...messaging,
  ...network,
  ...stepFunctions,
  ...quicksight,
  ...storage,
  ...wafv2,
};

/** Types that have nothing to compute beyond an id of no form. */
const INERT = [/^pulumi:providers:/, /^random:/];

/** The id and all outputs of a resource. Throws for a type that nobody claims. */
export function outputsOf(resource: Registered, context: Context): { id: string; outputs: Values } {
  const row = outputsTable[resource.type];
  if (!row) {
    if (INERT.some((pattern) => pattern.test(resource.type)))
      return { id: resource.name, outputs: { ...resource.inputs } };
    throw new Error(
      `${resource.type} "${resource.name}": nobody knows this type's outputs. Add a row to engine/outputs/, or check the type's spelling.`,
    );
  }
  const { id, ...computed } = row(resource, context);
  return { id, outputs: { ...resource.inputs, ...computed } };
}
