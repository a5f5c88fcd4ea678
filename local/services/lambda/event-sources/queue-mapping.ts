/** Queues that call functions. Not emulated: provisioned pollers. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Cloud, type Principal } from "../../../service.ts";
import { type Functions, KEEP_WARM_IN_BACKGROUND_MS, type LambdaFunction, unqualified } from "../functions.ts";
import { longestChain } from "../recursion.ts";
import { filtersOf } from "./filters.ts";
import type { MappingBase, Mappings } from "./mapping.ts";
import { failedMessages, matchesFilters, recordOf, type SqsMessage, type SqsRecord } from "./sqs-records.ts";

const WAIT_SECONDS = 20;
/** Lambda starts with five pollers. */
const DEFAULT_CONCURRENCY = 5;
const AFTER_ERROR_MS = 1_000;
const RECEIVE_LIMIT = 10;

interface Mapping extends MappingBase {
  maximumConcurrency?: number;
}

export function queueMappings(cloud: Cloud, functions: Functions): Mappings {
  const all = new Map<string, Mapping>();
  const loops = new Map<string, Promise<void>>();
  const stopping = new AbortController();

  async function put(resource: Resource, isKnown = false): Promise<void> {
    const mapping = mappingOf(resource, functions, cloud.clock.now());
    const { sourceArn, functionName, qualifier, uuid } = mapping;
    for (const other of all.values()) {
      if (other.urn === mapping.urn || other.sourceArn !== sourceArn) continue;
      if (other.functionName !== functionName || other.qualifier !== qualifier) continue;
      throw new AwsError(
        "ResourceConflictException",
        `An event source mapping with SQS arn (" ${sourceArn} ") and function (" ${functionName} ") already exists. Please update or delete the existing mapping with UUID ${other.uuid}`,
        409,
        { Type: "User" },
      );
    }
    if (mapping.enabled && !isKnown) await validate(mapping);
    all.set(uuid, mapping);
    if (mapping.enabled && !loops.has(uuid)) loops.set(uuid, poll(uuid));
  }

  async function validate({ sourceArn, functionName }: Mapping): Promise<void> {
    const { config } = functions.find(functionName);
    const principal = principalOf(functions.find(functionName));
    for (const action of ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]) {
      try {
        cloud.authorize({ principal, sourceIp: "127.0.0.1" }, { action: `sqs:${action}`, resource: sourceArn });
      } catch (error) {
        throw new AwsError(
          "InvalidParameterValueException",
          `The provided execution role does not have permissions to call ${action} on SQS (${(error as Error).message})`,
        );
      }
    }
    const input = { QueueUrl: queueUrl(sourceArn), AttributeNames: ["VisibilityTimeout"] };
    const { Attributes } = await cloud.call("sqs", "GetQueueAttributes", input, { principal });
    const visibility = Number(Attributes?.VisibilityTimeout ?? 30);
    if (visibility < config.timeoutSeconds) {
      throw new AwsError(
        "InvalidParameterValueException",
        `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${config.timeoutSeconds} seconds`,
      );
    }
  }

  /** Reads while fewer batches than allowed are at work; the wait for messages is the queue's own. */
  async function poll(uuid: string): Promise<void> {
    const working = new Set<Promise<void>>();
    while (!stopping.signal.aborted) {
      const mapping = all.get(uuid);
      if (!mapping?.enabled) break;
      if (working.size >= (mapping.maximumConcurrency ?? DEFAULT_CONCURRENCY)) {
        await Promise.race(working);
        continue;
      }
      try {
        const messages = await collect(mapping);
        if (messages.length === 0 || stopping.signal.aborted) continue;
        const batch = process(mapping, messages).finally(() => working.delete(batch));
        working.add(batch);
      } catch (error) {
        if (stopping.signal.aborted) break;
        warn(mapping, error);
        await sleep(AFTER_ERROR_MS, undefined, { ref: false, signal: stopping.signal }).catch(() => {});
      }
    }
    loops.delete(uuid);
    await Promise.all(working);
  }

  /** One batch: full, or as much as came within the window. */
  async function collect(mapping: Mapping): Promise<SqsMessage[]> {
    const messages = await receive(mapping, WAIT_SECONDS);
    const until = cloud.clock.now() + mapping.windowSeconds * 1000;
    while (messages.length > 0 && messages.length < mapping.batchSize && !stopping.signal.aborted) {
      const leftMs = until - cloud.clock.now();
      if (leftMs <= 0) break;
      const more = await receive(mapping, Math.ceil(leftMs / 1000), mapping.batchSize - messages.length);
      if (more.length === 0) break;
      messages.push(...more);
    }
    return messages;
  }

  async function receive(mapping: Mapping, WaitTimeSeconds: number, wanted = mapping.batchSize): Promise<SqsMessage[]> {
    const input = {
      QueueUrl: queueUrl(mapping.sourceArn),
      MaxNumberOfMessages: Math.min(wanted, RECEIVE_LIMIT),
      WaitTimeSeconds: Math.min(WaitTimeSeconds, WAIT_SECONDS),
      AttributeNames: ["All"],
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    };
    const principal = principalOf(functions.find(mapping.functionName));
    const { Messages } = await cloud.call<{ Messages?: SqsMessage[] }>("sqs", "ReceiveMessage", input, { principal });
    return Messages ?? [];
  }

  async function process(mapping: Mapping, messages: SqsMessage[]): Promise<void> {
    const records = messages.map((message) => recordOf(message, mapping.sourceArn));
    const wanted = records.filter((record) => matchesFilters(mapping.filters, record));
    try {
      // No filter takes them: nobody ever will.
      await remove(
        mapping,
        records.filter((record) => !wanted.includes(record)),
      );
      if (wanted.length === 0) return;
      const { qualifier } = mapping;
      const target = functions.find(mapping.functionName, qualifier);
      const payload = JSON.stringify({ Records: wanted });
      const headers = wanted.map(({ attributes }) => attributes.AWSTraceHeader);
      const traceHeader = longestChain(headers, unqualified(target.config.arn));
      const keepWarmMs = KEEP_WARM_IN_BACKGROUND_MS;
      const result = await functions.invoke(target, { payload, qualifier, traceHeader, keepWarmMs });
      if (result.functionError) return warn(mapping, new Error(result.payload.toString()));
      const failed = mapping.reportsFailures
        ? failedMessages(
            JSON.parse(result.payload.toString()),
            wanted.map(({ messageId }) => messageId),
          )
        : [];
      // What failed stays invisible until its visibility timeout.
      await remove(
        mapping,
        wanted.filter(({ messageId }) => !failed.includes(messageId)),
      );
    } catch (error) {
      if (!stopping.signal.aborted) warn(mapping, error);
    }
  }

  async function remove({ sourceArn, functionName }: Mapping, records: SqsRecord[]): Promise<void> {
    const principal = principalOf(functions.find(functionName));
    for (let start = 0; start < records.length; start += 10) {
      const Entries = records.slice(start, start + 10).map(({ receiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
      }));
      await cloud.call("sqs", "DeleteMessageBatch", { QueueUrl: queueUrl(sourceArn), Entries }, { principal });
    }
  }

  function queueUrl(arn: string): string {
    const [, , , , account, name] = arn.split(":");
    return `${cloud.endpoint}/${account}/${name}`;
  }

  function principalOf({ config }: LambdaFunction): Principal {
    return cloud.principalFor(config.role, config.name);
  }

  function warn({ sourceArn, functionName }: Mapping, error: unknown): void {
    const message = `batch from ${sourceArn}: ${error instanceof Error ? error.message : error}`;
    cloud.log({ level: "warn", source: functionName, message });
  }

  return {
    all: () => [...all.values()],
    put,
    remove: (uuid) => void all.delete(uuid),
    describe: ({ maximumConcurrency }: Mapping) => ({
      ...(maximumConcurrency && { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
    }),
    /** Does not wait for the queue to answer: what it still hands out comes back after its visibility timeout. */
    stop() {
      stopping.abort();
    },
  };
}

function mappingOf(declaration: Resource, functions: Functions, now: number): Mapping {
  const { urn, inputs, outputs, id } = declaration;
  const sourceArn = String(inputs.eventSourceArn ?? "");
  const batchSize = Number(inputs.batchSize ?? 10);
  const windowSeconds = Number(inputs.maximumBatchingWindowInSeconds ?? 0);
  if (batchSize > 10 && windowSeconds < 1) {
    throw new AwsError(
      "InvalidParameterValueException",
      "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
    );
  }
  const scaling = inputs.scalingConfig as { maximumConcurrency?: number } | undefined;
  return {
    uuid: String(outputs.uuid ?? id),
    urn,
    declaration,
    sourceArn,
    qualifier: undefined,
    ...functions.targetOf(String(inputs.functionName)),
    batchSize,
    windowSeconds,
    reportsFailures: ((inputs.functionResponseTypes ?? []) as string[]).includes("ReportBatchItemFailures"),
    maximumConcurrency: scaling?.maximumConcurrency,
    filters: filtersOf(inputs),
    enabled: inputs.enabled !== false,
    lastModified: now,
  };
}
