/** The SDK's SQS client, with the few calls that tests make over and over. */
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  type SendMessageCommandInput,
  type SendMessageCommandOutput,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { ClientConfig } from "../../../local/cloud.ts";

export interface QueueClient {
  sdk: SQSClient;
  create(name: string, attributes?: Record<string, string>): Promise<string>;
  arnOf(url: string): Promise<string>;
  send(url: string, body: string, more?: Partial<SendMessageCommandInput>): Promise<SendMessageCommandOutput>;
  receive(url: string, more?: Partial<ReceiveMessageCommandInput>): Promise<Message[]>;
  /** Bodies of up to ten messages. */
  bodies(url: string, more?: Partial<ReceiveMessageCommandInput>): Promise<string[]>;
  remove(url: string, message: Message): Promise<void>;
  counts(url: string): Promise<[visible: number, inFlight: number, delayed: number]>;
}

export function queueClient(config: ClientConfig): QueueClient {
  const sdk = new SQSClient({ ...config, maxAttempts: 1 });
  const client: QueueClient = {
    sdk,
    async create(QueueName, Attributes) {
      const fifo = QueueName.endsWith(".fifo") ? { FifoQueue: "true" } : {};
      const input = { QueueName, Attributes: { ...fifo, ...Attributes } };
      return (await sdk.send(new CreateQueueCommand(input))).QueueUrl!;
    },
    async arnOf(QueueUrl) {
      const { Attributes } = await sdk.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
      return Attributes!.QueueArn!;
    },
    send: (QueueUrl, MessageBody, more) => sdk.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more })),
    async receive(QueueUrl, more) {
      const { Messages = [] } = await sdk.send(
        new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ["All"], ...more }),
      );
      return Messages;
    },
    bodies: async (url, more) =>
      (await client.receive(url, { MaxNumberOfMessages: 10, ...more })).map(({ Body }) => Body!),
    async remove(QueueUrl, { ReceiptHandle }) {
      await sdk.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    },
    async counts(QueueUrl) {
      const { Attributes: all = {} } = await sdk.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
      );
      const of = (name: string) => Number((all as Record<string, string>)[`ApproximateNumberOfMessages${name}`]);
      return [of(""), of("NotVisible"), of("Delayed")];
    },
  };
  return client;
}
