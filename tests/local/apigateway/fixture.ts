/** A cloud with API Gateway and Lambda, and a client that can say which host it means. */
import { request } from "node:http";
import type { ServiceFactory } from "../../../local/cloud.ts";
import { apigateway } from "../../../local/services/apigateway/control/index.ts";
import { apigatewayv2 } from "../../../local/services/apigateway/control-v2/index.ts";
import { type Gateway, type Hosts, startGateway } from "../../../local/services/apigateway/gateway.ts";
import { declaredApis } from "../../../local/services/apigateway/index.ts";
import { executeApi } from "../../../local/services/apigateway/websocket/index.ts";
import { type LambdaCloud, startLambda } from "../lambda/fixture.ts";

export interface Response {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: what a test's handler answers
  json: any;
}

export interface RequestOptions {
  method?: string;
  host?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

export interface GatewayCloud extends LambdaCloud {
  gateway: Gateway;
  fetch(path: string, options?: RequestOptions): Promise<Response>;
}

export async function startApi(
  hosts: Hosts = {},
  services: Record<string, ServiceFactory> = {},
): Promise<GatewayCloud> {
  const cloud = await startLambda({
    apis: declaredApis,
    apigateway,
    apigatewayv2,
    "execute-api": executeApi,
    ...services,
  });
  const gateway = await startGateway({ cloud: cloud.running, port: 0, hosts });
  const { stop } = cloud;
  return Object.assign(cloud, {
    gateway,
    fetch: (path: string, options: RequestOptions = {}) => send(gateway.port, path, options),
    async stop() {
      await gateway.stop();
      await stop();
    },
  });
}

function send(
  port: number,
  path: string,
  { method = "GET", host, headers = {}, body }: RequestOptions,
): Promise<Response> {
  return new Promise((done, failed) => {
    const outgoing = request({
      host: "127.0.0.1",
      port,
      path,
      method,
      headers: { host: host ?? `127.0.0.1:${port}`, ...headers },
    });
    outgoing.on("error", failed);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("error", failed);
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString();
        const json = () => {
          try {
            return JSON.parse(text);
          } catch {
            return undefined;
          }
        };
        done({ status: incoming.statusCode!, headers: incoming.headers, bytes, text, json: json() });
      });
    });
    outgoing.end(body);
  });
}
