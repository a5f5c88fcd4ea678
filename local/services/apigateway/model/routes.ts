/** The paths of an API, made when they are first asked for. */
import type { HttpApi, HttpRoute, RestApi, RestResource, RestRoute, Stage } from "./apis.ts";
import { type PathNode, pathNode } from "./paths.ts";

export function restRoutes(api: RestApi): PathNode<RestRoute> {
  if (api.routes) return api.routes;
  const root = pathNode<RestRoute>();
  for (const resource of api.resources.values()) {
    const path = pathOf(api, resource);
    for (const method of resource.methods.values()) root.add(method.httpMethod, path, { resource, path, method });
  }
  api.routes = root;
  return root;
}

function pathOf(api: RestApi, { parentId, pathPart }: RestResource): string {
  if (parentId === undefined) return "/";
  const parent = api.resources.get(parentId);
  const above = parent ? pathOf(api, parent) : "/";
  return above === "/" ? `/${pathPart}` : `${above}/${pathPart}`;
}

export function httpPaths(api: HttpApi): PathNode<HttpRoute> {
  if (api.paths) return api.paths;
  const root = pathNode<HttpRoute>();
  for (const route of api.routes.values()) {
    const [method = "", path] = route.key.split(" ");
    if (path) root.add(method, path, route);
  }
  api.paths = root;
  return root;
}

/** An integration's address in one stage. */
export function addressIn({ variables }: Stage, { uri, isVariable }: { uri: string; isVariable: boolean }): string {
  if (!isVariable) return uri;
  return uri.replace(/\$\{stageVariables\.(\w+)\}/g, (_all, name: string) => variables?.[name] ?? "");
}
