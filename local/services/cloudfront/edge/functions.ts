/** The CloudFront Functions of a behaviour: what they make of requests and answers. */
import type { Cloud } from "../../../service.ts";
import type { Kept, Store } from "../kept.ts";
import { itemsOf, type Shape } from "../shapes.ts";
import {
  applyRequest,
  applyResponse,
  type EventContext,
  type EventRequest,
  type EventResponse,
  eventOf,
} from "./function-event.ts";
import { runFunction } from "./function-runtime.ts";
import type { Answer, ViewerRequest } from "./message.ts";

export interface EdgeContext {
  distribution: Kept;
  behavior: Shape;
  requestId: string;
}

export interface EdgeFunctions {
  /** @returns another request, or an answer in its place. @throws FunctionFailed */
  request(context: EdgeContext, request: ViewerRequest): Promise<ViewerRequest | Answer>;
  /** @throws FunctionFailed */
  response(context: EdgeContext, request: ViewerRequest, answer: Answer): Promise<Answer>;
}

/** What a viewer learns of a function that failed: a 503, or a 502 where what it returned is not valid. */
export class FunctionFailed extends Error {
  readonly status: 502 | 503;
  readonly kind: "FunctionExecutionError" | "FunctionValidationError";
  readonly said: string;
  constructor(kind: FunctionFailed["kind"], message: string) {
    super(message);
    this.kind = kind;
    this.status = kind === "FunctionExecutionError" ? 503 : 502;
    this.said =
      kind === "FunctionExecutionError"
        ? "The CloudFront function associated with the CloudFront distribution is invalid or could not run. We can't connect to the server for this app or website at this time."
        : "The CloudFront function associated with the CloudFront distribution returned an invalid value.";
  }
}

export function edgeFunctions(cloud: Cloud, store: Store): EdgeFunctions {
  function functionOf(behavior: Shape, event: string): Kept | undefined {
    const arn = itemsOf(behavior.FunctionAssociations).find(({ EventType }) => EventType === event)?.FunctionARN;
    return arn === undefined ? undefined : store.get("Function", arn.slice(arn.lastIndexOf("/") + 1));
  }

  async function run(edge: Kept, event: object): Promise<EventRequest | EventResponse> {
    const source = `cloudfront/${edge.id}`;
    const { output, error, logs } = await runFunction({
      ...{ code: edge.more.live ?? "", event, values: valuesFor(store, edge.config) },
    });
    for (const message of logs) cloud.log({ level: "info", source, message });
    if (error === undefined) return JSON.parse(output!);
    cloud.log({ level: "warn", source, message: error });
    throw new FunctionFailed("FunctionExecutionError", error);
  }

  function valid<T>(edge: Kept, make: () => T): T {
    try {
      return make();
    } catch (error) {
      const { message } = error as Error;
      cloud.log({ level: "warn", source: `cloudfront/${edge.id}`, message });
      throw new FunctionFailed("FunctionValidationError", message);
    }
  }

  const contextOf = ({ distribution, requestId }: EdgeContext, eventType: EventContext["eventType"]): EventContext => ({
    ...{ distributionDomainName: distribution.more.domainName, distributionId: distribution.id, eventType, requestId },
  });

  return {
    async request(context, request) {
      const edge = functionOf(context.behavior, "viewer-request");
      if (!edge) return request;
      const returned = await run(edge, eventOf(contextOf(context, "viewer-request"), request));
      return valid(edge, () => {
        if (returned === null || typeof returned !== "object") throw new Error("The function has to return an object");
        if ("statusCode" in returned) return applyResponse(returned);
        return applyRequest(request, returned);
      });
    },
    async response(context, request, answer) {
      const edge = functionOf(context.behavior, "viewer-response");
      if (!edge) return answer;
      const returned = await run(edge, eventOf(contextOf(context, "viewer-response"), request, answer));
      return valid(edge, () => {
        if (returned === null || typeof returned !== "object" || !("statusCode" in returned)) {
          throw new Error("The function has to return the response");
        }
        return applyResponse(returned, answer);
      });
    },
  };
}

/** The pairs of the store that a function's settings name. */
export function valuesFor(store: Store, config: Shape): ((key: string) => string | undefined) | undefined {
  const arn = itemsOf(config.KeyValueStoreAssociations)[0]?.KeyValueStoreARN;
  if (arn === undefined) return undefined;
  const values = store.all("KeyValueStore").find(({ more }) => more.arn === arn)?.more.values ?? {};
  return (key) => (Object.hasOwn(values, key) ? values[key] : undefined);
}
