/** API keys and usage plans: who may call how often. */
import { randomBytes } from "node:crypto";
import { AwsError, type Cloud, type Operation } from "../../../service.ts";
import type { Apis } from "../model/apis.ts";
import type { Document } from "../model/documents.ts";
import { type ApiKey, newKeyId } from "../model/keys.ts";
import { badRequest, type Kinds, page, shown } from "./kinds.ts";
import { type Fields, type PatchOperation, patch } from "./patch.ts";

const PLAN = "/usageplans/{usagePlanId}";

export function usagePlanOperations(cloud: Cloud, { documents, keys }: Apis, kinds: Kinds): Record<string, Operation> {
  const { on } = kinds;

  function keyOf(id: string): ApiKey {
    const key = keys.get(id);
    if (!key) throw new AwsError("NotFoundException", "Invalid API Key identifier specified", 404);
    return key;
  }

  const planOf = (usagePlanId: string): Document => kinds.find(PLAN, { usagePlanId });

  function checkPlan({ apiStages, throttle, quota }: Document): void {
    for (const { apiId, stage } of apiStages ?? []) {
      const api = documents.get(`/apis/${apiId}`) ? `/apis/${apiId}` : `/restapis/${apiId}`;
      if (!documents.get(api)) throw notThere(`Invalid API identifier specified ${cloud.account}:${apiId}`);
      if (!documents.get(`${api}/stages/${stage}`)) throw notThere(`API Stage not found: ${apiId}:${stage}`);
    }
    if (throttle && throttle.burstLimit < 0) throw badRequest("Usage Plan throttle burst limit must be positive");
    if (quota && !(quota.limit > 0)) throw badRequest("Usage Plan quota limit must be positive");
    if (quota && !["DAY", "WEEK", "MONTH"].includes(quota.period)) {
      throw badRequest("Usage Plan quota period must be one of DAY, WEEK, MONTH");
    }
  }

  return {
    CreateApiKey: {
      authorize: () => on("POST", "/apikeys"),
      run({ name, value, enabled, description, tags }) {
        const now = cloud.clock.now();
        if (value !== undefined && value.length < 20) {
          throw new AwsError("BadRequestException", "API Key value should be at least 20 characters");
        }
        if (value !== undefined && keys.byValue(value)) {
          throw new AwsError("ConflictException", "API Key already exists", 409);
        }
        const key: ApiKey = {
          id: newKeyId(),
          name: name ?? "",
          value: value ?? randomBytes(30).toString("base64url"),
          enabled: enabled === true,
          description,
          tags: tags ?? {},
          createdAt: now,
          updatedAt: now,
        };
        keys.put(key);
        return describeKey(key, true);
      },
    },
    GetApiKey: {
      authorize: ({ apiKey }) => on("GET", `/apikeys/${apiKey}`),
      run: ({ apiKey, includeValue }) => describeKey(keyOf(apiKey), includeValue === true),
    },
    GetApiKeys: {
      authorize: () => on("GET", "/apikeys"),
      run({ nameQuery, includeValues, limit, position }) {
        const found = keys.all().filter(({ name }) => !nameQuery || name.startsWith(nameQuery));
        return page(found, { limit, position }, (key) => describeKey(key, includeValues === true));
      },
    },
    UpdateApiKey: {
      authorize: ({ apiKey }) => on("PATCH", `/apikeys/${apiKey}`),
      run({ apiKey, patchOperations }) {
        const key = keyOf(apiKey);
        for (const { op, path, value } of patchOperations ?? []) {
          if (op !== "replace") throw new AwsError("BadRequestException", `Invalid patch operation ${op}`);
          if (path === "/enabled") key.enabled = value === "true";
          else if (path === "/name") key.name = value;
          else if (path === "/description") key.description = value;
          else throw new AwsError("BadRequestException", `Invalid patch path ${path}`);
        }
        key.updatedAt = cloud.clock.now();
        keys.put(key);
        return describeKey(key, false);
      },
    },
    DeleteApiKey: {
      authorize: ({ apiKey }) => on("DELETE", `/apikeys/${apiKey}`),
      run({ apiKey }) {
        keys.remove(keyOf(apiKey).id);
        return {};
      },
    },
    CreateUsagePlanKey: {
      authorize: ({ usagePlanId }) => on("POST", `/usageplans/${usagePlanId}/keys`),
      run({ usagePlanId, keyId, keyType }) {
        if (keyType !== "API_KEY") throw new AwsError("BadRequestException", "Invalid key type specified");
        const [plan, key] = [planOf(usagePlanId), keyOf(keyId)];
        const others = keys.plansOf(key.id).map((id) => documents.get(`/usageplans/${id}`));
        const taken = others.some((other) => other && other.id !== plan.id && sharesStage(other, plan));
        if (taken) throw new AwsError("ConflictException", "Usage Plan Key already exists for this API stage", 409);
        if (!keys.attach(plan.id, key.id)) {
          throw new AwsError("ConflictException", "Usage Plan Key already exists", 409);
        }
        return { id: key.id, type: keyType, name: key.name };
      },
    },
    GetUsagePlanKeys: {
      authorize: ({ usagePlanId }) => on("GET", `/usageplans/${usagePlanId}/keys`),
      run: ({ usagePlanId, limit, position }) =>
        page(keys.keysOf(planOf(usagePlanId).id), { limit, position }, ({ id, name }) => ({
          id,
          type: "API_KEY",
          name,
        })),
    },
    DeleteUsagePlanKey: {
      authorize: ({ usagePlanId, keyId }) => on("DELETE", `/usageplans/${usagePlanId}/keys/${keyId}`),
      run({ usagePlanId, keyId }) {
        if (!keys.detach(planOf(usagePlanId).id, keyId)) {
          throw new AwsError("NotFoundException", "Invalid Usage Plan Key identifier specified", 404);
        }
        return {};
      },
    },
    GetUsagePlanKey: {
      authorize: ({ usagePlanId, keyId }) => on("GET", `/usageplans/${usagePlanId}/keys/${keyId}`),
      run({ usagePlanId, keyId }) {
        const found = keys.keysOf(planOf(usagePlanId).id).find(({ id }) => id === keyId);
        if (!found) throw notThere("Invalid Usage Plan Key identifier specified");
        return { id: found.id, type: "API_KEY", name: found.name };
      },
    },
    CreateUsagePlan: {
      authorize: () => on("POST", "/usageplans"),
      run(input) {
        if (!input.name?.trim()) throw badRequest("Usage Plan name is required");
        checkPlan(input);
        const plan = { ...input, id: newKeyId().slice(0, 6), apiStages: input.apiStages ?? [] };
        documents.put(`/usageplans/${plan.id}`, plan);
        return plan;
      },
    },
    GetUsagePlan: kinds.get(PLAN),
    GetUsagePlans: {
      authorize: () => on("GET", "/usageplans"),
      run(input) {
        const of = input.keyId ? keys.plansOf(input.keyId) : undefined;
        const found = documents.children("/usageplans").filter(({ id }) => !of || of.includes(id));
        return page(found, input, shown);
      },
    },
    UpdateUsagePlan: {
      ...kinds.may("PATCH", PLAN),
      run({ usagePlanId, patchOperations = [] }) {
        let next = planOf(usagePlanId);
        for (const operation of patchOperations as PatchOperation[]) {
          next = changeStages(next, operation) ?? patch(next, [operation], FIELDS);
        }
        checkPlan(next);
        documents.put(`/usageplans/${usagePlanId}`, next);
        return next;
      },
    },
    DeleteUsagePlan: kinds.remove(PLAN, (_input, { apiStages }) => {
      if (apiStages?.length)
        throw badRequest("Cannot delete Usage Plan with associated stages. Please remove them first");
    }),
  };
}

const FIELDS: Fields = {
  ...{ name: "text", description: "text", "throttle/rateLimit": "number", "throttle/burstLimit": "number" },
  ...{ "quota/limit": "number", "quota/offset": "number", "quota/period": "text", throttle: "text", quota: "text" },
};

/** `/apiStages` takes `<api>:<stage>`; below it stand limits of single methods. Undefined where the path is another. */
function changeStages(plan: Document, { op, path = "", value }: PatchOperation): Document | undefined {
  const [, first, place, limits, ...method] = path.split("/");
  if (first !== "apiStages") return undefined;
  const stages: Document[] = plan.apiStages ?? [];
  const isOf = (named: string | undefined) => (each: Document) => `${each.apiId}:${each.stage}` === named;
  if (place === undefined) {
    if (op === "remove") return { ...plan, apiStages: stages.filter((each) => !isOf(value)(each)) };
    const [apiId, stage] = (value ?? "").split(":");
    if (op !== "add" || !stage) throw badRequest(`Invalid patch path  '${path}' specified for op '${op}'.`);
    return stages.some(isOf(value)) ? plan : { ...plan, apiStages: [...stages, { apiId, stage }] };
  }
  const limit = method.at(-1);
  if (limits !== "throttle" || !stages.some(isOf(place)) || !/^(rateLimit|burstLimit)$/.test(limit ?? "")) {
    throw badRequest(`Invalid patch path  '${path}' specified for op '${op}'.`);
  }
  const key = method.slice(0, -1).join("/").replaceAll("~1", "/");
  const change = (each: Document) => {
    const throttle = { ...each.throttle, [key]: { ...each.throttle?.[key], [limit!]: Number(value) } };
    return isOf(place)(each) ? { ...each, throttle } : each;
  };
  return { ...plan, apiStages: stages.map(change) };
}

const notThere = (message: string) => new AwsError("NotFoundException", message, 404);

/** A key can be on one plan only for each stage: with two, nothing would say whose limits hold. */
function sharesStage(one: Document, other: Document): boolean {
  const [these, those]: Document[][] = [one.apiStages ?? [], other.apiStages ?? []];
  return these!.some((a) => those!.some((b) => a.apiId === b.apiId && a.stage === b.stage));
}

function describeKey(
  { id, name, value, enabled, description, tags, createdAt, updatedAt }: ApiKey,
  withValue: boolean,
) {
  return {
    id,
    name,
    enabled,
    description,
    createdDate: new Date(createdAt),
    lastUpdatedDate: new Date(updatedAt),
    stageKeys: [],
    tags,
    ...(withValue && { value }),
  };
}
