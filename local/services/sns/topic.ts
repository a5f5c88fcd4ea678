export interface Subscription {
  arn: string;
  protocol: string;
  endpoint: string;
  /** The message alone, its attributes as the queue's message attributes. */
  raw: boolean;
  filterPolicy?: Record<string, unknown>;
  filterScope: "MessageAttributes" | "MessageBody";
  deadLetterArn?: string;
}

export interface Topic {
  arn: string;
  name: string;
  isFifo: boolean;
  contentBasedDeduplication: boolean;
  policy?: string;
  attributes: Record<string, string>;
  subscriptions: Map<string, Subscription>;
  /** Deduplication ids of the last five minutes. */
  recent: Map<string, { at: number; messageId: string }>;
  /** Deliveries go out one after the other. */
  tail?: Promise<void>;
}
