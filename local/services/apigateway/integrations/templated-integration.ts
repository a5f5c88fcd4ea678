/** Integrations that are no proxies: templates say what the backend gets, and what the client gets of its answer. */
import type { Cloud } from "../../../service.ts";
import type { IntegrationResponse, RestIntegration } from "../model/apis.ts";
import type { Exchange, GatewayAnswer } from "../serve/exchange.ts";
import { parameterValue } from "../serve/gateway-responses.ts";
import type { FunctionAnswer } from "./invoke-function.ts";

/** Asks the function of an `AWS` integration. */
export type AskFunction = (payload: string) => Promise<FunctionAnswer>;

/** What cannot be answered: the gateway says so in its own words. */
export type Failure =
  | "INTEGRATION_TIMEOUT"
  | "INTEGRATION_FAILURE"
  | "API_CONFIGURATION_ERROR"
  | "UNSUPPORTED_MEDIA_TYPE";

export async function templatedIntegration(
  cloud: Cloud,
  integration: RestIntegration,
  exchange: Exchange,
  ask: AskFunction,
): Promise<GatewayAnswer | Failure> {
  const body = exchange.body?.toString() ?? "";
  const request = await requestOf(cloud, integration, exchange, body);
  if (request === undefined) return "UNSUPPORTED_MEDIA_TYPE";
  const backend = await answerOf(cloud, integration, request, ask);
  if (typeof backend === "string") return backend;
  exchange.integrationStatus = backend.status;
  const response = responseOf(integration, backend.matched);
  if (!response) return "API_CONFIGURATION_ERROR";
  const headers: string[] = [];
  for (const [target, source] of Object.entries(response.parameters)) {
    const name = /^method\.response\.header\.(.+)$/.exec(target)?.[1];
    const own = /^integration\.response\.header\.(.+)$/.exec(source)?.[1];
    const value = name && (own ? backend.headers.get(own.toLowerCase()) : parameterValue(cloud, exchange, source));
    if (name && value !== undefined) headers.push(name, value);
  }
  const [type = "application/json", template] = Object.entries(response.templates)[0] ?? [];
  headers.push("Content-Type", type);
  if (template === undefined) return { status: Number(response.statusCode), headers, body: backend.body };
  // A text without a sign of Velocity needs nothing of it.
  if (!/[#$]/.test(template)) return { status: Number(response.statusCode), headers, body: template };
  const { render } = await import("./template.ts");
  const overrides: import("./template.ts").Overrides = { headers: new Map() };
  const text = render(cloud, exchange, template, backend.body, overrides);
  const kept = headers.filter((_each, index) => !overrides.headers.has(headers[index - (index % 2)]!));
  return {
    status: overrides.status ?? Number(response.statusCode),
    headers: [...kept, ...[...overrides.headers].flat()],
    body: text,
  };
}

/** The body as the integration's template has it; undefined where no template takes the media type, and none may be left out. */
async function requestOf(cloud: Cloud, integration: RestIntegration, exchange: Exchange, body: string) {
  const type = (exchange.incoming.headers["content-type"] ?? "application/json").split(";")[0]!.trim().toLowerCase();
  const template = integration.requestTemplates[type];
  if (template === undefined) {
    const none = Object.keys(integration.requestTemplates).length === 0;
    const passes =
      integration.passthrough === "WHEN_NO_MATCH" || (integration.passthrough === "WHEN_NO_TEMPLATES" && none);
    if (integration.type === "MOCK") return Object.values(integration.requestTemplates)[0] ?? '{"statusCode": 200}';
    return passes ? body : undefined;
  }
  if (!/[#$]/.test(template)) return template;
  return (await import("./template.ts")).render(cloud, exchange, template, body);
}

interface Backend {
  status: number;
  /** What selection patterns are compared with: a status, or a function's error. */
  matched: string;
  headers: Map<string, string>;
  body: string;
}

async function answerOf(
  cloud: Cloud,
  integration: RestIntegration,
  payload: string,
  ask: AskFunction,
): Promise<Backend | Failure> {
  const { type, uri, httpMethod = "POST", timeoutMs } = integration;
  if (type === "MOCK") {
    const chosen = /"?statusCode"?\s*:\s*"?(\d{3})/.exec(payload)?.[1] ?? "200";
    return { status: Number(chosen), matched: chosen, headers: new Map(), body: "" };
  }
  if (type === "HTTP") {
    const { callEndpoint } = await import("./http-endpoint.ts");
    const headers = { "content-type": "application/json" };
    const answer = await callEndpoint(cloud, { uri, method: httpMethod, headers, body: payload, timeoutMs });
    if (answer.outcome === "timeout") return "INTEGRATION_TIMEOUT";
    if (answer.outcome !== "answered") return "INTEGRATION_FAILURE";
    const { status, body } = answer;
    return { status, matched: String(status), headers: new Map(answer.headers), body: body.toString() };
  }
  if (!uri.includes(":lambda:path/")) {
    const message = `${uri} is no function: other AWS services as integrations are not emulated on this machine.`;
    cloud.log({ level: "warn", source: "apigateway", message });
    return "API_CONFIGURATION_ERROR";
  }
  const answer = await ask(payload === "" ? "{}" : payload);
  if (answer.outcome === "timeout") return "INTEGRATION_TIMEOUT";
  if (answer.outcome !== "answered" && answer.outcome !== "failed") return "API_CONFIGURATION_ERROR";
  const matched = answer.outcome === "failed" ? answer.errorMessage : "";
  return { status: 200, matched, headers: new Map(), body: answer.payload.toString() };
}

/** The first response whose pattern is all of the status or error, or the one without a pattern. */
function responseOf({ type, responses }: RestIntegration, matched: string): IntegrationResponse | undefined {
  const all = [...responses.values()];
  const isDefault = ({ selectionPattern }: IntegrationResponse) => !selectionPattern;
  if (type === "MOCK" && responses.has(matched) && isDefault(responses.get(matched)!)) return responses.get(matched);
  const chosen = all.find(
    ({ selectionPattern }) =>
      selectionPattern && matched !== "" && new RegExp(`^(?:${selectionPattern})$`, "s").test(matched),
  );
  return chosen ?? all.find(isDefault);
}
