/** What a function URL answers to browsers of other origins, in place of the function. Pure. */
import type { AwsRequest } from "../../../service.ts";
import type { Cors } from "./function-urls.ts";

export function isPreflight({ method, headers }: AwsRequest): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
}

/** Nothing for an origin that is not among the allowed ones. */
export function corsHeaders(cors: Cors | undefined, request: AwsRequest): Record<string, string> {
  const { origin } = request.headers;
  const allowed = cors?.allowOrigins ?? [];
  if (!cors || origin === undefined || !(allowed.includes("*") || allowed.includes(origin))) return {};
  const list = (name: string, values: string[] | undefined) => (values?.length ? { [name]: values.join(",") } : {});
  return {
    "access-control-allow-origin": allowed.includes("*") ? "*" : origin,
    vary: "Origin",
    ...(cors.allowCredentials && { "access-control-allow-credentials": "true" }),
    ...list("access-control-expose-headers", cors.exposeHeaders),
    ...(isPreflight(request) && {
      ...list("access-control-allow-methods", cors.allowMethods),
      ...list("access-control-allow-headers", cors.allowHeaders),
      ...(cors.maxAge !== undefined && { "access-control-max-age": String(cors.maxAge) }),
    }),
  };
}
