/** APIs, stages, plans and domains of a cloud, read from the documents when they are first asked for. */
import type { Cloud } from "../../../service.ts";
import type { AnyApi, Apis, Mapping, Served, UsagePlan } from "./apis.ts";
import { compileHttp, compileV2Stage, compileWebSocket } from "./compile-http.ts";
import { compileRest, compileRestStage } from "./compile-rest.ts";
import { type Document, type Documents, documentStore } from "./documents.ts";
import { keyStore } from "./keys.ts";
import { readThrottle } from "./throttle.ts";

const known = new WeakMap<Cloud, Apis>();

/** One set for each cloud: the control plane fills it, the data plane serves it. */
export function apisOf(cloud: Cloud): Apis {
  let apis = known.get(cloud);
  if (!apis) {
    apis = makeApis(cloud);
    known.set(cloud, apis);
  }
  return apis;
}

function makeApis(cloud: Cloud): Apis {
  const documents = documentStore(cloud);
  const stages = new Map<string, Map<string, Served>>();
  const plans = new Map<string, UsagePlan>();
  let domains: Map<string, Mapping[]> | undefined;

  documents.onChange((root) => {
    const [, collection, id = ""] = root.split("/");
    if (collection === "usageplans") plans.delete(id);
    else if (collection === "domainnames") domains = undefined;
    else stages.delete(id);
  });

  return {
    documents,
    keys: keyStore(cloud),
    served(apiId, stage) {
      let served = stages.get(apiId);
      if (!served) {
        served = compile(documents, apiId);
        // Whatever ids clients try are not kept.
        if (served.size > 0) stages.set(apiId, served);
      }
      return served.get(stage);
    },
    plan(id) {
      let plan = plans.get(id);
      if (plan) return plan;
      const document = documents.get(`/usageplans/${id}`);
      plan = document && compilePlan(document);
      if (plan) plans.set(id, plan);
      return plan;
    },
    mappings(host) {
      domains ??= compileDomains(documents);
      return domains.get(host);
    },
  };
}

/** What does not say which deployment it shows, or one of the program's, shows what is declared now. */
function compile(documents: Documents, apiId: string): Map<string, Served> {
  const served = new Map<string, Served>();
  const isRest = documents.get(`/restapis/${apiId}`) !== undefined;
  const root = isRest ? `/restapis/${apiId}` : `/apis/${apiId}`;
  const now = documents.get(root);
  if (!now) return served;
  const compiled = new Map<string, AnyApi>();
  for (const part of documents.children(`${root}/stages`)) {
    const stage = isRest ? compileRestStage(part) : compileV2Stage(part);
    const deploymentId: string = part.deploymentId ?? part.DeploymentId ?? "";
    let api = compiled.get(deploymentId);
    if (!api) {
      const snapshot = documents.get(`${root}/deployments/${deploymentId}`)?.snapshot as
        | [string, Document][]
        | undefined;
      const parts = snapshot ?? documents.below(root);
      const document = { ...now, ...parts.find(([path]) => path === "")?.[1] };
      if (isRest) api = compileRest(document, parts, deploymentId);
      else
        api = document.ProtocolType === "WEBSOCKET" ? compileWebSocket(document, parts) : compileHttp(document, parts);
      compiled.set(deploymentId, api);
    }
    // A stage that nothing was deployed to answers nothing.
    if (part.isEmpty !== true) served.set(stage.name, { api, stage });
  }
  return served;
}

function compilePlan({ id, name, apiStages, throttle, quota }: Document): UsagePlan {
  return {
    id,
    name,
    stages: (apiStages ?? []).map(({ apiId, stage, throttle: methods }: Document) => ({
      apiId,
      stage,
      // `/albums/GET`
      methods: new Map(
        Object.entries<Document>(methods ?? {}).flatMap(([key, { rateLimit, burstLimit }]) => {
          const limit = readThrottle(rateLimit, burstLimit);
          const slash = key.lastIndexOf("/");
          return limit ? [[`${key.slice(slash + 1)} ${key.slice(0, slash) || "/"}`, limit] as const] : [];
        }),
      ),
    })),
    throttle: throttle && readThrottle(throttle.rateLimit, throttle.burstLimit ?? throttle.rateLimit),
    quota,
  };
}

function compileDomains(documents: Documents): Map<string, Mapping[]> {
  const domains = new Map<string, Mapping[]>();
  for (const { domainName } of documents.children("/domainnames")) {
    const mappings: Mapping[] = documents
      .children(`/domainnames/${domainName}/apimappings`)
      .map(({ apiId, stage, basePath }) => ({ apiId, stage, basePath }));
    domains.set(
      domainName,
      mappings.sort((one, other) => other.basePath.length - one.basePath.length),
    );
  }
  return domains;
}
