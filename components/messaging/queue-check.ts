import { checkAdopted, checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import { checkFilters } from "./event-pattern.ts";
import type { ConsumerArgs, QueueArgs } from "./queue.ts";

/** @throws InvalidArgumentError naming the argument and the remedy. */
export function checkQueue(name: string, args: QueueArgs): void {
  const component = `Queue "${name}"`;
  if (args.existing) {
    checkAdopted(component, "queue", args);
    checkRange(component, "existing.visibilityTimeoutSeconds", args.existing.visibilityTimeoutSeconds, 0, 43_200);
  }
  // 80 characters, less `-dlq` and `.fifo`.
  checkForm(component, "queueName", args.queueName, /^[\w-]{1,71}$/, "1 to 71 letters, digits, - or _");
  checkRange(component, "visibilityTimeoutSeconds", args.visibilityTimeoutSeconds, 0, 43_200);
  checkRange(component, "retentionSeconds", args.retentionSeconds, 60, 1_209_600);
  checkRange(component, "maxReceiveCount", args.maxReceiveCount, 1, 1000);
  checkRange(component, "delaySeconds", args.delaySeconds, 0, 900);
  checkRange(component, "maxMessageBytes", args.maxMessageBytes, 1024, 1_048_576);
  for (const argument of ["contentBasedDeduplication", "perMessageGroup"] as const) {
    if (args[argument] === undefined || args.fifo) continue;
    throw new InvalidArgumentError(
      component,
      argument,
      args[argument],
      "only a FIFO queue has it; set fifo, or leave it out",
    );
  }
}

export function checkConsumer(component: string, fifo: boolean, args: ConsumerArgs): void {
  const { batchSize = 10, batchWindowSeconds = 0, filters } = args;
  checkRange(component, "batchSize", batchSize, 1, fifo ? 10 : 10_000);
  checkRange(component, "batchWindowSeconds", batchWindowSeconds, 0, fifo ? 0 : 300);
  checkRange(component, "maximumConcurrency", args.maximumConcurrency, 2, 1000);
  if (batchSize > 10 && batchWindowSeconds < 1) {
    const remedy = "Lambda waits for more than 10 messages; say for how long, 1 to 300 s";
    throw new InvalidArgumentError(component, "batchWindowSeconds", batchWindowSeconds, remedy);
  }
  checkFilters(component, filters);
}

/** AWS's rule: time for a batch, its retries, and what waits before them. */
export function checkVisibility(component: string, seconds: number, consumer: string, timeoutSeconds: number): void {
  if (seconds >= 6 * timeoutSeconds) return;
  const remedy = `its consumer "${consumer}" may run ${timeoutSeconds} s, so it has to be at least ${6 * timeoutSeconds}`;
  throw new InvalidArgumentError(component, "visibilityTimeoutSeconds", seconds, remedy);
}
