/**
 * Event source mappings: queues and streams that call functions.
 * Not emulated: Kafka, MQ, DocumentDB, provisioned pollers.
 */
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Cloud } from "../../../service.ts";
import type { Functions } from "../functions.ts";
import type { MappingBase, Mappings } from "./mapping.ts";
import { queueMappings } from "./queue-mapping.ts";
import { streamMappings } from "./stream-mapping.ts";

export interface EventSourceMappings {
  /** @param isKnown It was accepted in an earlier run: it is not checked again. */
  put(resource: Resource, isKnown?: boolean): Promise<void>;
  find(uuid: string): MappingBase | undefined;
  remove(uuid: string): void;
  /** As ListEventSourceMappings tells of them. */
  list(wanted: (mapping: MappingBase) => boolean, functionArn: (name: string) => string): object[];
  stop(): void;
}

export function eventSourceMappings(cloud: Cloud, functions: Functions): EventSourceMappings {
  const streams = streamMappings(cloud, functions) as Mappings;
  const kinds: Record<string, Mappings> = {
    sqs: queueMappings(cloud, functions) as Mappings,
    kinesis: streams,
    dynamodb: streams,
  };
  const all = [...new Set(Object.values(kinds))];

  return {
    put(resource, isKnown) {
      const arn = String(resource.inputs.eventSourceArn ?? "");
      const kind = kinds[arn.split(":")[2] ?? ""];
      if (kind) return kind.put(resource, isKnown);
      throw new AwsError(
        "InvalidParameterValueException",
        `${arn || "this source"} is not read on this machine: name a queue, a stream or a table's stream`,
      );
    },
    find: (uuid) => all.flatMap((kind) => kind.all()).find((mapping) => mapping.uuid === uuid),
    remove(uuid) {
      for (const kind of all) kind.remove(uuid);
    },
    list: (wanted, functionArn) =>
      all.flatMap((kind) =>
        kind
          .all()
          .filter(wanted)
          .map((mapping) => ({ ...describe(mapping, qualifiedArn(mapping, functionArn)), ...kind.describe(mapping) })),
      ),
    stop() {
      for (const kind of all) kind.stop();
    },
  };
}

function qualifiedArn({ functionName, qualifier }: MappingBase, functionArn: (name: string) => string): string {
  return qualifier ? `${functionArn(functionName)}:${qualifier}` : functionArn(functionName);
}

function describe(mapping: MappingBase, functionArn: string) {
  const { uuid, sourceArn, batchSize, windowSeconds, reportsFailures, enabled, filters } = mapping;
  return {
    UUID: uuid,
    EventSourceArn: sourceArn,
    FunctionArn: functionArn,
    BatchSize: batchSize,
    MaximumBatchingWindowInSeconds: windowSeconds,
    FunctionResponseTypes: reportsFailures ? ["ReportBatchItemFailures"] : [],
    State: enabled ? "Enabled" : "Disabled",
    LastModified: new Date(mapping.lastModified),
    ...(filters.length > 0 && {
      FilterCriteria: { Filters: filters.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) },
    }),
  };
}
