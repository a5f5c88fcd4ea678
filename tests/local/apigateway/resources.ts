/** APIs as a Pulumi program would declare them. */
import type { Resource, Value } from "../../../engine/graph.ts";
import { ACCOUNT, functionArn, invokeArn, permission, REGION, resource } from "../lambda/resources.ts";

export interface RestDeclaration {
  id?: string;
  stage?: string;
  inputs?: Record<string, Value>;
  stageInputs?: Record<string, Value>;
  /** `GET /albums/{albumId}` → method inputs, `function` and `integration` apart. */
  methods: Record<string, { function?: string; integration?: Record<string, Value>; inputs?: Record<string, Value> }>;
  /** Leaves out the permission for API Gateway. */
  unpermitted?: boolean;
}

/** The resources that a program declares for a REST API. */
export function restApi({
  id = "restapi001",
  stage = "v1",
  inputs,
  stageInputs,
  methods,
  unpermitted,
}: RestDeclaration): Resource[] {
  const root = `${id}root`;
  const resources: Resource[] = [
    resource("aws:apigateway/restApi:RestApi", id, { name: id, ...inputs }, { rootResourceId: root }),
  ];
  const ids = new Map([["/", root]]);
  const functions = new Set<string>();
  for (const [key, declared] of Object.entries(methods)) {
    const [httpMethod = "", path = ""] = key.split(" ");
    const resourceId = ensurePath(resources, ids, id, path);
    const place = { restApi: id, resourceId, httpMethod };
    resources.push(
      resource("aws:apigateway/method:Method", key, { ...place, authorization: "NONE", ...declared.inputs }),
    );
    if (declared.function) functions.add(declared.function);
    const integration = {
      ...{ type: "AWS_PROXY", uri: invokeArn(declared.function ?? ""), integrationHttpMethod: "POST" },
      ...declared.integration,
    };
    resources.push(resource("aws:apigateway/integration:Integration", key, { ...place, ...integration }));
  }
  resources.push(
    resource("aws:apigateway/stage:Stage", `${id}-${stage}`, { restApi: id, stageName: stage, ...stageInputs }),
  );
  if (!unpermitted) for (const name of functions) resources.push(mayInvoke(name, id));
  return resources;
}

function ensurePath(resources: Resource[], ids: Map<string, string>, api: string, path: string): string {
  const known = ids.get(path);
  if (known) return known;
  const slash = path.lastIndexOf("/");
  const parentId = ensurePath(resources, ids, api, path.slice(0, slash) || "/");
  const id = `${api}-${ids.size}`;
  const inputs = { restApi: api, parentId, pathPart: path.slice(slash + 1) };
  resources.push(resource("aws:apigateway/resource:Resource", id, inputs));
  ids.set(path, id);
  return id;
}

export function mayInvoke(functionName: string, apiId: string): Resource {
  const sourceArn = `arn:aws:execute-api:${REGION}:${ACCOUNT}:${apiId}/*`;
  return permission(functionName, "apigateway.amazonaws.com", { sourceArn });
}

export interface HttpDeclaration {
  id?: string;
  stage?: string;
  inputs?: Record<string, Value>;
  integration?: Record<string, Value>;
  stageInputs?: Record<string, Value>;
  /** Route key → function and route inputs. */
  routes: Record<string, { function: string; inputs?: Record<string, Value> }>;
}

export function httpApi({
  id = "httpapi001",
  stage = "$default",
  inputs,
  integration,
  stageInputs,
  routes,
}: HttpDeclaration): Resource[] {
  const resources = [resource("aws:apigatewayv2/api:Api", id, { protocolType: "HTTP", ...inputs })];
  for (const name of new Set(Object.values(routes).map((route) => route.function))) {
    resources.push(
      resource("aws:apigatewayv2/integration:Integration", `${id}-${name}`, {
        apiId: id,
        integrationType: "AWS_PROXY",
        integrationUri: functionArn(name),
        payloadFormatVersion: "2.0",
        ...integration,
      }),
      mayInvoke(name, id),
    );
  }
  for (const [routeKey, route] of Object.entries(routes)) {
    const target = `integrations/${id}-${route.function}`;
    resources.push(
      resource("aws:apigatewayv2/route:Route", `${id} ${routeKey}`, { apiId: id, routeKey, target, ...route.inputs }),
    );
  }
  resources.push(
    resource("aws:apigatewayv2/stage:Stage", `${id}-${stage}`, { apiId: id, name: stage, ...stageInputs }),
  );
  return resources;
}

/** Answers with the event it got. */
export const ECHO = `export const handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });`;
/** Answers with the event as an HTTP API's simple response. */
export const ECHO_V2 = "export const handler = async (event) => event;";
