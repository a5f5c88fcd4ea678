/** What a task calls: each integration with the arguments and the answer that Step Functions gives it. */
import type { Call, Cloud } from "../../../service.ts";
import type { Json, JsonObject } from "../language/definition.ts";
import { runtimeError, StatesError } from "../language/states-error.ts";
import { callFunction } from "./lambda.ts";
import { parseResource, type Resource } from "./resource.ts";
import { type ErrorNames, sdkCall, sdkErrors } from "./sdk-call.ts";
import { SDK_SERVICES } from "./sdk-services.ts";
import { textOf } from "./shapes.ts";

export interface Task {
  resource: string;
  args: Json;
  /** Of the machine's role. */
  call: Partial<Call>;
  /** ARNs of the execution and its machine, for the events it sends. */
  resources: string[];
  /** Of what the task starts: the same name again starts nothing anew. */
  name: string;
}

/** One request; waiting for more than its answer is the caller's. */
export async function request(cloud: Cloud, task: Task): Promise<Json> {
  const resource = parseResource(task.resource);
  if (!resource || resource.kind === "activity") throw runtimeError(`The resource ${task.resource} is no request.`);
  if (resource.kind === "function") {
    const output = await callFunction(cloud, { FunctionName: resource.arn, Payload: task.args }, task.call);
    return output.Payload!;
  }
  const args = task.args;
  if (typeof args !== "object" || args === null || Array.isArray(args)) {
    throw runtimeError("The Parameters of the task could not be used to start it: [an object is expected]");
  }
  const output =
    resource.kind === "optimized" && resource.service === "lambda"
      ? await callFunction(cloud, args, task.call)
      : await other(cloud, resource, args, task);
  if (resource.kind === "sdk") return output;
  return {
    ...output,
    SdkHttpMetadata: { HttpStatusCode: 200 },
    SdkResponseMetadata: { RequestId: crypto.randomUUID() },
  };
}

/** Error prefixes of the optimized integrations, and the local names of their services. */
const OPTIMIZED: Record<string, { sdk: string; names: ErrorNames }> = {
  sqs: { sdk: "sqs", names: { prefix: "SQS", general: "AmazonSQSException" } },
  sns: { sdk: "sns", names: { prefix: "SNS", general: "AmazonSNSException" } },
  dynamodb: { sdk: "dynamodb", names: { prefix: "DynamoDB", general: "AmazonDynamoDBException" } },
  events: { sdk: "eventbridge", names: { prefix: "EventBridge", general: "AmazonEventBridgeException" } },
  states: { sdk: "sfn", names: { prefix: "StepFunctions", general: "AWSStepFunctionsException" } },
};

async function other(
  cloud: Cloud,
  resource: Extract<Resource, { kind: "optimized" | "sdk" }>,
  args: JsonObject,
  task: Task,
): Promise<JsonObject> {
  const { service, operation } = resource;
  if (resource.kind === "sdk") {
    const sdk = SDK_SERVICES[service]!;
    return sdkCall(cloud, sdk, operation, args, task.call, sdkErrors(sdk));
  }
  const { sdk, names } = OPTIMIZED[service]!;
  const prepared = prepare(service, args, task);
  const output = await sdkCall(cloud, SDK_SERVICES[sdk]!, operation, prepared, task.call, names);
  if (service === "events" && Number(output.FailedEntryCount) > 0) {
    throw new StatesError("EventBridge.FailedEntry", JSON.stringify(output));
  }
  return output;
}

function prepare(service: string, args: JsonObject, { resources, name }: Task): JsonObject {
  if (service === "states") {
    const { Name = name, Input = {}, ...rest } = args;
    return { ...rest, Name, Input: textOf(Input) };
  }
  if (service !== "events" || !Array.isArray(args.Entries)) return args;
  const Entries = (args.Entries as JsonObject[]).map((entry) => ({
    ...entry,
    // EventBridge knows who sent it
    Resources: [...((entry.Resources ?? []) as string[]), ...resources],
  }));
  return { ...args, Entries };
}
