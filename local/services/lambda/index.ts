/**
 * Lambda on one machine: functions in processes of their own behind the real Runtime API, called synchronously,
 * asynchronously, over their own addresses, by queues or by streams. What a program declares, the API makes and changes too.
 *
 * Not emulated: runtimes other than Node.js, container images, extensions, SnapStart, VPCs,
 * signatures of code, capacity providers.
 * An environment may write to its own code.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Operation, Service } from "../../service.ts";
import { type Api, apiOperations } from "./api/api.ts";
import { madeOf, type Provisioners } from "./api/made.ts";
import { asyncInvocations } from "./asynchronous/async-invocations.ts";
import { codeLocations } from "./code/code-locations.ts";
import { codeSigningConfigs } from "./code/code-signing.ts";
import { type CodeInput, packageOf } from "./code/packages.ts";
import type { DurableEngine } from "./durable/engine.ts";
import { durableOperations } from "./durable/operations.ts";
import { startRuntimeApi } from "./environments/runtime-api/runtime-api.ts";
import { eventSourceMappings } from "./event-sources/index.ts";
import { parseFunctionName } from "./function-config.ts";
import { logBatches } from "./function-log.ts";
import { functionUrls } from "./function-url/function-urls.ts";
import { serveFunctionUrl } from "./function-url/serve.ts";
import { functions as createFunctions, type Functions } from "./functions.ts";
import { invocationResource } from "./invocation-resource.ts";
import { invokeOperations } from "./invoke.ts";
import { resourcePolicies } from "./resource-policy.ts";
import { type Alias, checkAlias } from "./versions.ts";

export async function lambda(cloud: Cloud): Promise<Service> {
  const logs = logBatches(cloud);
  let runtime: ReturnType<typeof startRuntimeApi> | undefined;
  const startRuntime = () => {
    runtime ??= startRuntimeApi();
    return runtime;
  };
  let engine: Promise<DurableEngine> | undefined;
  const durable = () => {
    engine ??= import("./durable/index.ts").then(({ durableEngine }) => durableEngine(cloud, functions));
    return engine;
  };
  const functions: Functions = createFunctions(cloud, startRuntime, logs, durable);
  const policies = resourcePolicies();
  const events = asyncInvocations(cloud, functions);
  const mappings = eventSourceMappings(cloud, functions);
  const urls = functionUrls(cloud);
  const signing = codeSigningConfigs(() => cloud.clock.now());
  const packages = join(cloud.directory, "lambda", "packages");
  const locations = codeLocations(cloud, packages);
  const arnOf = (name: string) => `arn:aws:lambda:${cloud.region}:${cloud.account}:function:${name}`;

  const provisioners: Provisioners = {
    async function(resource) {
      const { config } = functions.put(await withCode(cloud, resource, packages));
      events.resume(functions.find(config.name));
      if (config.durable) (await durable()).resume(config.name);
    },
    version(resource) {
      const { name, publishedAs, isDeleted } = resource.outputs;
      if (isDeleted) functions.versions.used(String(name), String(publishedAs));
      else functions.putVersion(resource);
    },
    alias: (resource) => putAlias(functions, resource),
    permission: (resource) => policies.put(resource, arnOf),
    layerVersion: async (resource) => functions.layers.put(await withCode(cloud, resource, packages)),
    eventSourceMapping: (resource, isKnown) => mappings.put(resource, isKnown),
    functionUrl: urls.put,
    functionEventInvokeConfig: events.configs.put,
    codeSigningConfig: signing.put,
    layerVersionPermission: (resource) => functions.layers.permit(resource),
    functionRecursionConfig({ inputs }) {
      const name = parseFunctionName(String(inputs.functionName)).name;
      if (inputs.recursiveLoop === "Allow") functions.recursive.add(name);
      else functions.recursive.delete(name);
    },
    provisionedConcurrencyConfig({ inputs }) {
      const { functionName, qualifier } = inputs;
      const { name } = functions.find(String(functionName)).config;
      const version = functions.versions.alias(name, String(qualifier))?.version ?? String(qualifier);
      const requested = Number(inputs.provisionedConcurrentExecutions);
      functions.provision(functions.find(name, version), { requested, changedAt: cloud.clock.now() });
    },
  };
  const made = madeOf(cloud, provisioners);
  const api: Api = {
    ...{ cloud, functions, policies, events, mappings, urls, signing, made, packages, arnOf },
    onFunction:
      (action): NonNullable<Operation["authorize"]> =>
      ({ FunctionName }) => ({
        action: `lambda:${action}`,
        resource: arnOf(parseFunctionName(FunctionName ?? "").name),
      }),
    codeLocation: (code) => locations.of(code),
    removeFunction(name) {
      functions.remove(name);
      policies.removeAll(name);
      urls.removeAll(name);
      events.configs.remove(name);
      made.forgetFunction(name);
      return {};
    },
  };
  await made.restore();

  /** By a program: what the API made for it may have waited. */
  const declare = (kind: keyof Provisioners) => async (resource: Resource) => {
    await provisioners[kind](resource, false);
    await made.declared();
  };

  return {
    name: "lambda",
    client: () => import("@aws-sdk/client-lambda"),
    requiresMembers: "ValidationException",
    resources: {
      "aws:lambda/function:Function": declare("function"),
      "aws:lambda/alias:Alias": declare("alias"),
      "aws:lambda/codeSigningConfig:CodeSigningConfig": declare("codeSigningConfig"),
      "aws:lambda/layerVersionPermission:LayerVersionPermission": declare("layerVersionPermission"),
      "aws:lambda/permission:Permission": declare("permission"),
      "aws:lambda/eventSourceMapping:EventSourceMapping": declare("eventSourceMapping"),
      "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": declare("functionEventInvokeConfig"),
      "aws:lambda/functionRecursionConfig:FunctionRecursionConfig": declare("functionRecursionConfig"),
      "aws:lambda/functionUrl:FunctionUrl": declare("functionUrl"),
      "aws:lambda/invocation:Invocation": invocationResource(cloud, functions),
      "aws:lambda/layerVersion:LayerVersion": declare("layerVersion"),
      "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": declare("provisionedConcurrencyConfig"),
    },
    operations: {
      ...invokeOperations(cloud, functions, policies, events, durable),
      ...apiOperations(api),
      ...durableOperations(durable, arnOf),
    },
    handle: async (request) =>
      locations.handle(request) ?? (await serveFunctionUrl({ cloud, functions, policies, urls }, request)),
    async deliver(arn, { service, sourceArn, body, traceHeader }) {
      const principal = { type: "service" as const, arn: service, account: cloud.account };
      const call = { principal, sourceArn };
      const input = { FunctionName: arn, InvocationType: "Event", Payload: body, TraceHeader: traceHeader };
      await cloud.call("lambda", "Invoke", input, call);
    },
    async stop() {
      mappings.stop();
      events.stop();
      await engine?.then((started) => started.stop());
      await functions.stop();
      await logs.stop();
    },
  };
}

/** Code that a program has in S3 is fetched when it is provisioned. */
async function withCode(cloud: Cloud, resource: Resource, packages: string): Promise<Resource> {
  const { s3Bucket, s3Key, s3ObjectVersion } = resource.inputs;
  if (!s3Bucket) return resource;
  const code = { S3Bucket: s3Bucket, S3Key: s3Key, S3ObjectVersion: s3ObjectVersion } as CodeInput;
  const administrator = {
    type: "administrator" as const,
    arn: `arn:aws:iam::${cloud.account}:root`,
    account: cloud.account,
  };
  const archive = await packageOf(cloud, code, administrator, packages);
  return { ...resource, inputs: { ...resource.inputs, code: archive as Resource["inputs"][string] } };
}

function putAlias({ find, versions }: Functions, { inputs, name }: Resource): void {
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
}
