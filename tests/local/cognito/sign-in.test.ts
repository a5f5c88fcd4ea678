import { createHmac } from "node:crypto";
import {
  AdminCreateUserCommand,
  AdminDisableUserCommand,
  AdminInitiateAuthCommand,
  ChangePasswordCommand,
  type CognitoIdentityProviderClient,
  GetUserCommand,
  GlobalSignOutCommand,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
  RevokeTokenCommand,
  UpdateUserAttributesCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { failure } from "../dynamodb/fixture.ts";
import { ClientId, type CognitoCloud, issuer, password, startCognito, UserPoolId } from "./fixture.ts";

const incorrect = ["NotAuthorizedException", "Incorrect username or password."];

let cloud: CognitoCloud;
let client: CognitoIdentityProviderClient;
beforeEach(async () => {
  cloud = await startCognito();
  client = cloud.client;
  await cloud.addUser("ann", { email: "ann@acme.example", email_verified: "true", "custom:tenant": "acme" });
});
afterEach(() => cloud.stop());

const refresh = (token: string) =>
  client.send(
    new InitiateAuthCommand({
      ClientId,
      AuthFlow: "REFRESH_TOKEN_AUTH",
      AuthParameters: { REFRESH_TOKEN: token },
    }),
  );

describe("signing in with a password", () => {
  it("gives an ID token with Cognito's claims, the tenant among them", async () => {
    const { IdToken, ExpiresIn } = await cloud.signIn("ann");
    const now = Math.floor(cloud.clock.now() / 1000);
    const claims = decodeJwt(IdToken);
    expect(claims).toEqual({
      sub: expect.stringMatching(/^[0-9a-f-]{36}$/),
      email: "ann@acme.example",
      email_verified: true,
      "custom:tenant": "acme",
      "cognito:username": "ann",
      iss: issuer,
      aud: ClientId,
      token_use: "id",
      auth_time: now,
      iat: now,
      exp: now + 30 * 60,
      jti: expect.any(String),
      origin_jti: expect.any(String),
      event_id: expect.any(String),
    });
    expect(ExpiresIn).toBe(20 * 60);
  });

  it("gives an access token that names client, scope and user, and nothing of the profile", async () => {
    const claims = decodeJwt((await cloud.signIn("ann")).AccessToken);
    expect(claims).toMatchObject({
      token_use: "access",
      client_id: ClientId,
      username: "ann",
      scope: "aws.cognito.signin.user.admin",
      iss: issuer,
    });
    expect(claims).not.toHaveProperty("email");
    expect(claims).not.toHaveProperty("aud");
  });

  it("gives tokens that verify against the pool's published keys, also after a restart", async () => {
    const { IdToken } = await cloud.signIn("ann");
    const verify = () => {
      const keys = createRemoteJWKSet(new URL(`${cloud.running.endpoint}/${UserPoolId}/.well-known/jwks.json`));
      return jwtVerify(IdToken, keys, { issuer, audience: ClientId, algorithms: ["RS256"] });
    };
    expect((await verify()).payload["custom:tenant"]).toBe("acme");
    await cloud.restart();
    expect((await verify()).protectedHeader).toEqual(decodeProtectedHeader(IdToken));
  });

  it("with a wrong password, or as nobody, is refused in the same words", async () => {
    expect(await failure(cloud.signIn("ann", "wrong"))).toEqual(incorrect);
    expect(await failure(cloud.signIn("nobody"))).toEqual(incorrect);
  });

  it("after five failures waits a second, then twice as long each time", async () => {
    for (let attempt = 0; attempt < 5; attempt++)
      expect(await failure(cloud.signIn("ann", "wrong"))).toEqual(incorrect);
    const exceeded = ["NotAuthorizedException", "Password attempts exceeded"];
    expect(await failure(cloud.signIn("ann"))).toEqual(exceeded);
    await cloud.clock.advance(1000);
    expect(await failure(cloud.signIn("ann", "wrong"))).toEqual(incorrect);
    await cloud.clock.advance(1999);
    expect(await failure(cloud.signIn("ann"))).toEqual(exceeded);
    await cloud.clock.advance(1);
    expect(await cloud.signIn("ann")).toHaveProperty("IdToken");
  });

  it("as a disabled user is refused", async () => {
    await client.send(new AdminDisableUserCommand({ UserPoolId, Username: "ann" }));
    expect(await failure(cloud.signIn("ann"))).toEqual(["NotAuthorizedException", "User is disabled."]);
  });

  it("needs no AWS credentials", async () => {
    const { endpoint, region } = cloud.running.client();
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth",
      },
      body: JSON.stringify({
        ClientId,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: "ann", PASSWORD: password },
      }),
    });
    expect(region).toBe("eu-west-1");
    expect(((await response.json()) as { AuthenticationResult: object }).AuthenticationResult).toHaveProperty(
      "IdToken",
    );
  });

  it("works for an administrator too", async () => {
    const AuthParameters = { USERNAME: "ann", PASSWORD: password };
    const answer = await client.send(
      new AdminInitiateAuthCommand({ UserPoolId, ClientId, AuthFlow: "ADMIN_USER_PASSWORD_AUTH", AuthParameters }),
    );
    expect(answer.AuthenticationResult?.TokenType).toBe("Bearer");
  });
});

describe("a temporary password", () => {
  const invite = (TemporaryPassword: string) =>
    client.send(new AdminCreateUserCommand({ UserPoolId, Username: "bob", TemporaryPassword }));
  const start = () =>
    client.send(
      new InitiateAuthCommand({
        ClientId,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: "bob", PASSWORD: "Temporary-1" },
      }),
    );
  const answer = (Session: string | undefined, NEW_PASSWORD: string) =>
    client.send(
      new RespondToAuthChallengeCommand({
        ClientId,
        Session,
        ChallengeName: "NEW_PASSWORD_REQUIRED",
        ChallengeResponses: { USERNAME: "bob", NEW_PASSWORD },
      }),
    );

  it("has to be replaced before there are tokens", async () => {
    await invite("Temporary-1");
    const challenge = await start();
    expect(challenge.ChallengeName).toBe("NEW_PASSWORD_REQUIRED");
    expect(challenge.AuthenticationResult).toBeUndefined();
    const signedIn = await answer(challenge.Session, "Permanent-1");
    expect(signedIn.AuthenticationResult).toHaveProperty("IdToken");
    expect(await cloud.signIn("bob", "Permanent-1")).toHaveProperty("IdToken");
    expect(await failure(cloud.signIn("bob", "Temporary-1"))).toEqual(incorrect);
  });

  it("is replaced only by one that the policy accepts, and the session stays open", async () => {
    await invite("Temporary-1");
    const { Session } = await start();
    expect(await failure(answer(Session, "short"))).toEqual([
      "InvalidPasswordException",
      "Password did not conform with password policy: Password not long enough",
    ]);
    expect(await answer(Session, "Permanent-1")).toHaveProperty("AuthenticationResult");
  });

  it("can be answered once, and within three minutes", async () => {
    await invite("Temporary-1");
    const expired = ["NotAuthorizedException", "Invalid session for the user, session is expired."];
    const late = await start();
    await cloud.clock.advance(3 * 60_000);
    expect(await failure(answer(late.Session, "Permanent-1"))).toEqual(expired);
    const { Session } = await start();
    await answer(Session, "Permanent-1");
    expect(await failure(answer(Session, "Permanent-2"))).toEqual(expired);
  });
});

describe("a refresh token", () => {
  it("gives new tokens of the same sign-in", async () => {
    const first = await cloud.signIn("ann");
    await cloud.clock.advance(60_000);
    const { AuthenticationResult: second } = await refresh(first.RefreshToken);
    const [before, after] = [decodeJwt(first.IdToken), decodeJwt(second!.IdToken!)];
    expect(second!.RefreshToken).toBeUndefined();
    expect(after.exp).toBe(before.exp! + 60);
    expect(after.auth_time).toBe(before.auth_time);
    expect(after.origin_jti).toBe(before.origin_jti);
    expect(after.jti).not.toBe(before.jti);
  });

  it("survives a restart", async () => {
    const { RefreshToken } = await cloud.signIn("ann");
    await cloud.restart();
    client = cloud.client;
    expect((await refresh(RefreshToken)).AuthenticationResult).toHaveProperty("IdToken");
  });

  it("ends with its revocation, and so does the access token it gave", async () => {
    const { RefreshToken, AccessToken } = await cloud.signIn("ann");
    await client.send(new RevokeTokenCommand({ ClientId, Token: RefreshToken }));
    expect(await failure(refresh(RefreshToken))).toEqual(["NotAuthorizedException", "Invalid Refresh Token"]);
    expect(await failure(client.send(new GetUserCommand({ AccessToken })))).toEqual([
      "NotAuthorizedException",
      "Access Token has been revoked",
    ]);
  });

  it("expires", async () => {
    const { RefreshToken } = await cloud.signIn("ann");
    const { clock } = cloud;
    await cloud.stop();
    cloud = await startCognito({
      client: { refreshTokenValidity: 1, tokenValidityUnits: { refreshToken: "minutes" } },
    });
    client = cloud.client;
    expect(clock.now()).toBeLessThanOrEqual(cloud.clock.now());
    expect(await failure(refresh(RefreshToken))).toEqual(["NotAuthorizedException", "Invalid Refresh Token"]);
    await cloud.addUser("ann");
    const fresh = await cloud.signIn("ann");
    await cloud.clock.advance(60_000);
    expect(await failure(refresh(fresh.RefreshToken))).toEqual(["NotAuthorizedException", "Refresh Token has expired"]);
  });
});

describe("a signed-in user", () => {
  it("sees their own account until they sign out everywhere", async () => {
    const { AccessToken, RefreshToken } = await cloud.signIn("ann");
    const { Username, UserAttributes } = await client.send(new GetUserCommand({ AccessToken }));
    expect(Username).toBe("ann");
    expect(UserAttributes).toContainEqual({ Name: "custom:tenant", Value: "acme" });
    await client.send(new GlobalSignOutCommand({ AccessToken }));
    expect(await failure(refresh(RefreshToken))).toEqual(["NotAuthorizedException", "Invalid Refresh Token"]);
  });

  it("is not let in by an ID token, a forged token or an old one", async () => {
    const { IdToken, AccessToken } = await cloud.signIn("ann");
    const get = (token: string) => failure(client.send(new GetUserCommand({ AccessToken: token })));
    const invalid = ["NotAuthorizedException", "Invalid Access Token"];
    const [header, payload, signature] = AccessToken.split(".");
    const forged = Buffer.from(JSON.stringify({ ...decodeJwt(AccessToken), username: "eve" })).toString("base64url");
    expect(await get(IdToken)).toEqual(invalid);
    expect(await get(`${header}.${forged}.${signature}`)).toEqual(invalid);
    expect(await get(`${header}.${payload}.`)).toEqual(invalid);
    expect(await get("nonsense")).toEqual(invalid);
    await cloud.clock.advance(20 * 60_000);
    expect(await get(AccessToken)).toEqual(["NotAuthorizedException", "Access Token has expired"]);
  });

  const moveTo = async (Value: string) => {
    const { AccessToken } = await cloud.signIn("ann");
    const UserAttributes = [{ Name: "custom:tenant", Value }];
    return cloud.client.send(new UpdateUserAttributesCommand({ AccessToken, UserAttributes }));
  };

  it("cannot move to another tenant where the attribute is immutable", async () => {
    expect(await failure(moveTo("globex"))).toEqual([
      "InvalidParameterException",
      "user.custom:tenant: Attribute cannot be updated.\n",
    ]);
  });

  it("cannot move to another tenant where the client may not write the attribute", async () => {
    await cloud.stop();
    cloud = await startCognito({
      pool: { schemas: [{ name: "tenant", attributeDataType: "String", mutable: true }] },
      client: { writeAttributes: ["email", "name"] },
    });
    await cloud.addUser("ann", { "custom:tenant": "acme" });
    expect(await failure(moveTo("globex"))).toEqual([
      "NotAuthorizedException",
      "A client attempted to write unauthorized attribute",
    ]);
    expect(decodeJwt((await cloud.signIn("ann")).IdToken)["custom:tenant"]).toBe("acme");
  });

  it("changes their password by knowing the old one", async () => {
    const { AccessToken } = await cloud.signIn("ann");
    const change = (PreviousPassword: string) =>
      client.send(new ChangePasswordCommand({ AccessToken, PreviousPassword, ProposedPassword: "Another-horse-8" }));
    expect(await failure(change("wrong"))).toEqual(incorrect);
    await change(password);
    expect(await cloud.signIn("ann", "Another-horse-8")).toHaveProperty("IdToken");
  });
});

describe("a client", () => {
  it("signs in only by the flows it allows", async () => {
    await cloud.stop();
    cloud = await startCognito({ client: { explicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH"] } });
    expect(await failure(cloud.signIn("ann"))).toEqual([
      "InvalidParameterException",
      "USER_PASSWORD_AUTH flow not enabled for this client",
    ]);
  });

  it("with a secret has to prove that it knows it", async () => {
    await cloud.stop();
    cloud = await startCognito({ client: { generateSecret: true, clientSecret: "s3cret" } });
    await cloud.addUser("ann");
    const signIn = (SECRET_HASH?: string) =>
      cloud.client.send(
        new InitiateAuthCommand({
          ClientId,
          AuthFlow: "USER_PASSWORD_AUTH",
          AuthParameters: { USERNAME: "ann", PASSWORD: password, ...(SECRET_HASH && { SECRET_HASH }) },
        }),
      );
    expect((await failure(signIn()))[1]).toBe(
      `Client ${ClientId} is configured with secret but SECRET_HASH was not received`,
    );
    expect((await failure(signIn("bm8=")))[1]).toBe(`Unable to verify secret hash for client ${ClientId}`);
    const hash = createHmac("sha256", "s3cret").update(`ann${ClientId}`).digest("base64");
    expect((await signIn(hash)).AuthenticationResult).toHaveProperty("IdToken");
  });

  it("that is unknown is refused", async () => {
    const AuthParameters = { USERNAME: "ann", PASSWORD: password };
    const call = client.send(
      new InitiateAuthCommand({ ClientId: "unknown", AuthFlow: "USER_PASSWORD_AUTH", AuthParameters }),
    );
    expect(await failure(call)).toEqual(["ResourceNotFoundException", "User pool client unknown does not exist."]);
  });
});
