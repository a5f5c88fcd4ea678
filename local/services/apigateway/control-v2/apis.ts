/** HTTP and WebSocket APIs as a whole: made one by one, at once with a target, or from an OpenAPI document. */
import type { Cloud, Operation } from "../../../service.ts";
import { badRequest, shown } from "../control/kinds.ts";
import { taggedBy, without } from "../control/tags.ts";
import type { Apis } from "../model/apis.ts";
import type { Document } from "../model/documents.ts";
import { newKeyId } from "../model/keys.ts";
import type { KindsV2 } from "./kinds.ts";

const API = "/apis/{ApiId}";

export function apiOperations(
  { region }: Cloud,
  apis: Apis,
  kinds: KindsV2,
  now: () => number,
): Record<string, Operation> {
  const { documents } = apis;
  const tags = taggedBy(apis);

  function create(input: Document): Document {
    const { ProtocolType, RouteSelectionExpression, RouteKey, Target, CredentialsArn, ...settings } = input;
    const isHttp = ProtocolType === "HTTP";
    if (!isHttp && ProtocolType !== "WEBSOCKET")
      throw badRequest("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]");
    if (!isHttp && !/^\$\{?request\.body\./.test(RouteSelectionExpression ?? "")) {
      throw badRequest(
        RouteSelectionExpression === undefined
          ? "RouteSelectionExpression is required for WEBSOCKET protocol"
          : "Invalid route selection expression. The expression should start with $request.body",
      );
    }
    if (!isHttp && (settings.CorsConfiguration || Target)) {
      throw badRequest("Cors configuration and quick create are supported for HTTP APIs only");
    }
    const ApiId = newKeyId();
    const api = {
      ApiKeySelectionExpression: "$request.header.x-api-key",
      DisableExecuteApiEndpoint: false,
      RouteSelectionExpression: RouteSelectionExpression ?? "$request.method $request.path",
      IpAddressType: "ipv4",
      ...settings,
      ...{ ApiId, ProtocolType, CreatedDate: now() },
      ApiEndpoint: `${isHttp ? "https" : "wss"}://${ApiId}.execute-api.${region}.amazonaws.com`,
      ...(Target && { ApiGatewayManaged: false }),
    };
    check(api);
    documents.put(`/apis/${ApiId}`, api);
    if (Target) quickly(ApiId, RouteKey ?? "$default", Target, CredentialsArn);
    return api;
  }

  /** A route to one target, and a stage that shows it at once. */
  function quickly(ApiId: string, RouteKey: string, Target: string, CredentialsArn?: string): void {
    const [IntegrationId, RouteId] = [newKeyId().slice(0, 7), newKeyId().slice(0, 7)];
    const isFunction = Target.startsWith("arn:");
    documents.put(`/apis/${ApiId}/integrations/${IntegrationId}`, {
      ...{ IntegrationId, CredentialsArn, ApiGatewayManaged: true, ConnectionType: "INTERNET" },
      IntegrationType: isFunction ? "AWS_PROXY" : "HTTP_PROXY",
      ...(isFunction ? {} : { IntegrationMethod: "ANY" }),
      ...{ IntegrationUri: Target, PayloadFormatVersion: isFunction ? "2.0" : "1.0", TimeoutInMillis: 30_000 },
    });
    documents.put(`/apis/${ApiId}/routes/${RouteId}`, {
      ...{ RouteId, RouteKey, Target: `integrations/${IntegrationId}`, AuthorizationType: "NONE" },
      ...{ ApiKeyRequired: false, ApiGatewayManaged: true },
    });
    const stage = { StageName: "$default", AutoDeploy: true, ApiGatewayManaged: true };
    documents.put(`/apis/${ApiId}/stages/$default`, { ...stage, CreatedDate: now(), LastUpdatedDate: now() });
  }

  async function put(ApiId: string, body: string): Promise<Document> {
    const { importHttp } = await import("../openapi/import-http.ts");
    const path = `/apis/${ApiId}`;
    const parts = importHttp(body);
    for (const each of ["routes", "integrations", "authorizers"]) documents.remove(`${path}/${each}`);
    for (const [below, part] of parts) {
      documents.put(`${path}${below}`, below === "" ? { ...documents.get(path), ...part } : part);
    }
    return documents.get(path)!;
  }

  return {
    CreateApi: { authorize: () => kinds.on("POST", "/apis"), run: (input) => shown(create(input)) },
    ImportApi: {
      authorize: () => kinds.on("PUT", "/apis"),
      async run({ Body }) {
        const { importHttp } = await import("../openapi/import-http.ts");
        // What can not be read makes no API.
        const [, head] = importHttp(Body).find(([path]) => path === "") ?? [];
        const { ApiId } = create({ ProtocolType: "HTTP", Name: head?.Name });
        return shown(await put(ApiId, Body));
      },
    },
    ReimportApi: {
      ...kinds.may("PUT", API),
      async run(input) {
        kinds.find(API, input);
        return shown(await put(input.ApiId, input.Body));
      },
    },
    GetApi: { ...kinds.may("GET", API), run: (input) => shown(kinds.find(API, input)) },
    GetApis: kinds.list("/apis"),
    UpdateApi: {
      ...kinds.may("PATCH", API),
      run({ ApiId, RouteKey: _, Target: _target, CredentialsArn: _arn, ...changes }) {
        const next = { ...kinds.find(API, { ApiId }), ...changes };
        check(next);
        documents.put(`/apis/${ApiId}`, next);
        return shown(next);
      },
    },
    DeleteApi: {
      ...kinds.may("DELETE", API),
      run(input) {
        kinds.find(API, input);
        documents.remove(`/apis/${input.ApiId}`);
        return {};
      },
    },
    DeleteCorsConfiguration: {
      ...kinds.may("DELETE", `${API}/cors`),
      run(input) {
        const { CorsConfiguration: _, ...api } = kinds.find(API, input);
        documents.put(`/apis/${input.ApiId}`, api);
        return {};
      },
    },
    TagResource: {
      authorize: ({ ResourceArn }) => kinds.on("POST", `/tags/${ResourceArn}`),
      run: ({ ResourceArn, Tags }) => tags.change(ResourceArn, (known) => ({ ...known, ...Tags })),
    },
    UntagResource: {
      authorize: ({ ResourceArn }) => kinds.on("DELETE", `/tags/${ResourceArn}`),
      run: ({ ResourceArn, TagKeys }) => tags.change(ResourceArn, (known) => without(known, TagKeys)),
    },
    GetTags: {
      authorize: ({ ResourceArn }) => kinds.on("GET", `/tags/${ResourceArn}`),
      run: ({ ResourceArn }) => ({ Tags: tags.of(ResourceArn) }),
    },
  };
}

function check({ Name, CorsConfiguration: cors }: Document): void {
  if (!Name?.trim() || Name.length > 128) throw badRequest("Name must be between 1 and 128 characters");
  if (cors?.AllowCredentials && cors.AllowOrigins?.includes("*")) {
    throw badRequest("allow-credentials is not supported if allow-origins is *");
  }
}
