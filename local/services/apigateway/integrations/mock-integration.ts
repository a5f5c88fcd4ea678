/** A MOCK integration: what browsers' preflight requests are answered with. Templates are sent as they are. */
import type { Cloud } from "../../../service.ts";
import type { RestIntegration } from "../model/apis.ts";
import type { Exchange, GatewayAnswer } from "../serve/exchange.ts";
import { parameterValue } from "../serve/gateway-responses.ts";

/** Undefined when no integration response is declared for the status that the request template chooses. */
export function mockResponse(
  cloud: Cloud,
  integration: RestIntegration,
  exchange: Exchange,
): GatewayAnswer | undefined {
  const template = integration.requestTemplates["application/json"] ?? '{"statusCode": 200}';
  const chosen = /"?statusCode"?\s*:\s*(\d{3})/.exec(template)?.[1] ?? "200";
  const response = integration.responses.get(chosen) ?? [...integration.responses.values()].find(isDefault);
  if (!response) return undefined;
  const headers: string[] = [];
  for (const [target, source] of Object.entries(response.parameters)) {
    const name = /^method\.response\.header\.(.+)$/.exec(target)?.[1];
    const value = name && parameterValue(cloud, exchange, source);
    if (name && value !== undefined) headers.push(name, value);
  }
  headers.push("Content-Type", "application/json");
  return { status: Number(response.statusCode), headers, body: response.templates["application/json"] ?? "" };
}

function isDefault({ selectionPattern }: { selectionPattern?: string }): boolean {
  return !selectionPattern;
}
