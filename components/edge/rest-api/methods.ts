/** What stands below a REST API: a resource per path, a method and its integration per route, models of the bodies. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ApiParts } from "../api.ts";
import type { Authorizer } from "../authorizers.ts";
import { handlerOf, type Route, slug, slugOf } from "../routes.ts";

export type Child = { parent: pulumi.ComponentResource };

export interface Declared {
  /** Methods and their integrations. */
  declared: pulumi.Resource[];
  /** Resource ids by path. */
  resources: Map<string, pulumi.Output<string>>;
}

export function declareMethods(
  name: string,
  api: aws.apigateway.RestApi,
  parts: ApiParts,
  authorizer: Authorizer,
  child: Child,
): Declared {
  const { parent } = child;
  allowInvokes(name, api, parts);
  const validator = new aws.apigateway.RequestValidator(
    `${name}-validator`,
    { restApi: api.id, name: "body", validateRequestBody: true, validateRequestParameters: false },
    child,
  );
  const models = declareModels(name, api, parts.routes, child);
  const resources = declareResources(name, api, parts.routes, child);
  const declared = parts.routes.flatMap((route) => {
    const slug = slugOf(route);
    const handler = handlerOf(parts, route);
    const isStreamed = parts.streamed?.includes(`${route.method} ${route.path}`) ?? false;
    const place = { restApi: api.id, resourceId: resources.get(route.path)!, httpMethod: route.method };
    const method = new aws.apigateway.Method(
      `${name}-${slug}`,
      {
        ...place,
        authorization: route.isPublic ? "NONE" : authorizer.kind,
        authorizerId: route.isPublic ? undefined : authorizer.id,
        apiKeyRequired: !route.isPublic && parts.usagePlans !== undefined,
        requestModels: route.body ? { "application/json": models.get(route.body.name)!.name } : undefined,
        requestValidatorId: route.body ? validator.id : undefined,
      },
      child,
    );
    const integration = new aws.apigateway.Integration(
      `${name}-${slug}-integration`,
      {
        ...place,
        type: "AWS_PROXY",
        integrationHttpMethod: "POST",
        uri: isStreamed ? handler.streamArn : handler.invokeArn,
        responseTransferMode: isStreamed ? "STREAM" : undefined,
        // The tenant of an isolated function is what the authorizer found, never what a client sends. Other functions
        // are invoked without: Lambda takes a tenant only where isolation is on.
        requestParameters:
          route.isPublic || !handler.tenantIsolation
            ? undefined
            : { "integration.request.header.X-Amz-Tenant-Id": "context.authorizer.tenantId" },
      },
      { parent, dependsOn: [method] },
    );
    return [method, integration];
  });
  return { declared, resources };
}

/** The API's own function may be invoked by any of its routes, another one by the routes that are its own. */
function allowInvokes(
  name: string,
  { executionArn }: aws.apigateway.RestApi,
  { handler, handlers, stage }: ApiParts,
): void {
  const service = "apigateway.amazonaws.com";
  handler.allowInvoke(`${name}-handler-invoke`, service, pulumi.interpolate`${executionArn}/${stage}/*`);
  for (const [route, fn] of Object.entries(handlers ?? {})) {
    const [method, path] = route.split(" ") as [string, string];
    const pattern = path.replace(/{[^}]+}/g, "*");
    fn.allowInvoke(
      `${name}-${slugOf({ method, path })}-invoke`,
      service,
      pulumi.interpolate`${executionArn}/${stage}/${method}${pattern}`,
    );
  }
}

function declareModels(name: string, api: aws.apigateway.RestApi, routes: Route[], child: Child) {
  const models = new Map<string, aws.apigateway.Model>();
  for (const { body } of routes) {
    if (!body || models.has(body.name)) continue;
    const schema = JSON.stringify({ $schema: "http://json-schema.org/draft-04/schema#", ...body.schema });
    models.set(
      body.name,
      new aws.apigateway.Model(
        `${name}-${body.name}`,
        { restApi: api.id, name: body.name, contentType: "application/json", schema },
        child,
      ),
    );
  }
  return models;
}

/** One resource per path segment, each below its parent. Path → resource id. */
function declareResources(name: string, api: aws.apigateway.RestApi, routes: Route[], child: Child) {
  const ids = new Map<string, pulumi.Output<string>>([["/", api.rootResourceId]]);
  for (const { path } of routes) {
    const segments = path.split("/").slice(1);
    for (const [index, pathPart] of segments.entries()) {
      const here = `/${segments.slice(0, index + 1).join("/")}`;
      if (pathPart === "" || ids.has(here)) continue;
      const parentId = ids.get(index === 0 ? "/" : `/${segments.slice(0, index).join("/")}`)!;
      const resource = new aws.apigateway.Resource(
        `${name}-path${slug(here)}`,
        { restApi: api.id, parentId, pathPart },
        child,
      );
      ids.set(here, resource.id);
    }
  }
  return ids;
}
