/** One API key per tenant on its tier's usage plan: a key per tier would make tenants share the tier's bucket. */

import {
  APIGatewayClient,
  ConflictException,
  CreateApiKeyCommand,
  CreateUsagePlanKeyCommand,
  DeleteUsagePlanKeyCommand,
  GetApiKeyCommand,
  GetApiKeysCommand,
  NotFoundException,
} from "@aws-sdk/client-api-gateway";

export interface ApiKeyRequest {
  /** Unique in the account and region. */
  name: string;
  value: string;
  tags: Record<string, string>;
  /** From the tenant's record, if it has one. */
  knownId?: string;
  tier: string;
  /** Tier to usage plan id. */
  usagePlans: Record<string, string>;
}

/** @returns the key's id, or undefined where the tier has no usage plan. */
export async function ensureApiKey(
  request: ApiKeyRequest,
  client = new APIGatewayClient({}),
): Promise<string | undefined> {
  const plan = request.usagePlans[request.tier];
  if (!plan) return undefined;
  const keyId = (await findKey(request, client)) ?? (await createKey(request, client));
  for (const other of new Set(Object.values(request.usagePlans))) {
    if (other === plan) continue;
    const command = new DeleteUsagePlanKeyCommand({ usagePlanId: other, keyId });
    await client.send(command).catch(unless(NotFoundException));
  }
  const command = new CreateUsagePlanKeyCommand({ usagePlanId: plan, keyId, keyType: "API_KEY" });
  // It is on the plan already.
  await client.send(command).catch(unless(ConflictException));
  return keyId;
}

async function findKey({ name, knownId }: ApiKeyRequest, client: APIGatewayClient): Promise<string | undefined> {
  if (knownId) {
    const found = await client.send(new GetApiKeyCommand({ apiKey: knownId })).catch(unless(NotFoundException));
    if (found?.id) return found.id;
  }
  // A run that stopped before it could write the id down.
  const { items } = await client.send(new GetApiKeysCommand({ nameQuery: name, limit: 500 }));
  return items?.find((key) => key.name === name)?.id;
}

async function createKey({ name, value, tags }: ApiKeyRequest, client: APIGatewayClient): Promise<string> {
  const { id } = await client.send(new CreateApiKeyCommand({ name, value, enabled: true, tags }));
  if (!id) throw new Error(`API Gateway gave no id for the API key ${name}`);
  return id;
}

const unless = (expected: typeof NotFoundException | typeof ConflictException) => (error: unknown) => {
  if (error instanceof expected) return undefined;
  throw error;
};
