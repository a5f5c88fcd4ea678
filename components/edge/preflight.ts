/**
 * Browsers' question before a call from another origin, which a REST API answers itself: `OPTIONS` of every path, for the
 * origins named and no other. The answers of the calls themselves are the handler's, and so is their
 * `access-control-allow-origin`.
 */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Route } from "./routes.ts";

export function declarePreflights(
  name: string,
  api: aws.apigateway.RestApi,
  resources: Map<string, pulumi.Output<string>>,
  routes: Route[],
  origins: string[],
  parent: pulumi.Resource,
): pulumi.Resource[] {
  const paths = [...new Set(routes.map(({ path }) => path))];
  return paths.flatMap((path) => {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    if (methods.includes("OPTIONS")) return [];
    const slug = `${name}-preflight${path.replace(/[{}+]/g, "").replace(/[^\w]+/g, "-")}`;
    const place = { restApi: api.id, resourceId: resources.get(path)!, httpMethod: "OPTIONS" };
    const method = new aws.apigateway.Method(slug, { ...place, authorization: "NONE" }, { parent });
    const integration = new aws.apigateway.Integration(
      `${slug}-integration`,
      { ...place, type: "MOCK", requestTemplates: { "application/json": '{"statusCode": 204}' } },
      { parent, dependsOn: [method] },
    );
    const response = new aws.apigateway.MethodResponse(
      `${slug}-response`,
      { ...place, statusCode: "204", responseParameters: { "method.response.header.Vary": true } },
      { parent, dependsOn: [method] },
    );
    const answer = new aws.apigateway.IntegrationResponse(
      `${slug}-answer`,
      {
        ...place,
        statusCode: "204",
        // One origin's answer kept for another would lock that one out.
        responseParameters: { "method.response.header.Vary": "'Origin'" },
        responseTemplates: { "application/json": answerTemplate(origins, methods) },
      },
      { parent, dependsOn: [integration, response] },
    );
    return [method, integration, response, answer];
  });
}

/** In Velocity: nothing is said to an origin that is not named, which browsers take for a no. */
export function answerTemplate(origins: readonly string[], methods: readonly string[]): string {
  const list = origins.map((origin) => `"${origin}"`).join(", ");
  const header = (key: string, value: string) => `#set($context.responseOverride.header.${key} = ${value})`;
  return [
    '#set($origin = $input.params().header.get("Origin"))',
    '#if(!$origin || $origin == "")#set($origin = $input.params().header.get("origin"))#end',
    `#if([${list}].contains($origin))`,
    header("Access-Control-Allow-Origin", "$origin"),
    header("Access-Control-Allow-Methods", `"${methods.join(",")}"`),
    header("Access-Control-Allow-Headers", '"authorization,content-type,idempotency-key"'),
    header("Access-Control-Max-Age", '"600"'),
    "#end",
  ].join("");
}
