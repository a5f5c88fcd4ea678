import { handler } from "../../functions/tokens/handler.ts";

const event = (userAttributes: Record<string, string>) => ({ request: { userAttributes }, response: {} });
const registry = (tier?: string) => ({
  get: async (tenantId: string) => (tier ? ({ tenantId, tier } as never) : undefined),
});
const ask = (attributes: Record<string, string>, tier?: string) =>
  handler(event(attributes), undefined, registry(tier)) as Promise<{ response: Record<string, never> }>;

it("says tenant and tier in ID and access tokens, as the registry has them", async () => {
  const claims = { claimsToAddOrOverride: { tenant: "acme", tier: "enterprise" } };
  expect((await ask({ "custom:tenant": "acme" }, "enterprise")).response).toEqual({
    claimsAndScopeOverrideDetails: { idTokenGeneration: claims, accessTokenGeneration: claims },
  });
});

it("takes no tier from the user: only what the registry says counts", async () => {
  const { response } = await ask({ "custom:tenant": "acme", "custom:tier": "enterprise", tier: "enterprise" }, "basic");
  expect(JSON.stringify(response)).not.toContain("enterprise");
});

it("says nothing for who belongs to no tenant, or to one that there is not", async () => {
  expect((await ask({ email: "ops@example.com" }, "basic")).response).toEqual({});
  expect((await ask({ "custom:tenant": "nobody" })).response).toEqual({});
});
