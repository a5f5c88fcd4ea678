/**
 * Lambda on one machine: functions in processes of their own behind the real Runtime API, called synchronously,
 * asynchronously or by queues.
 *
 * Not emulated: runtimes other than Node.js, container images, published versions (every version and alias runs $LATEST),
 * provisioned concurrency, response streaming, function URLs, extensions, SnapStart, VPCs, tracing. An environment is not
 * frozen between invocations and may write to its own code.
 */
import { randomUUID } from "node:crypto";
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Operation, Service } from "../../service.ts";
import { asyncInvocations } from "./async-invocations.ts";
import { startRuntimeApi } from "./environments/runtime-api.ts";
import { eventSourceMappings } from "./event-sources/index.ts";
import type { MappingBase } from "./event-sources/mapping.ts";
import { parseFunctionName } from "./function-config.ts";
import { logBatches } from "./function-log.ts";
import { functions as createFunctions, type Functions, type LambdaFunction } from "./functions.ts";
import { invocationResource } from "./invocation-resource.ts";
import { type InvokeInput, type InvokeOutput, invokeOperation } from "./invoke.ts";
import { resourcePolicies } from "./resource-policy.ts";
import { type Alias, checkAlias } from "./versions.ts";

export function lambda(cloud: Cloud): Service {
  const logs = logBatches(cloud);
  let runtime: ReturnType<typeof startRuntimeApi> | undefined;
  const startRuntime = () => {
    runtime ??= startRuntimeApi();
    return runtime;
  };
  const functions = createFunctions(cloud, startRuntime, logs);
  const policies = resourcePolicies();
  const events = asyncInvocations(cloud, functions);
  const mappings = eventSourceMappings(cloud, functions);
  const arnOf = (name: string) => `arn:aws:lambda:${cloud.region}:${cloud.account}:function:${name}`;

  const onFunction =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ FunctionName }) => ({ action: `lambda:${action}`, resource: arnOf(parseFunctionName(FunctionName).name) });

  const invoke = invokeOperation(cloud, functions, policies, events) as Operation<InvokeInput, InvokeOutput>;

  return {
    name: "lambda",
    client: () => import("@aws-sdk/client-lambda"),
    resources: {
      "aws:lambda/function:Function": (resource) => {
        functions.put(resource);
        events.resume(functions.find(String(resource.outputs.name ?? resource.name)));
      },
      "aws:lambda/alias:Alias": (resource) => void putAlias(functions, resource),
      "aws:lambda/permission:Permission": (resource) => policies.put(resource, arnOf),
      "aws:lambda/eventSourceMapping:EventSourceMapping": (resource) => mappings.put(resource),
      "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": events.configure,
      "aws:lambda/invocation:Invocation": invocationResource(cloud, functions),
      "aws:lambda/layerVersion:LayerVersion": (resource) => void functions.layers.put(resource),
    },
    operations: {
      Invoke: invoke,
      GetFunction: {
        authorize: onFunction("GetFunction"),
        run: ({ FunctionName, Qualifier }) => {
          const target = functions.find(FunctionName, Qualifier);
          const { reservedConcurrency } = target.config;
          return {
            Configuration: describe(target),
            Code: { RepositoryType: "S3" },
            ...(reservedConcurrency !== undefined && {
              Concurrency: { ReservedConcurrentExecutions: reservedConcurrency },
            }),
          };
        },
      },
      GetFunctionConfiguration: {
        authorize: onFunction("GetFunctionConfiguration"),
        run: ({ FunctionName, Qualifier }) => describe(functions.find(FunctionName, Qualifier)),
      },
      GetPolicy: {
        authorize: onFunction("GetPolicy"),
        run: ({ FunctionName }) => ({ Policy: policies.of(functions.find(FunctionName).config.name), RevisionId: "1" }),
      },
      ListFunctions: {
        authorize: () => ({ action: "lambda:ListFunctions", resource: "*" }),
        run: () => ({ Functions: [...functions.all.values()].map(describe) }),
      },
      ListEventSourceMappings: {
        authorize: () => ({ action: "lambda:ListEventSourceMappings", resource: "*" }),
        run: ({ FunctionName, EventSourceArn }) => {
          const name = FunctionName && parseFunctionName(FunctionName).name;
          const wanted = (mapping: MappingBase) =>
            (!name || mapping.functionName === name) && (!EventSourceArn || mapping.sourceArn === EventSourceArn);
          return { EventSourceMappings: mappings.list(wanted, arnOf) };
        },
      },
    },
    async deliver(arn, { service, sourceArn, body }) {
      const principal = { type: "service" as const, arn: service, account: cloud.account };
      const call = { principal, sourceArn };
      await cloud.call("lambda", "Invoke", { FunctionName: arn, InvocationType: "Event", Payload: body }, call);
    },
    async stop() {
      mappings.stop();
      events.stop();
      await functions.stop();
      await logs.stop();
    },
  };
}

/** An alias as a resource has it. */
function putAlias({ find, versions }: Functions, { inputs, name }: Resource): Alias {
  const latest = find(parseFunctionName(String(inputs.functionName)).name);
  const routing = inputs.routingConfig as { additionalVersionWeights?: Record<string, number> } | undefined;
  const alias: Alias = {
    name: String(inputs.name ?? name),
    version: String(inputs.functionVersion ?? "$LATEST"),
    description: String(inputs.description ?? ""),
    weights: routing?.additionalVersionWeights ?? {},
    revision: randomUUID(),
  };
  checkAlias(latest, alias, versions);
  versions.putAlias(latest.config.name, alias);
  return alias;
}

function describe({ config, code, lastModified }: LambdaFunction) {
  return {
    FunctionName: config.name,
    FunctionArn: config.arn,
    Runtime: config.runtime,
    Role: config.role,
    Handler: config.handler,
    CodeSize: code.bytes,
    CodeSha256: code.sha256,
    Description: config.description,
    Timeout: config.timeoutSeconds,
    MemorySize: config.memoryMb,
    LastModified: new Date(lastModified).toISOString(),
    Version: "$LATEST",
    PackageType: "Zip",
    Architectures: config.architectures,
    State: "Active",
    LastUpdateStatus: "Successful",
    Environment: { Variables: config.environment },
    LoggingConfig: { LogFormat: config.logFormat, LogGroup: config.logGroup },
    ...(config.deadLetterArn && { DeadLetterConfig: { TargetArn: config.deadLetterArn } }),
  };
}
