/** Deployments, which are snapshots of an API, and the stages that show them. */
import type { Operation } from "../../../service.ts";
import type { Apis } from "../model/apis.ts";
import { type Document, pathOf } from "../model/documents.ts";
import { newKeyId } from "../model/keys.ts";
import { badRequest, conflict, type Kinds, shown } from "./kinds.ts";
import { type Fields, invalidPath, patch } from "./patch.ts";

const API = "/restapis/{restApiId}";
const DEPLOYMENT = `${API}/deployments/{deploymentId}`;
const STAGE = `${API}/stages/{stageName}`;

const FIELDS: Fields = {
  ...{ description: "text", deploymentId: "text", variables: "map", tracingEnabled: "boolean" },
  ...{ "accessLogSettings/destinationArn": "text", "accessLogSettings/format": "text", accessLogSettings: "text" },
  ...{
    cacheClusterEnabled: "boolean",
    cacheClusterSize: "text",
    clientCertificateId: "text",
    documentationVersion: "text",
  },
};

/** `/{path}/{METHOD}/throttling/rateLimit`, the path with its slashes escaped; `*` stands for all. */
const METHOD_FIELDS: Record<string, [member: string, kind: "number" | "boolean" | "text"]> = {
  "metrics/enabled": ["metricsEnabled", "boolean"],
  "logging/loglevel": ["loggingLevel", "text"],
  "logging/dataTrace": ["dataTraceEnabled", "boolean"],
  "throttling/burstLimit": ["throttlingBurstLimit", "number"],
  "throttling/rateLimit": ["throttlingRateLimit", "number"],
  "caching/enabled": ["cachingEnabled", "boolean"],
  "caching/ttlInSeconds": ["cacheTtlInSeconds", "number"],
  "caching/dataEncrypted": ["cacheDataEncrypted", "boolean"],
  "caching/requireAuthorizationForCacheControl": ["requireAuthorizationForCacheControl", "boolean"],
  "caching/unauthorizedCacheControlHeaderStrategy": ["unauthorizedCacheControlHeaderStrategy", "text"],
};

const METHOD_DEFAULTS = {
  ...{ metricsEnabled: false, dataTraceEnabled: false, throttlingBurstLimit: 5000, throttlingRateLimit: 10_000 },
  ...{ cachingEnabled: false, cacheTtlInSeconds: 300, cacheDataEncrypted: false },
  ...{ requireAuthorizationForCacheControl: true },
  unauthorizedCacheControlHeaderStrategy: "SUCCEED_WITH_RESPONSE_HEADER",
};

export function stageOperations({ documents }: Apis, kinds: Kinds, now: () => number): Record<string, Operation> {
  /** What a deployment shows from now on, whatever becomes of the API. */
  function snapshotOf(restApiId: string): [string, Document][] {
    const path = `/restapis/${restApiId}`;
    const parts = documents
      .below(path)
      .filter(([below]) => !below.startsWith("/deployments/") && !below.startsWith("/stages/"));
    const methods = parts.filter(([below]) => /^\/resources\/[^/]+\/methods\/[^/]+$/.test(below));
    if (methods.length === 0) throw badRequest("The REST API doesn't contain any methods");
    if (methods.some(([below]) => !documents.get(`${path}${below}/integration`))) {
      throw badRequest("No integration defined for method");
    }
    return [["", documents.get(path)!], ...parts];
  }

  function putStage(input: Document, stageName: string, settings: Document): Document {
    if (!/^[A-Za-z0-9_-]{1,128}$/.test(stageName)) throw badRequest("Stage name only allows a-zA-Z0-9-_");
    const path = pathOf(STAGE, { ...input, stageName });
    const known = documents.get(path);
    const defaults = {
      tracingEnabled: false,
      cacheClusterEnabled: false,
      cacheClusterStatus: "NOT_AVAILABLE",
      methodSettings: {},
      createdDate: now(),
    };
    const stage = { ...defaults, ...known, ...settings, stageName, lastUpdatedDate: now() };
    documents.put(path, stage);
    return stage;
  }

  return {
    CreateDeployment: {
      ...kinds.may("POST", `${API}/deployments`),
      run(input) {
        const { restApiId, stageName, stageDescription, description, variables, tracingEnabled } = input;
        kinds.find(API, input);
        const id = newKeyId().slice(0, 6);
        const deployment = { id, description, createdDate: now(), snapshot: snapshotOf(restApiId) };
        documents.put(`/restapis/${restApiId}/deployments/${id}`, deployment);
        if (stageName) {
          const given = { description: stageDescription, variables, tracingEnabled };
          const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
          putStage(input, stageName, { ...settings, deploymentId: id });
        }
        return shown(deployment);
      },
    },
    GetDeployment: kinds.get(DEPLOYMENT),
    GetDeployments: kinds.list(`${API}/deployments`),
    UpdateDeployment: kinds.update(DEPLOYMENT, { description: "text" }),
    DeleteDeployment: kinds.remove(DEPLOYMENT, (input, { id }) => {
      const isShown = documents
        .children(pathOf(`${API}/stages`, input))
        .some(({ deploymentId }) => deploymentId === id);
      if (isShown) throw badRequest("Active stages pointing to this deployment must be moved or deleted");
    }),
    CreateStage: {
      ...kinds.may("POST", `${API}/stages`),
      run(input) {
        const { restApiId: _, stageName, canarySettings, ...settings } = input;
        kinds.find(API, input);
        if (documents.get(pathOf(STAGE, input))) throw conflict("Stage already exists");
        if (!documents.get(pathOf(DEPLOYMENT, input))) throw badRequest("Deployment id does not exist");
        if (canarySettings) throw badRequest("Canaries are not emulated on this machine");
        return shown(putStage(input, stageName, settings));
      },
    },
    GetStage: kinds.get(STAGE),
    GetStages: {
      ...kinds.may("GET", `${API}/stages`),
      run(input) {
        kinds.find(API, input);
        const stages = documents.children(pathOf(`${API}/stages`, input));
        const { deploymentId: wanted } = input;
        return { item: stages.filter(({ deploymentId }) => !wanted || deploymentId === wanted).map(shown) };
      },
    },
    UpdateStage: {
      ...kinds.may("PATCH", STAGE),
      run(input) {
        let next = kinds.find(STAGE, input);
        for (const operation of input.patchOperations ?? []) {
          next = changeMethods(next, operation) ?? patch(next, [operation], FIELDS);
        }
        if (next.deploymentId && !documents.get(pathOf(DEPLOYMENT, { ...input, deploymentId: next.deploymentId }))) {
          throw badRequest("Deployment id does not exist");
        }
        if (typeof next.accessLogSettings !== "object") delete next.accessLogSettings;
        next = { ...next, lastUpdatedDate: now() };
        documents.put(pathOf(STAGE, input), next);
        return shown(next);
      },
    },
    DeleteStage: kinds.remove(STAGE),
    FlushStageCache: { ...kinds.may("DELETE", `${STAGE}/cache/data`), run: (input) => void kinds.find(STAGE, input) },
    FlushStageAuthorizersCache: {
      ...kinds.may("DELETE", `${STAGE}/cache/authorizers`),
      run(input) {
        // An API that is read anew has no answers of its authorizers left.
        documents.put(pathOf(STAGE, input), { ...kinds.find(STAGE, input), authorizersFlushedAt: now() });
        return {};
      },
    },
  };
}

/** Undefined where the path is none of a method's settings. */
function changeMethods(stage: Document, { op = "", path = "", value }: Document): Document | undefined {
  const parts = path.split("/").slice(1);
  const [method, field] = [parts.slice(0, 2).join("/"), METHOD_FIELDS[parts.slice(-2).join("/")]];
  if (parts.length === 2 && op === "remove" && stage.methodSettings?.[method]) {
    const { [method]: _, ...others } = stage.methodSettings;
    return { ...stage, methodSettings: others };
  }
  if (!field || parts.length < 4) return undefined;
  const key = parts.slice(0, -2).join("/");
  if (op !== "replace") throw invalidPath(path, op, {});
  const settings = patch({ [field[0]]: undefined }, [{ op, path: `/${field[0]}`, value }], { [field[0]]: field[1] });
  const methodSettings = {
    ...stage.methodSettings,
    [key]: { ...METHOD_DEFAULTS, ...stage.methodSettings?.[key], ...settings },
  };
  // What the API limits is meant.
  return { ...stage, methodSettings, ...(key === "*/*" && { isLimitLifted: false }) };
}
