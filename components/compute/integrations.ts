/** What a task of a workflow calls: the arguments, typed by what is called, and the least its role then needs. */
import type * as pulumi from "@pulumi/pulumi";
import type { Table } from "../data/table.ts";
import { type Grant, grantInvoke, grantPublish, grantPutEvents, grantSend, grantStart } from "../grants.ts";
import type { EventBus } from "../messaging/event-bus.ts";
import type { Queue } from "../messaging/queue.ts";
import type { Topic } from "../messaging/topic.ts";
import type { Data, QueryLanguage, Retrier } from "./asl.ts";
import type { Function } from "./function.ts";
import type { Workflow } from "./workflow.ts";

export interface Integration {
  /** `arn:aws:states:::…` */
  resource: string;
  arguments: (language: QueryLanguage) => Data;
  grants: Grant[];
  /** What of the answer goes on, where not all of it: a field's name. */
  result?: string;
  /** Where the state says nothing about retries. */
  retry?: Retrier[];
}

/** What Lambda throws when it is not the function that failed. */
const LAMBDA_RETRY: Retrier = {
  ErrorEquals: [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
  ],
  IntervalSeconds: 2,
  MaxAttempts: 6,
  BackoffRate: 2,
  JitterStrategy: "FULL",
};

const CALLBACK = ".waitForTaskToken";

/** The task's token in a text of either language: what answers the task hands it back. */
const withToken = (language: QueryLanguage, key: string): Data =>
  language === "JSONata"
    ? { [key]: "{% $states.context.Task.Token %}" }
    : // JSONPath marks a key whose value is a path.
      { [`${key}.$`]: "$$.Task.Token" };

const theInput = (language: QueryLanguage, key: string): Data =>
  language === "JSONata" ? { [key]: "{% $states.input %}" } : { [`${key}.$`]: "$" };

export interface InvokeArgs {
  /** @default the state's input */
  payload?: Data;
  /** Waits until somebody answers with the token, which the payload then carries as `taskToken`, beside `input`. @default false */
  callback?: boolean;
}

/** Invokes a function; its answer goes on. What Lambda itself fails at is tried again, six times. */
export function invoke(fn: Function, { payload, callback }: InvokeArgs = {}): Integration {
  return {
    resource: `arn:aws:states:::lambda:invoke${callback ? CALLBACK : ""}`,
    arguments: (language) => ({
      FunctionName: fn.targetArn,
      ...(callback
        ? {
            Payload: {
              ...withToken(language, "taskToken"),
              ...(payload === undefined ? theInput(language, "input") : { input: payload }),
            },
          }
        : payload === undefined
          ? theInput(language, "Payload")
          : { Payload: payload }),
    }),
    grants: [grantInvoke(fn.arn)],
    result: callback ? undefined : "Payload",
    retry: [LAMBDA_RETRY],
  };
}

export interface SendArgs {
  /** @default the state's input */
  body?: Data;
  /** Of a FIFO or fair queue: messages of one group, such as a tenant, stay in order and hold up no other group. */
  messageGroupId?: Data;
  /** Waits until somebody answers with the token, which the body then carries as `taskToken`, beside `input`. @default false */
  callback?: boolean;
}

/** Sends a message to a queue. */
export function send(queue: Queue, { body, messageGroupId, callback }: SendArgs = {}): Integration {
  return {
    resource: `arn:aws:states:::sqs:sendMessage${callback ? CALLBACK : ""}`,
    arguments: (language) => ({
      QueueUrl: queue.url,
      ...(callback
        ? {
            MessageBody: {
              ...withToken(language, "taskToken"),
              ...(body === undefined ? theInput(language, "input") : { input: body }),
            },
          }
        : body === undefined
          ? theInput(language, "MessageBody")
          : { MessageBody: body }),
      ...(messageGroupId === undefined ? {} : { MessageGroupId: messageGroupId }),
    }),
    grants: [grantSend(queue.arn)],
  };
}

/** Publishes to a topic. @param message the state's input where it is left out */
export function publish(topic: Topic, message?: Data): Integration {
  return {
    resource: "arn:aws:states:::sns:publish",
    arguments: (language) => ({
      TopicArn: topic.arn,
      ...(message === undefined ? theInput(language, "Message") : { Message: message }),
    }),
    grants: [grantPublish(topic.arn)],
  };
}

export interface PutEventArgs {
  source: string;
  detailType: string;
  /** @default the state's input */
  detail?: Data;
}

/** Puts an event on a bus. */
export function putEvent(bus: EventBus, { source, detailType, detail }: PutEventArgs): Integration {
  return {
    resource: "arn:aws:states:::events:putEvents",
    arguments: (language) => ({
      Entries: [
        {
          EventBusName: bus.busName,
          Source: source,
          DetailType: detailType,
          ...(detail === undefined ? theInput(language, "Detail") : { Detail: detail }),
        },
      ],
    }),
    grants: [grantPutEvents(bus.arn, [source])],
  };
}

type ItemAction = "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem";

/**
 * Reads or writes one item of a table, in DynamoDB's own arguments.
 *
 * ```ts
 * Call: task.item(orders, "GetItem", { Key: { id: { S: "{% $states.input.id %}" } } })
 * ```
 */
export function item(table: Table, action: ItemAction, args: Record<string, Data>): Integration {
  return {
    resource: `arn:aws:states:::dynamodb:${action[0]!.toLowerCase()}${action.slice(1)}`,
    arguments: () => ({ TableName: table.tableName, ...args }),
    grants: [{ actions: [`dynamodb:${action}`], resources: [table.arn] }],
  };
}

export interface StartArgs {
  /** @default the state's input */
  input?: Data;
  /** Waits for the execution and goes on with its output. @default false */
  wait?: boolean;
}

/** Starts another workflow. */
export function start(workflow: Workflow, { input, wait }: StartArgs = {}): Integration {
  const executions = [workflow.executionsArn];
  const sync: Grant[] = [
    { actions: ["states:DescribeExecution", "states:StopExecution"], resources: executions },
    // How Step Functions learns that the other execution ended: a rule that is its own.
    {
      actions: ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
      resources: [workflow.completionRuleArn],
    },
  ];
  return {
    resource: `arn:aws:states:::states:startExecution${wait ? ".sync:2" : ""}`,
    arguments: (language) => ({
      StateMachineArn: workflow.targetArn,
      ...(input === undefined ? theInput(language, "Input") : { Input: input }),
    }),
    grants: [grantStart(workflow.arn), ...(wait ? sync : [])],
    result: wait ? "Output" : undefined,
  };
}

/**
 * Any other call that Step Functions knows, with the grants it takes.
 *
 * ```ts
 * Call: task.call("aws-sdk:s3:headObject", { Bucket: bucket.bucketName, Key: "{% $states.input.key %}" }, [grantReadObjects(bucket.arn)])
 * ```
 *
 * @param service what follows `arn:aws:states:::`
 */
export function call(service: string, args: Record<string, pulumi.Input<Data>>, grants: Grant[]): Integration {
  return { resource: `arn:aws:states:::${service}`, arguments: () => args, grants };
}
