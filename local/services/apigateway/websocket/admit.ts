/** Who may connect: the stage's limit, $connect's authorizer, its API key, and what its integration answers. */
import { judged, readAnswer } from "../authorizers/rest-authorizer.ts";
import type { WebSocketRoute } from "../model/apis.ts";
import type { Exchange } from "../serve/exchange.ts";
import { authorizerEvent, connectEvent, identityValue } from "./events.ts";
import { integrate } from "./integrate.ts";
import type { WebSocketParts, WebSocketPlace } from "./serve.ts";

/** Status and message of a connection that does not come about. */
export type Refusal = [status: number, message: string];

const FAILED: Refusal = [500, "Internal server error"];

export type Admission = { refused: Refusal } | { refused?: undefined; protocol?: string };

export function routeArn({ cloud }: WebSocketParts, { api, stage }: WebSocketPlace, routeKey: string): string {
  return `arn:aws:execute-api:${cloud.region}:${cloud.account}:${api.id}/${stage.name}/${routeKey}`;
}

export function isWithinLimit(
  { throttled }: WebSocketParts,
  { api, stage }: WebSocketPlace,
  routeKey: string,
): boolean {
  return !stage.throttles || throttled.takes(api.id, stage, routeKey);
}

export async function admit(parts: WebSocketParts, place: WebSocketPlace, exchange: Exchange): Promise<Admission> {
  if (place.path !== "/") return { refused: [403, "Forbidden"] };
  const route = place.api.routes.get("$connect");
  if (!route) return {};
  if (!isWithinLimit(parts, place, "$connect")) return { refused: [429, "Too Many Requests"] };
  const refused = (await authorize(parts, place, route, exchange)) ?? countKey(parts, place, route, exchange);
  if (refused) return { refused };
  const event = connectEvent(exchange);
  const answer = await integrate(parts, place, route, exchange, event, "", routeArn(parts, place, "$connect"));
  if (answer.outcome === "timeout") return { refused: [504, "Endpoint request timed out"] };
  if (answer.outcome === "malformed") return { refused: [502, "Internal server error"] };
  if (answer.outcome !== "answered") return { refused: FAILED };
  if (answer.status >= 300) return { refused: [answer.status, answer.body || "Forbidden"] };
  return { protocol: answer.headers["sec-websocket-protocol"] };
}

function countKey(parts: WebSocketParts, place: WebSocketPlace, route: WebSocketRoute, { incoming }: Exchange) {
  if (!route.apiKeyRequired) return undefined;
  const key = incoming.headers["x-api-key"] as string | undefined;
  const verdict = parts.usage.take(place.api.id, place.stage.name, "$connect", key);
  if (verdict.allowed) return undefined;
  const refused: Refusal = verdict.responseType === "INVALID_API_KEY" ? [403, "Forbidden"] : [429, "Too Many Requests"];
  return refused;
}

async function authorize(
  parts: WebSocketParts,
  place: WebSocketPlace,
  route: WebSocketRoute,
  exchange: Exchange,
): Promise<Refusal | undefined> {
  const { cloud, invoke, signed } = parts;
  if (route.authorizationType === "NONE") return undefined;
  const methodArn = routeArn(parts, place, "$connect");
  if (route.authorizationType === "AWS_IAM") {
    return "signer" in (await signed(exchange, methodArn)) ? undefined : [403, "Forbidden"];
  }
  const authorizer = place.api.authorizers.get(route.authorizerId ?? "");
  if (!authorizer) return FAILED;
  if (authorizer.identitySources.some((source) => !identityValue(cloud, exchange, source)))
    return [401, "Unauthorized"];
  const result = await invoke({
    uri: authorizer.uri,
    credentials: authorizer.credentials,
    timeoutMs: 29_000,
    sourceArn: `arn:aws:execute-api:${cloud.region}:${cloud.account}:${place.api.id}/authorizers/${authorizer.id}`,
    payload: JSON.stringify(authorizerEvent(exchange, methodArn)),
  });
  if (result.outcome === "failed" && result.errorMessage === "Unauthorized") return [401, "Unauthorized"];
  const answer = result.outcome === "answered" ? readAnswer(result.payload) : undefined;
  if (!answer || !("policy" in answer)) return FAILED;
  const decision = judged(answer, methodArn);
  if (!decision.allowed) return [403, "Forbidden"];
  exchange.authorizer = decision.context ?? {};
  return undefined;
}
