import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { APIGatewayRequestAuthorizerEvent, APIGatewayRequestAuthorizerEventV2 } from "aws-lambda";
import { createRemoteJWKSet, exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from "jose";
import { answer } from "../../../functions/authorizer/answer.ts";
import { authorize } from "../../../functions/authorizer/authorize.ts";
import type { TenantRecord } from "../../../functions/shared/tenant-registry.ts";

const issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool";
const record = (tenantId: string, state: TenantRecord["state"] = "ACTIVE"): TenantRecord => ({
  ...{ tenantId, displayName: tenantId, tier: "basic", placement: "pool", cell: "eu1", state, stateVersion: 1 },
  ...{ hosts: [`${tenantId}.example.com`], database: "app", dbSecretArn: `arn:secret:${tenantId}` },
  ...{ createdAt: "2026-01-01T00:00:00Z", updatedAt: "2026-01-01T00:00:00Z" },
});

let server: Server;
let options: Parameters<typeof authorize>[1];
let keys: GenerateKeyPairResult;

beforeAll(async () => {
  keys = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "1", alg: "RS256", use: "sig" };
  server = createServer((request, response) => {
    response.statusCode = request.url === "/jwks.json" ? 200 : 500;
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const tenants = [record("acme"), record("globex"), record("idle", "SUSPENDED")];
  options = {
    ...{ issuer, clientId: "client-1", keys: createRemoteJWKSet(new URL("/jwks.json", address())) },
    tenant: async (tenantId) => tenants.find((tenant) => tenant.tenantId === tenantId),
  };
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

interface TokenOptions {
  tenant?: string | null;
  use?: string;
  audience?: string;
  issuer?: string;
  expires?: string;
  key?: GenerateKeyPairResult["privateKey"];
}

const token = (changes: TokenOptions = {}) =>
  new SignJWT({
    token_use: changes.use ?? "id",
    ...(changes.tenant !== null && { "custom:tenant": changes.tenant ?? "acme" }),
  })
    .setProtectedHeader({ alg: "RS256", kid: "1" })
    .setSubject("user-1")
    .setIssuer(changes.issuer ?? issuer)
    .setAudience(changes.audience ?? "client-1")
    .setExpirationTime(changes.expires ?? "1h")
    .sign(changes.key ?? keys.privateKey);

const decide = async (changes: TokenOptions = {}, host = "acme.example.com") =>
  authorize({ authorization: `Bearer ${await token(changes)}`, host }, options);

describe("a request with its tenant's token at its tenant's host", () => {
  it.each(["acme.example.com", "ACME.example.com", "acme.example.com:443"])("is allowed at %s", async (host) => {
    expect(await decide({}, host)).toMatchObject({
      allowed: true,
      grant: { subject: "user-1", tenant: { tenantId: "acme" } },
    });
  });
});

describe("a request is refused", () => {
  it.each<[string, TokenOptions]>([
    ["an access token", { use: "access" }],
    ["a token for another client", { audience: "client-2" }],
    ["a token of another pool", { issuer: `${issuer}2` }],
    ["an expired token", { expires: "-1s" }],
  ])("with 401 for %s", async (_, changes) => {
    expect(await decide(changes)).toMatchObject({ allowed: false, status: 401 });
  });

  it("with 401 for a token that another key has signed", async () => {
    const { privateKey } = await generateKeyPair("RS256");
    expect(await decide({ key: privateKey })).toMatchObject({ allowed: false, status: 401 });
  });

  it.each(["", "Basic dXNlcjpwYXNz", "Bearer", "Bearer not.a.token"])(
    "with 401 for Authorization %j",
    async (authorization) => {
      expect(await authorize({ authorization, host: "acme.example.com" }, options)).toMatchObject({ status: 401 });
    },
  );

  it("with 401 for an unsigned token", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { "custom:tenant": "acme", token_use: "id", iss: issuer, aud: "client-1", sub: "u", exp: 9e9 };
    const authorization = `Bearer ${part({ alg: "none" })}.${part(claims)}.`;
    expect(await authorize({ authorization, host: "acme.example.com" }, options)).toMatchObject({ status: 401 });
  });

  it.each<[string, TokenOptions, string]>([
    ["at another tenant's host", {}, "globex.example.com"],
    ["at a host of nobody", {}, "evil.example.com"],
    ["of a suspended tenant", { tenant: "idle" }, "idle.example.com"],
    ["of a tenant that is unknown", { tenant: "nobody" }, "nobody.example.com"],
    ["without a tenant in its token", { tenant: null }, "acme.example.com"],
  ])("with 403 %s", async (_, changes, host) => {
    expect(await decide(changes, host)).toMatchObject({ allowed: false, status: 403 });
  });

  it("with nothing while the pool's keys can not be had: that says nothing about the token", async () => {
    const unreachable = createRemoteJWKSet(new URL("/down", address()));
    const authorization = `Bearer ${await token()}`;
    await expect(
      authorize({ authorization, host: "acme.example.com" }, { ...options, keys: unreachable }),
    ).rejects.toThrow();
  });
});

describe("the answer", () => {
  const rest = { methodArn: "arn:aws:execute-api:eu-west-1:1:api/v1/GET/albums/7" } as APIGatewayRequestAuthorizerEvent;
  const http = { version: "2.0" } as APIGatewayRequestAuthorizerEventV2;
  const context = {
    tenantId: "acme",
    tier: "basic",
    subject: "user-1",
    database: "app",
    dbSecretArn: "arn:secret:acme",
  };

  it("to REST is a policy for every route of the stage, the tenant, and the key that counts against its plan", async () => {
    expect(answer(rest, await decide(), "api-key")).toEqual({
      principalId: "user-1",
      policyDocument: {
        Version: "2012-10-17",
        Statement: [
          { Action: "execute-api:Invoke", Effect: "Allow", Resource: "arn:aws:execute-api:eu-west-1:1:api/v1/*" },
        ],
      },
      context,
      usageIdentifierKey: "api-key",
    });
  });

  it("to HTTP is a simple response with the tenant", async () => {
    expect(answer(http, await decide())).toEqual({ isAuthorized: true, context });
    expect(answer(http, await decide({ use: "access" }))).toEqual({ isAuthorized: false, context: {} });
  });

  it("to REST is 401 by an error and 403 by a policy that denies", async () => {
    const unauthorized = await decide({ use: "access" });
    expect(() => answer(rest, unauthorized)).toThrow(/^Unauthorized$/);
    const denied = answer(rest, await decide({}, "globex.example.com")) as { policyDocument: { Statement: unknown[] } };
    expect(denied.policyDocument.Statement[0]).toMatchObject({ Effect: "Deny" });
    expect(denied).not.toHaveProperty("context");
  });
});
