/** Which stage of which API stands behind a host and a path. */
import type { Cloud } from "../../../service.ts";
import type { AnyApi, Apis, Stage } from "../model/apis.ts";
import { apisOf } from "../model/store.ts";

/** Label of `http://<label>.localhost` → what stands behind it. */
export type Hosts = Record<string, { host: string; apiId: string; stage: string }>;

export interface Place {
  api: AnyApi;
  stage: Stage;
  /** Without the stage, and without a domain's base path. */
  path: string;
  /** As the client sent it to this API. */
  fullPath: string;
  /** What a function sees, where that is more than `path`. */
  eventPath?: string;
  host: string;
}

export interface Places {
  setHosts(hosts: Hosts): void;
  /** The host that a tenant's local name stands for. */
  standsFor(name: string): string | undefined;
  /** @param name a host, in lower case and without its port */
  find(name: string, path: string): Place | undefined;
}

const known = new WeakMap<Cloud, Places>();

/** One for each cloud: the gateway serves by it, `@connections` finds its stages by it. */
export function placesOf(cloud: Cloud): Places {
  let places = known.get(cloud);
  if (!places) {
    places = makePlaces(cloud, apisOf(cloud));
    known.set(cloud, places);
  }
  return places;
}

/** `acme.localhost:4000` → `acme.localhost` */
export function hostName(host: string): string {
  const colon = host.lastIndexOf(":");
  return (colon > host.lastIndexOf("]") ? host.slice(0, colon) : host).toLowerCase();
}

export function isLocal(name: string): boolean {
  return name === "localhost" || name === "127.0.0.1";
}

function makePlaces(cloud: Cloud, apis: Apis): Places {
  const labels = new Map<string, Hosts[string]>();

  function place(apiId: string, stageName: string, path: string, fullPath: string, host: string): Place | undefined {
    const served = apis.served(apiId, stageName);
    return served && { api: served.api, stage: served.stage, path, fullPath, host };
  }

  /** The longest base path that the path begins with. */
  function onDomain(host: string, path: string): Place | undefined {
    for (const { apiId, stage, basePath } of apis.mappings(host) ?? []) {
      const isBelow = basePath === "" || path === `/${basePath}` || path.startsWith(`/${basePath}/`);
      if (!isBelow) continue;
      const rest = basePath === "" ? path : path.slice(basePath.length + 1) || "/";
      const found = stage ? place(apiId, stage, rest, path, host) : staged(apiId, rest, path, host);
      return found && basePath !== "" ? { ...found, eventPath: path } : found;
    }
    return undefined;
  }

  /** The first segment is the stage, but for an HTTP API's default one. */
  function staged(apiId: string, path: string, fullPath: string, host: string): Place | undefined {
    const [, first = "", ...rest] = path.split("/");
    return place(apiId, first, `/${rest.join("/")}`, fullPath, host) ?? place(apiId, "$default", path, fullPath, host);
  }

  /** AWS's own host, which an API may turn off. */
  function byDefault(found: Place | undefined): Place | undefined {
    return found?.api.isDefaultEndpointOff ? undefined : found;
  }

  const executeHost = (apiId: string) => `${apiId}.execute-api.${cloud.region}.amazonaws.com`;

  return {
    setHosts(hosts) {
      labels.clear();
      for (const [label, target] of Object.entries(hosts)) {
        labels.set(`${label.toLowerCase()}.localhost`, target);
        labels.set(target.host.toLowerCase(), target);
      }
    },
    standsFor: (name) => labels.get(name)?.host,
    find(name, path) {
      const label = labels.get(name);
      if (label) return place(label.apiId, label.stage, path, path, label.host);
      if (isLocal(name)) {
        if (!path.startsWith("/_apis/")) return undefined;
        const [, , apiId = "", stage = "", ...rest] = path.split("/");
        const below = rest.join("/");
        return byDefault(place(apiId, stage, `/${below}`, `/${stage}/${below}`, executeHost(apiId)));
      }
      const execute = /^([a-z0-9]+)\.execute-api\.(?:localhost|[a-z0-9-]+\.amazonaws\.com)$/.exec(name)?.[1];
      if (execute) return byDefault(staged(execute, path, path, executeHost(execute)));
      return onDomain(name, path) ?? (name.endsWith(".localhost") ? onDomain(name.slice(0, -10), path) : undefined);
    },
  };
}
