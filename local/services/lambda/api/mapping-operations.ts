/** Operations on event source mappings. */
import { randomUUID } from "node:crypto";
import type {
  CreateEventSourceMappingCommandInput,
  UpdateEventSourceMappingCommandInput,
} from "@aws-sdk/client-lambda";
import type { Value } from "../../../../engine/graph.ts";
import type { Operation } from "../../../service.ts";
import type { MappingBase } from "../event-sources/mapping.ts";
import { parseFunctionName } from "../function-config.ts";
import type { Api } from "./api.ts";
import { notFound, pageOf } from "./errors.ts";
import { inputsOf } from "./made.ts";

type Settings = Omit<CreateEventSourceMappingCommandInput, "EventSourceArn"> & { UUID?: string };

export function mappingOperations({ cloud, mappings, made, arnOf }: Api): Record<string, Operation> {
  const arnOfMapping = (uuid: string) => `arn:aws:lambda:${cloud.region}:${cloud.account}:event-source-mapping:${uuid}`;
  const on =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ UUID, FunctionName }) => ({
      action: `lambda:${action}`,
      resource: UUID ? arnOfMapping(UUID) : "*",
      ...(FunctionName && { context: { "lambda:FunctionArn": arnOf(parseFunctionName(FunctionName).name) } }),
    });

  /** In the program's words, where they are others than the API's. */
  function declared({ UUID: _, Enabled, DestinationConfig, ...settings }: Settings): Record<string, Value> {
    const destinationArn = DestinationConfig?.OnFailure?.Destination;
    return {
      ...inputsOf(settings),
      ...(Enabled !== undefined && { enabled: Enabled }),
      ...(DestinationConfig && { destinationConfig: destinationArn ? { onFailure: { destinationArn } } : {} }),
    };
  }

  function find(uuid: string): MappingBase {
    const found = mappings.find(uuid);
    if (found) return found;
    throw notFound("The resource you requested does not exist.");
  }

  const describe = (uuid: string, State?: string) => ({
    ...mappings.list((mapping) => mapping.uuid === uuid, arnOf)[0],
    EventSourceMappingArn: arnOfMapping(uuid),
    StateTransitionReason: "USER_INITIATED",
    ...(State && { State }),
  });

  return {
    CreateEventSourceMapping: {
      authorize: on("CreateEventSourceMapping"),
      async run(input: CreateEventSourceMappingCommandInput) {
        const uuid = randomUUID();
        await made.create("eventSourceMapping", uuid, { inputs: declared(input), outputs: { uuid } });
        return { ...describe(uuid), State: "Creating" };
      },
    },
    UpdateEventSourceMapping: {
      authorize: on("UpdateEventSourceMapping"),
      async run({ UUID = "", ...input }: UpdateEventSourceMappingCommandInput) {
        const { inputs, urn } = find(UUID).declaration;
        const next = { ...inputs, ...declared(input as Settings) };
        await made.change("eventSourceMapping", UUID, { inputs: next, outputs: { uuid: UUID }, urn });
        return describe(UUID, "Updating");
      },
    },
    DeleteEventSourceMapping: {
      authorize: on("DeleteEventSourceMapping"),
      run({ UUID }) {
        find(UUID);
        const answer = describe(UUID, "Deleting");
        mappings.remove(UUID);
        made.forget("eventSourceMapping", UUID);
        return answer;
      },
    },
    GetEventSourceMapping: {
      authorize: on("GetEventSourceMapping"),
      run: ({ UUID }) => describe(find(UUID).uuid),
    },
    ListEventSourceMappings: {
      authorize: () => ({ action: "lambda:ListEventSourceMappings", resource: "*" }),
      run({ FunctionName, EventSourceArn, ...paging }) {
        const name = FunctionName && parseFunctionName(FunctionName).name;
        const wanted = (mapping: MappingBase) =>
          (!name || mapping.functionName === name) && (!EventSourceArn || mapping.sourceArn === EventSourceArn);
        const { page, NextMarker } = pageOf(mappings.list(wanted, arnOf), paging, 100);
        return { EventSourceMappings: page, NextMarker };
      },
    },
  };
}
