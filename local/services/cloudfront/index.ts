/**
 * CloudFront on one machine: distributions served on the gateway's port, under the hosts they are known by and under
 * `<name>.localhost`, with their own API. `edge/viewer.ts` says what is not emulated of serving; of the API it is streaming
 * distributions, distribution tenants, VPC origins, trust stores, field-level encryption, real-time logs, continuous
 * deployment, anycast lists, copies, and the API that writes keys of a key value store (a program's keys are there).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { edgesOf } from "../../edges.ts";
import type { Cloud, Service } from "../../service.ts";
import { distributionOperations } from "./distributions.ts";
import { type EdgeCache, edgeCache } from "./edge/cache.ts";
import { edgeFunctions } from "./edge/functions.ts";
import { readRequest, send } from "./edge/message.ts";
import { origins } from "./edge/origins.ts";
import { problem, viewer } from "./edge/viewer.ts";
import { functionOperations } from "./functions.ts";
import { hostsOf, localLocation } from "./hosts.ts";
import { type Kept, type Store, storeOf } from "./kept.ts";
import { resourcesOf } from "./resources.ts";
import { settingsOperations } from "./settings.ts";

export interface CloudFront {
  cloud: Cloud;
  store: Store;
  cache: EdgeCache;
  /** A distribution came, went, or is known by other hosts now. */
  hostsChanged(): void;
}

export function cloudfront(cloud: Cloud): Service {
  const edges = edgesOf(cloud);
  const store = storeOf(cloud);
  const cache = edgeCache();
  const functions = edgeFunctions(cloud, store);
  const answer = viewer({ cloud, store, cache, functions, origins: origins(cloud, edges, store) });
  const shared: CloudFront = { cloud, store, cache, hostsChanged };

  function hostsChanged(): void {
    edges.hosts.clear();
    for (const distribution of store.all("Distribution")) {
      for (const host of hostsOf(distribution)) {
        edges.hosts.set(host, (incoming, outgoing, asked) => serve(distribution.id, incoming, outgoing, asked));
      }
    }
  }

  async function serve(id: string, incoming: IncomingMessage, outgoing: ServerResponse, asked: string) {
    const distribution = store.get("Distribution", id) as Kept;
    const port = asked.includes(":") ? asked.slice(asked.lastIndexOf(":") + 1) : "";
    const name = port ? asked.slice(0, -port.length - 1) : asked;
    const request = await readRequest(incoming, edges.gateway?.standsFor(name) ?? ownHost(distribution, name));
    const method = incoming.method ?? "GET";
    if (!request) return send(outgoing, problem(413, "The request's body is larger than 20 MB."), method);
    if (!distribution.config.Enabled) return send(outgoing, problem(403, "The distribution is disabled."), method);
    const found = await answer(distribution, request, asked);
    send(outgoing, name.endsWith("localhost") ? localLocation(found, store, port) : found, method);
  }

  hostsChanged();
  return {
    name: "cloudfront",
    client: () => import("@aws-sdk/client-cloudfront"),
    requiresMembers: "MalformedInput",
    resources: resourcesOf(shared),
    operations: {
      ...distributionOperations(shared),
      ...settingsOperations(shared),
      ...functionOperations(shared),
    },
  };
}

/** What a distribution believes to be asked for under its local name. */
function ownHost({ config, more }: Kept, name: string): string {
  if (!name.endsWith(".localhost")) return name;
  return (config.Aliases?.Items ?? []).find((alias: string) => !alias.startsWith("*")) ?? more.domainName;
}
