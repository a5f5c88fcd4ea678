/** The API Gateway API, as far as the lifecycle of tenants and a curious operator need it: keys and usage plans. */
import { randomBytes } from "node:crypto";
import { type Access, AwsError, type Cloud, type Operation } from "../../../service.ts";
import type { Apis, UsagePlan } from "../model/apis.ts";
import { type ApiKey, newKeyId } from "../model/keys.ts";

export function controlPlane(cloud: Cloud, apis: Apis): Record<string, Operation> {
  const { keys, plans } = apis;
  /** IAM knows these operations by HTTP verb and path. */
  const on = (verb: string, path: string): Access => ({
    action: `apigateway:${verb}`,
    resource: `arn:aws:apigateway:${cloud.region}::${path}`,
  });

  function keyOf(id: string): ApiKey {
    const key = keys.get(id);
    if (!key) throw new AwsError("NotFoundException", "Invalid API Key identifier specified", 404);
    return key;
  }

  function planOf(id: string): UsagePlan {
    const plan = plans.get(id);
    if (!plan) throw new AwsError("NotFoundException", "Invalid Usage Plan ID specified", 404);
    return plan;
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
        return paged(found, limit, position, (key) => describeKey(key, includeValues === true));
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
        const others = keys.plansOf(key.id).map((id) => plans.get(id));
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
        paged(keys.keysOf(planOf(usagePlanId).id), limit, position, ({ id, name }) => ({ id, type: "API_KEY", name })),
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
    GetUsagePlan: {
      authorize: ({ usagePlanId }) => on("GET", `/usageplans/${usagePlanId}`),
      run: ({ usagePlanId }) => describePlan(planOf(usagePlanId)),
    },
    GetUsagePlans: {
      authorize: () => on("GET", "/usageplans"),
      run({ keyId, limit, position }) {
        const on = keyId ? keys.plansOf(keyId) : undefined;
        const found = [...plans.values()].filter(({ id }) => !on || on.includes(id));
        return paged(found, limit, position, describePlan);
      },
    },
    GetRestApis: {
      authorize: () => on("GET", "/restapis"),
      run: ({ limit, position }) =>
        paged([...apis.rest.values()], limit, position, ({ id, rootResourceId, apiKeySource, binaryMediaTypes }) => ({
          id,
          name: id,
          rootResourceId,
          apiKeySource,
          binaryMediaTypes,
        })),
    },
  };
}

/** A key can be on one plan only for each stage: with two, nothing would say whose limits hold. */
function sharesStage(one: UsagePlan, other: UsagePlan): boolean {
  return one.stages.some((a) => other.stages.some((b) => a.apiId === b.apiId && a.stage === b.stage));
}

function paged<Item>(items: Item[], limit = 25, position: string | undefined, describe: (item: Item) => object) {
  const start = Number(position ?? 0);
  const end = start + Math.min(limit, 500);
  return { items: items.slice(start, end).map(describe), ...(end < items.length && { position: String(end) }) };
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

function describePlan({ id, name, description, stages, rate, burst, quota }: UsagePlan) {
  return {
    id,
    name,
    description,
    apiStages: stages,
    ...(rate !== undefined && { throttle: { rateLimit: rate, burstLimit: burst } }),
    ...(quota && { quota }),
  };
}
