/**
 * Finds the operation of a request. A gateway that matched a route says so and costs one look-up here; behind a catch-all
 * route (`$default`, `{proxy+}`) the path itself is matched.
 */

import type { HttpRequest } from "./http.ts";
import { MethodNotAllowed, NotFound } from "./problem.ts";

export interface Match<Target> {
  target: Target;
  parameters: Record<string, string>;
}

/** @throws NotFound for an unknown path, MethodNotAllowed for a known one. */
export function matchRoute<Target>(
  routes: Record<string, Target>,
  request: Pick<HttpRequest, "method" | "path" | "routeKey" | "parameters">,
): Match<Target> {
  const known = request.routeKey !== undefined && Object.hasOwn(routes, request.routeKey);
  if (known) return { target: routes[request.routeKey as string] as Target, parameters: request.parameters };

  const segments = request.path.split("/");
  const allowed: string[] = [];
  for (const [key, target] of Object.entries(routes)) {
    const [method, template] = key.split(" ") as [string, string];
    const parameters = matchPath(template, segments);
    if (!parameters) continue;
    if (method === request.method) return { target, parameters };
    allowed.push(method);
  }
  throw allowed.length > 0 ? new MethodNotAllowed(allowed) : new NotFound();
}

function matchPath(template: string, segments: string[]): Record<string, string> | undefined {
  const expected = template.split("/");
  if (expected.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const actual = segments[index] as string;
    if (!part.startsWith("{")) {
      if (part !== actual) return undefined;
    } else {
      const value = decoded(actual);
      if (!value) return undefined;
      parameters[part.slice(1, -1)] = value;
    }
  }
  return parameters;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
