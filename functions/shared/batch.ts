/**
 * Queue messages by Powertools' batch processor: what fails comes again, alone, and the others are done. A failure is logged
 * with its tenant once; the processor's own warnings would repeat it.
 */

import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { logger } from "./logger.ts";

export interface BatchOptions {
  /** One message after the other instead of all at a time: where each takes much memory. @default false */
  isSerial?: boolean;
  /** For the log line. */
  tenantOf?(record: SQSRecord): string | undefined;
}

export type MessageHandler = (record: SQSRecord, context: Context) => Promise<void>;

export function batchHandler(handle: MessageHandler, { isSerial = false, tenantOf = messageGroup }: BatchOptions = {}) {
  return async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
    const process = async (record: SQSRecord) => {
      try {
        await handle(record, context);
      } catch (error) {
        const attempt = Number(record.attributes.ApproximateReceiveCount);
        logger(tenantOf(record)).error("A message failed", {
          messageId: record.messageId,
          attempt,
          error: error as Error,
        });
        throw error;
      }
    };
    return processPartialResponse(event, process, new BatchProcessor(EventType.SQS), {
      context,
      processInParallel: !isSerial,
      throwOnFullBatchFailure: false,
    });
  };
}

/** Every message of a tenant is queued in the tenant's group. */
export const messageGroup = (record: SQSRecord): string | undefined => record.attributes.MessageGroupId;
