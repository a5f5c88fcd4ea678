/** A route's integration: a function, a mock, or an endpoint on this machine. */
import type { Cloud } from "../../../service.ts";
import type { InvokeFunction } from "../integrations/invoke-function.ts";
import type { WebSocketIntegration, WebSocketRoute } from "../model/apis.ts";
import type { Exchange } from "../serve/exchange.ts";
import { evaluateSelection } from "./route-selection.ts";
import type { WebSocketPlace } from "./serve.ts";

export type IntegrationAnswer =
  | { outcome: "answered"; status: number; headers: Record<string, string>; body: string }
  | { outcome: "failed" | "timeout" | "malformed" };

export async function integrate(
  parts: { cloud: Cloud; invoke: InvokeFunction },
  { api }: WebSocketPlace,
  route: WebSocketRoute,
  exchange: Exchange,
  event: object,
  body: string,
  sourceArn: string,
): Promise<IntegrationAnswer> {
  const { cloud } = parts;
  // A route without a target lets pass.
  if (route.target === "") return { outcome: "answered", status: 200, headers: {}, body: "" };
  const integration = api.integrations.get(route.target.replace(/^integrations\//, ""));
  if (!integration) return { outcome: "failed" };
  const started = cloud.clock.now();
  try {
    if (integration.type === "AWS_PROXY") return await viaFunction(parts, integration, event, sourceArn);
    return await viaTemplates(parts, integration, exchange, body, sourceArn);
  } finally {
    exchange.integrationMs = cloud.clock.now() - started;
  }
}

async function viaFunction(
  { invoke }: { invoke: InvokeFunction },
  { uri, credentials, timeoutMs }: WebSocketIntegration,
  event: object,
  sourceArn: string,
): Promise<IntegrationAnswer> {
  const result = await invoke({ uri, credentials, timeoutMs, sourceArn, payload: JSON.stringify(event) });
  if (result.outcome === "timeout") return { outcome: "timeout" };
  if (result.outcome === "failed") return { outcome: "malformed" };
  if (result.outcome !== "answered") return { outcome: "failed" };
  return readProxyAnswer(result.payload) ?? { outcome: "malformed" };
}

function readProxyAnswer(payload: Buffer): IntegrationAnswer | undefined {
  try {
    const answer = JSON.parse(payload.toString());
    const status = Number(answer.statusCode);
    if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
    const headers = Object.entries(answer.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]);
    const { body = "", isBase64Encoded } = answer;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const read = isBase64Encoded === true ? Buffer.from(text, "base64").toString() : text;
    return { outcome: "answered", status, headers: Object.fromEntries(headers), body: read };
  } catch {
    return undefined;
  }
}

/** Not a proxy: templates say what the backend gets, and what the client gets of its answer. */
async function viaTemplates(
  parts: { cloud: Cloud; invoke: InvokeFunction },
  integration: WebSocketIntegration,
  exchange: Exchange,
  body: string,
  sourceArn: string,
): Promise<IntegrationAnswer> {
  const { render } = await import("../integrations/template.ts");
  const { cloud } = parts;
  const write = (templates: Record<string, string>, selection: string | undefined, text: string) => {
    const key = selection && (evaluateSelection(selection, text) ?? selection.replace(/^\\?\$/, "$"));
    const template = templates[key ?? "$default"] ?? templates.$default ?? templates["application/json"];
    return template === undefined ? undefined : render(cloud, exchange, template, text);
  };
  const request = write(integration.requestTemplates, integration.templateSelection, body) ?? body;
  const answer = await backend(parts, integration, exchange, request, sourceArn);
  if (answer.outcome !== "answered") return answer;
  const response =
    [...integration.responses].find(
      ([key]) => key !== "$default" && new RegExp(key.slice(1, -1)).test(String(answer.status)),
    )?.[1] ?? integration.responses.get("$default");
  if (!response) return answer;
  return { ...answer, body: write(response.templates, response.templateSelection, answer.body) ?? answer.body };
}

async function backend(
  { cloud, invoke }: { cloud: Cloud; invoke: InvokeFunction },
  { type, uri, httpMethod, credentials, timeoutMs }: WebSocketIntegration,
  exchange: Exchange,
  payload: string,
  sourceArn: string,
): Promise<IntegrationAnswer> {
  if (type === "MOCK") {
    const status = Number(/"?statusCode"?\s*:\s*"?(\d{3})/.exec(payload)?.[1] ?? 200);
    return { outcome: "answered", status, headers: {}, body: "" };
  }
  if (type.startsWith("HTTP")) {
    const { callEndpoint } = await import("../integrations/http-endpoint.ts");
    const answer = await callEndpoint(cloud, {
      ...{ uri, method: httpMethod ?? "POST", timeoutMs, body: payload },
      headers: { "content-type": "application/json", connectionId: exchange.happening!.connectionId },
    });
    if (answer.outcome !== "answered") return { outcome: answer.outcome === "timeout" ? "timeout" : "failed" };
    return { outcome: "answered", status: answer.status, headers: {}, body: answer.body.toString() };
  }
  const result = await invoke({ uri, credentials, timeoutMs, sourceArn, payload });
  if (result.outcome === "timeout") return { outcome: "timeout" };
  if (result.outcome === "answered")
    return { outcome: "answered", status: 200, headers: {}, body: result.payload.toString() };
  return { outcome: "failed" };
}
