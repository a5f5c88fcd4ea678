import { createHash, randomBytes } from "node:crypto";
import { AdminCreateUserCommand, GetUserCommand } from "@aws-sdk/client-cognito-identity-provider";
import { decodeJwt } from "jose";
import { totp } from "../../../local/services/cognito/sign-in/totp.ts";
import { failure } from "../dynamodb/fixture.ts";
import { type Answer, browser } from "./browser.ts";
import { ClientId, type CognitoCloud, type Declared, password, startCognito, UserPoolId } from "./fixture.ts";

const callback = "http://localhost:3000/callback";
const verifier = randomBytes(32).toString("base64url");
const oauth = {
  allowedOauthFlowsUserPoolClient: true,
  allowedOauthFlows: ["code"],
  allowedOauthScopes: ["openid", "email", "profile"],
  callbackUrls: [callback],
  logoutUrls: ["http://localhost:3000/"],
};

let cloud: CognitoCloud;
let visitor: ReturnType<typeof browser>;
async function start(declared: Declared = {}): Promise<void> {
  cloud = await startCognito({ ...declared, client: { ...oauth, ...declared.client } });
  await cloud.declare("userPoolDomain:UserPoolDomain", "acme", { domain: "acme", userPoolId: UserPoolId });
  visitor = browser(cloud.running.endpoint, "acme.auth.localhost");
}
afterEach(() => cloud.stop());

function authorize(more: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    response_type: "code",
    client_id: ClientId,
    redirect_uri: callback,
    scope: "openid email",
    state: "xyz",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...more,
  });
  return `/oauth2/authorize?${query}`;
}

/** The parameters that the application is called back with. */
function calledBack({ status, headers }: Answer): Record<string, string> {
  expect(status).toBe(302);
  expect(headers.location).toMatch(/^http:\/\/localhost:3000\/callback\?/);
  return Object.fromEntries(new URL(headers.location!).searchParams);
}

async function exchange(code: string, more: Record<string, string> = {}, headers: Record<string, string> = {}) {
  const answer = await visitor.post(
    "/oauth2/token",
    {
      grant_type: "authorization_code",
      client_id: ClientId,
      redirect_uri: callback,
      code,
      code_verifier: verifier,
      ...more,
    },
    headers,
  );
  return { status: answer.status, headers: answer.headers, ...JSON.parse(answer.text) };
}

const signIn = async (path = authorize()) => visitor.submit(await visitor.open(path), { username: "ann", password });

describe("signing in on the page", () => {
  it("leads back to the application with a code, which its verifier turns into tokens once", async () => {
    await start();
    await cloud.addUser("ann", { email: "ann@acme.example", email_verified: "true", name: "Ann" });
    const { code, state } = calledBack(await signIn(authorize({ nonce: "n1" })));
    expect(state).toBe("xyz");
    expect(await exchange(code!, { code_verifier: "wrong" })).toMatchObject({ status: 400, error: "invalid_grant" });
    const { code: second } = calledBack(await visitor.open(authorize({ nonce: "n1" })));
    const tokens = await exchange(second!);
    expect(tokens).toMatchObject({ status: 200, token_type: "Bearer", expires_in: 1200 });
    expect(decodeJwt(tokens.access_token)).toMatchObject({ scope: "openid email", client_id: ClientId });
    const claims = decodeJwt(tokens.id_token);
    expect(claims).toMatchObject({ nonce: "n1", email: "ann@acme.example", email_verified: true, aud: ClientId });
    expect(claims).not.toHaveProperty("name");
    expect(await exchange(second!)).toMatchObject({ status: 400, error: "invalid_grant" });
  });

  it("says on the page what is wrong, and keeps the name that was given", async () => {
    await start();
    await cloud.addUser("ann");
    const page = await visitor.open(authorize());
    const answer = await visitor.submit(page, { username: "ann", password: "wrong" });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('role="alert">Incorrect username or password.');
    expect(answer.text).toContain('value="ann"');
  });

  it("is not taken from another site's form", async () => {
    await start();
    await cloud.addUser("ann");
    await visitor.open(authorize());
    const query = authorize().slice("/oauth2/authorize".length);
    const answer = await visitor.post(`/login${query}`, { username: "ann", password, _csrf: "guess" });
    expect(answer.headers.location).toBeUndefined();
    expect(answer.text).toContain("The page was open for too long");
  });

  it("asks a temporary password to be replaced", async () => {
    await start();
    const TemporaryPassword = "Temporary-1";
    await cloud.client.send(new AdminCreateUserCommand({ UserPoolId, Username: "bob", TemporaryPassword }));
    const page = await visitor.submit(await visitor.open(authorize()), {
      username: "bob",
      password: TemporaryPassword,
    });
    expect(page.text).toContain("Choose a new password");
    const weak = await visitor.submit(page, { password: "weak" });
    expect(weak.text).toContain("Password not long enough");
    expect(calledBack(await visitor.submit(weak, { password }))).toHaveProperty("code");
    expect(await cloud.signIn("bob")).toHaveProperty("IdToken");
  });

  it("sets an authenticator application up where the pool demands it", async () => {
    await start({ pool: { mfaConfiguration: "ON" } });
    await cloud.addUser("ann");
    const page = await signIn();
    const secret = /<code>([A-Z2-7]+)<\/code>/.exec(page.text)![1]!;
    const code = () => totp(secret, Math.floor(cloud.clock.now() / 30_000));
    expect((await visitor.submit(page, { code: "000000" })).text).toContain("Invalid code");
    expect(calledBack(await visitor.submit(page, { code: code() }))).toHaveProperty("code");
    await cloud.clock.advance(60_000);
    const again = await signIn(authorize({ prompt: "login" }));
    expect(again.text).not.toContain("<code>");
    expect(calledBack(await visitor.submit(again, { code: code() }))).toHaveProperty("code");
  });
});

describe("signing up on the page", () => {
  it("is confirmed by the code in the mail, and leads into the application", async () => {
    await start({ pool: { usernameAttributes: ["email"], autoVerifiedAttributes: ["email"] } });
    const login = await visitor.open(authorize());
    const page = await visitor.open(/href="(\/signup[^"]*)"/.exec(login.text)![1]!.replaceAll("&#38;", "&"));
    const confirm = await visitor.submit(page, { "attribute.email": "eve@acme.example", password });
    expect(confirm.text).toContain("Confirm your account");
    const wrong = await visitor.submit(confirm, { code: "nonsense" });
    expect(wrong.text).toContain("Invalid verification code provided");
    const done = await visitor.submit(wrong, { code: await cloud.codeFor("eve@acme.example") });
    const tokens = await exchange(calledBack(done).code!);
    expect(decodeJwt(tokens.id_token)).toMatchObject({ email: "eve@acme.example", email_verified: true });
  });

  it("is not offered where administrators make the accounts", async () => {
    await start({ pool: { adminCreateUserConfig: { allowAdminCreateUserOnly: true } } });
    expect((await visitor.open(authorize())).text).not.toContain("Create an account");
    expect((await visitor.open(authorize().replace("/oauth2/authorize", "/signup"))).status).toBe(403);
  });
});

it("a forgotten password is replaced on the page", async () => {
  await start();
  await cloud.addUser("ann", { email: "ann@acme.example", email_verified: "true" });
  const page = await visitor.open(authorize().replace("/oauth2/authorize", "/forgotPassword"));
  const reset = await visitor.submit(page, { username: "ann" });
  const code = await cloud.codeFor("ann@acme.example");
  const done = await visitor.submit(reset, { code, password: "Another-horse-8" });
  expect(done.text).toContain("Your password was changed");
  expect(await cloud.signIn("ann", "Another-horse-8")).toHaveProperty("IdToken");
});

describe("what an application asks wrongly", () => {
  it("is not sent anywhere that nobody vouches for", async () => {
    await start();
    const wrong: Record<string, string>[] = [{ redirect_uri: "https://evil.example/" }, { client_id: "unknown" }];
    for (const more of wrong) {
      const answer = await visitor.open(authorize(more));
      expect(answer.status).toBe(400);
      expect(answer.headers.location).toBeUndefined();
    }
  });

  it.each([
    ["another response type", { response_type: "token" }, "unauthorized_client"],
    ["a scope that it does not have", { scope: "openid phone" }, "invalid_request"],
    ["a plain code challenge", { code_challenge_method: "plain" }, "invalid_request"],
  ])("is told to it: %s", async (_, more, error) => {
    await start();
    const answer = calledBack(await visitor.open(authorize(more)));
    expect(answer).toMatchObject({ error, state: "xyz" });
    expect(answer).not.toHaveProperty("code");
  });

  it("is a code without its verifier, after five minutes, or by another address", async () => {
    await start();
    await cloud.addUser("ann");
    const { code } = calledBack(await signIn());
    const { code_verifier: _, ...plain } = { code_verifier: verifier, grant_type: "authorization_code" };
    const bare = { ...plain, client_id: ClientId, redirect_uri: callback, code: code! };
    expect(JSON.parse((await visitor.post("/oauth2/token", bare)).text)).toEqual({ error: "invalid_grant" });
    const fresh = async () => calledBack(await visitor.open(authorize())).code!;
    expect(await exchange(await fresh(), { redirect_uri: "http://localhost:3000/other" })).toMatchObject({
      error: "invalid_grant",
    });
    const late = await fresh();
    await cloud.clock.advance(300_000);
    expect(await exchange(late)).toMatchObject({ error: "invalid_grant" });
    expect(await exchange("", { grant_type: "password" })).toMatchObject({ error: "unsupported_grant_type" });
  });
});

describe("the tokens of the page", () => {
  const inside = async () => {
    await start();
    await cloud.addUser("ann", { email: "ann@acme.example", email_verified: "true" });
    return exchange(calledBack(await signIn()).code!);
  };
  const info = (token: string) => visitor.send("GET", "/oauth2/userInfo", { authorization: `Bearer ${token}` });

  it("tell who it is, to whoever has openid, and do not manage the account without its scope", async () => {
    const { access_token } = await inside();
    const answer = await info(access_token);
    expect(JSON.parse(answer.text)).toMatchObject({ email: "ann@acme.example", username: "ann" });
    expect((await info("nonsense")).status).toBe(401);
    expect(await failure(cloud.client.send(new GetUserCommand({ AccessToken: access_token })))).toEqual([
      "NotAuthorizedException",
      "Access Token does not have required scopes",
    ]);
    const { AccessToken } = await cloud.signIn("ann");
    expect((await info(AccessToken)).status).toBe(401);
  });

  it("are refreshed with the same scopes until they are revoked", async () => {
    const { refresh_token } = await inside();
    const refresh = () => exchange("", { grant_type: "refresh_token", refresh_token });
    const { access_token } = await refresh();
    expect(decodeJwt(access_token).scope).toBe("openid email");
    const revoked = await visitor.post("/oauth2/revoke", { token: refresh_token, client_id: ClientId });
    expect(revoked.status).toBe(200);
    expect(await refresh()).toMatchObject({ status: 400, error: "invalid_grant" });
    expect((await info(access_token)).status).toBe(401);
  });

  it("are given to pages of the application's own origin, and to no other", async () => {
    await inside();
    const from = async (origin: string) =>
      (await visitor.send("OPTIONS", "/oauth2/token", { origin })).headers["access-control-allow-origin"];
    expect(await from("http://localhost:3000")).toBe("http://localhost:3000");
    expect(await from("https://evil.example")).toBeUndefined();
  });
});

it("signing out ends the sign-in at the page, and leads only where the client says", async () => {
  await start();
  await cloud.addUser("ann");
  await signIn();
  expect(calledBack(await visitor.open(authorize()))).toHaveProperty("code");
  const logout = (uri: string) =>
    visitor.send("GET", `/logout?client_id=${ClientId}&logout_uri=${encodeURIComponent(uri)}`);
  expect((await logout("https://evil.example/")).status).toBe(400);
  expect((await logout("http://localhost:3000/")).headers.location).toBe("http://localhost:3000/");
  expect((await visitor.open(authorize())).text).toContain("<h1>Sign in</h1>");
});

it("an application with a secret gets a token of its own for the scopes of a resource server", async () => {
  await start();
  await cloud.declare("resourceServer:ResourceServer", "api", {
    identifier: "https://api.example",
    userPoolId: UserPoolId,
    name: "api",
    scopes: [{ scopeName: "read", scopeDescription: "Read" }],
  });
  await cloud.declare("userPoolClient:UserPoolClient", "machine", {
    name: "machine",
    userPoolId: UserPoolId,
    generateSecret: true,
    clientSecret: "s3cret",
    allowedOauthFlowsUserPoolClient: true,
    allowedOauthFlows: ["client_credentials"],
    allowedOauthScopes: ["https://api.example/read"],
  });
  const ask = (secret: string, more: object = {}) =>
    exchange(
      "",
      { grant_type: "client_credentials", ...more },
      {
        authorization: `Basic ${Buffer.from(`machine:${secret}`).toString("base64")}`,
      },
    );
  const { access_token, ...rest } = await ask("s3cret");
  expect(decodeJwt(access_token)).toMatchObject({
    sub: "machine",
    scope: "https://api.example/read",
    token_use: "access",
  });
  expect(rest).not.toHaveProperty("id_token");
  expect(await ask("wrong")).toMatchObject({ status: 400, error: "invalid_client" });
  expect(await ask("s3cret", { scope: "https://api.example/write" })).toMatchObject({ error: "invalid_scope" });
});

it("a sign-up may be confirmed by the link in the mail", async () => {
  await start({
    pool: {
      autoVerifiedAttributes: ["email"],
      verificationMessageTemplate: { defaultEmailOption: "CONFIRM_WITH_LINK" },
    },
  });
  const page = await visitor.open(authorize().replace("/oauth2/authorize", "/signup"));
  await visitor.submit(page, { username: "eve", "attribute.email": "eve@acme.example", password });
  const [mail] = await cloud.mails();
  const link = new URL(/href="([^"]+)"/.exec(mail!.html!)![1]!.replaceAll("&amp;", "&"));
  expect(link.hostname).toBe("acme.auth.localhost");
  expect((await visitor.open(link.pathname + link.search)).text).toContain("You are confirmed");
  expect(await cloud.signIn("eve")).toHaveProperty("IdToken");
});

it("openid-configuration names the pages' endpoints", async () => {
  await start();
  const answer = await fetch(`${cloud.running.endpoint}/${UserPoolId}/.well-known/openid-configuration`);
  const { port } = new URL(cloud.running.endpoint);
  expect(await answer.json()).toMatchObject({
    authorization_endpoint: `http://acme.auth.localhost:${port}/oauth2/authorize`,
    token_endpoint: `http://acme.auth.localhost:${port}/oauth2/token`,
  });
});
