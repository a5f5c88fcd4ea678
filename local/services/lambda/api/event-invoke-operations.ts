/** What becomes of asynchronous invocations: retries, age, destinations. */
import type { PutFunctionEventInvokeConfigCommandInput } from "@aws-sdk/client-lambda";
import type { Value } from "../../../../engine/graph.ts";
import type { Operation } from "../../../service.ts";
import type { EventInvokeConfig } from "../asynchronous/event-invoke-config.ts";
import { parseFunctionName } from "../function-config.ts";
import type { Api } from "./api.ts";
import { notFound, pageOf } from "./errors.ts";

type Target = { FunctionName: string; Qualifier?: string };

export function eventInvokeOperations({ functions, events, made, arnOf, onFunction }: Api): Record<string, Operation> {
  const targetOf = ({ FunctionName, Qualifier }: Target) => {
    const { name, qualifier = Qualifier ?? "$LATEST" } = parseFunctionName(FunctionName);
    functions.find(name, qualifier);
    return { name, qualifier };
  };

  function find({ name, qualifier }: { name: string; qualifier: string }): EventInvokeConfig {
    const found = events.configs.get(name, qualifier);
    if (found) return found;
    throw notFound(`The function ${arnOf(name)}:${qualifier} doesn't have an EventInvokeConfig`);
  }

  const describe = (config: EventInvokeConfig) => ({
    FunctionArn: `${arnOf(config.functionName)}:${config.qualifier}`,
    LastModified: new Date(config.lastModified),
    MaximumRetryAttempts: config.maximumRetryAttempts,
    MaximumEventAgeInSeconds: config.maximumEventAgeSeconds,
    DestinationConfig: {
      OnSuccess: config.onSuccess ? { Destination: config.onSuccess } : {},
      OnFailure: config.onFailure ? { Destination: config.onFailure } : {},
    },
  });

  /** @param isUpdate What is not given stays as it is. */
  const put = (action: string, isUpdate: boolean): Operation => ({
    authorize: onFunction(action),
    async run(input: PutFunctionEventInvokeConfigCommandInput) {
      const target = targetOf(input as Target);
      const { name, qualifier } = target;
      const known = isUpdate ? find(target) : undefined;
      const { OnFailure, OnSuccess } = input.DestinationConfig ?? {};
      const inputs: Record<string, Value> = {
        ...{ functionName: name, qualifier },
        ...retries("maximumRetryAttempts", input.MaximumRetryAttempts ?? known?.maximumRetryAttempts),
        ...retries("maximumEventAgeInSeconds", input.MaximumEventAgeInSeconds ?? known?.maximumEventAgeSeconds),
        destinationConfig: {
          onFailure: { destination: OnFailure ? (OnFailure.Destination ?? "") : (known?.onFailure ?? "") },
          onSuccess: { destination: OnSuccess ? (OnSuccess.Destination ?? "") : (known?.onSuccess ?? "") },
        },
      };
      await made.create("functionEventInvokeConfig", `${name}:${qualifier}`, { inputs, outputs: {} });
      return describe(find(target));
    },
  });

  return {
    PutFunctionEventInvokeConfig: put("PutFunctionEventInvokeConfig", false),
    UpdateFunctionEventInvokeConfig: put("UpdateFunctionEventInvokeConfig", true),
    GetFunctionEventInvokeConfig: {
      authorize: onFunction("GetFunctionEventInvokeConfig"),
      run: (input: Target) => describe(find(targetOf(input))),
    },
    DeleteFunctionEventInvokeConfig: {
      authorize: onFunction("DeleteFunctionEventInvokeConfig"),
      run(input: Target) {
        const target = targetOf(input);
        find(target);
        events.configs.remove(target.name, target.qualifier);
        made.forget("functionEventInvokeConfig", `${target.name}:${target.qualifier}`);
        return {};
      },
    },
    ListFunctionEventInvokeConfigs: {
      authorize: onFunction("ListFunctionEventInvokeConfigs"),
      run({ FunctionName, ...paging }) {
        const { name } = targetOf({ FunctionName });
        const { page, NextMarker } = pageOf(events.configs.of(name), paging);
        return { FunctionEventInvokeConfigs: page.map(describe), NextMarker };
      },
    },
  };
}

function retries(name: string, value: number | undefined): Record<string, number> {
  return value === undefined ? {} : { [name]: value };
}
