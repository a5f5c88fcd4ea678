/** Which route takes a message: what the API's expression finds in it, if there is such a route. */
import type { WebSocketApi, WebSocketRoute } from "../model/apis.ts";

/** The route is undefined where none takes the message. */
export function selectedRoute(api: WebSocketApi, body: string): { key: string; route?: WebSocketRoute } {
  const key = evaluateSelection(api.routeSelection, body);
  // A client can not ask for what happens by itself.
  const isOwn = key === "$connect" || key === "$disconnect";
  const route = key === undefined || isOwn ? undefined : api.routes.get(key);
  if (route) return { key: route.key, route };
  return { key: "$default", route: api.routes.get("$default") };
}

/** `$request.body.action`, `${request.body.action}-${request.body.type}`; undefined where the message lacks a value. */
export function evaluateSelection(expression: string, body: string): string | undefined {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch {
    return undefined;
  }
  let isComplete = true;
  const value = (path: string) => {
    const found = path.split(".").reduce<unknown>((at, name) => {
      const isThere = typeof at === "object" && at !== null && Object.hasOwn(at, name);
      return isThere ? (at as Record<string, unknown>)[name] : undefined;
    }, message);
    if (found === undefined || found === null || typeof found === "object") isComplete = false;
    return String(found);
  };
  const text = expression.replace(
    /\$\{request\.body\.([\w.$-]+)\}|\$request\.body\.([\w.$-]+)/g,
    (_all, braced, plain) => value(braced ?? plain),
  );
  return isComplete ? text : undefined;
}
