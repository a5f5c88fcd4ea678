import {
  AssociateSoftwareTokenCommand,
  GetTokensFromRefreshTokenCommand,
  GetUserCommand,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
  SetUserMFAPreferenceCommand,
  VerifySoftwareTokenCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { totp } from "../../../local/services/cognito/sign-in/totp.ts";
import { failure } from "../dynamodb/fixture.ts";
import { ClientId, type CognitoCloud, type Declared, password, startCognito, UserPoolId } from "./fixture.ts";
import { srpClient } from "./srp-client.ts";

let cloud: CognitoCloud;
const start = async (declared: Declared = {}) => {
  cloud = await startCognito(declared);
  await cloud.addUser("ann", { email: "ann@acme.example" });
};
afterEach(() => cloud.stop());

const incorrect = ["NotAuthorizedException", "Incorrect username or password."];
const initiate = (AuthFlow: "USER_SRP_AUTH" | "USER_PASSWORD_AUTH", AuthParameters: Record<string, string>) =>
  cloud.client.send(new InitiateAuthCommand({ ClientId, AuthFlow, AuthParameters }));
const respond = (
  ChallengeName: "PASSWORD_VERIFIER" | "SOFTWARE_TOKEN_MFA" | "MFA_SETUP",
  Session: string | undefined,
  ChallengeResponses: Record<string, string>,
) => cloud.client.send(new RespondToAuthChallengeCommand({ ClientId, ChallengeName, Session, ChallengeResponses }));

describe("SRP", () => {
  const flows = { client: { explicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] } };
  const signIn = async (secret: string, name = "ann") => {
    const srp = srpClient(UserPoolId);
    const challenge = await initiate("USER_SRP_AUTH", { USERNAME: name, SRP_A: srp.SRP_A });
    expect(challenge.ChallengeName).toBe("PASSWORD_VERIFIER");
    return respond("PASSWORD_VERIFIER", challenge.Session, srp.claim(challenge.ChallengeParameters!, secret));
  };

  it("signs in who knows the password, without sending it", async () => {
    await start(flows);
    expect((await signIn(password)).AuthenticationResult).toHaveProperty("IdToken");
  });

  it("refuses a wrong password and an unknown name in the same words", async () => {
    await start(flows);
    expect(await failure(signIn("wrong"))).toEqual(incorrect);
    expect(await failure(signIn(password, "nobody"))).toEqual(incorrect);
  });

  it("refuses keys that would open every account, and an answer given twice", async () => {
    await start(flows);
    for (const SRP_A of ["0", "00", "xyz"])
      expect(await failure(initiate("USER_SRP_AUTH", { USERNAME: "ann", SRP_A }))).toEqual([
        "InvalidParameterException",
        "SRP_A is not a valid key.",
      ]);
    const srp = srpClient(UserPoolId);
    const challenge = await initiate("USER_SRP_AUTH", { USERNAME: "ann", SRP_A: srp.SRP_A });
    const claim = srp.claim(challenge.ChallengeParameters!, password);
    await respond("PASSWORD_VERIFIER", challenge.Session, claim);
    expect((await failure(respond("PASSWORD_VERIFIER", challenge.Session, claim)))[1]).toContain("Invalid session");
  });

  it("works for clients that answer without a session", async () => {
    await start(flows);
    const srp = srpClient(UserPoolId);
    const challenge = await initiate("USER_SRP_AUTH", { USERNAME: "ann", SRP_A: srp.SRP_A });
    const answer = await respond("PASSWORD_VERIFIER", undefined, srp.claim(challenge.ChallengeParameters!, password));
    expect(answer.AuthenticationResult).toHaveProperty("AccessToken");
  });
});

describe("an authenticator application", () => {
  const now = () => Math.floor(cloud.clock.now() / 30_000);
  const login = () => initiate("USER_PASSWORD_AUTH", { USERNAME: "ann", PASSWORD: password });

  it("is asked for once its owner set it up, and each code works once", async () => {
    await start({ pool: { mfaConfiguration: "OPTIONAL", softwareTokenMfaConfiguration: { enabled: true } } });
    const { AccessToken } = await cloud.signIn("ann");
    const { SecretCode } = await cloud.client.send(new AssociateSoftwareTokenCommand({ AccessToken }));
    const verify = (UserCode: string) => cloud.client.send(new VerifySoftwareTokenCommand({ AccessToken, UserCode }));
    expect((await failure(verify("000000")))[0]).toBe("EnableSoftwareTokenMFAException");
    expect((await verify(totp(SecretCode!, now()))).Status).toBe("SUCCESS");
    const SoftwareTokenMfaSettings = { Enabled: true, PreferredMfa: true };
    await cloud.client.send(new SetUserMFAPreferenceCommand({ AccessToken, SoftwareTokenMfaSettings }));
    expect((await cloud.client.send(new GetUserCommand({ AccessToken }))).UserMFASettingList).toEqual([
      "SOFTWARE_TOKEN_MFA",
    ]);

    const challenge = await login();
    expect(challenge.ChallengeName).toBe("SOFTWARE_TOKEN_MFA");
    expect(challenge.AuthenticationResult).toBeUndefined();
    const answer = (code: string) =>
      respond("SOFTWARE_TOKEN_MFA", challenge.Session, { USERNAME: "ann", SOFTWARE_TOKEN_MFA_CODE: code });
    expect(await failure(answer(totp(SecretCode!, now() + 9)))).toEqual([
      "CodeMismatchException",
      "Invalid code received for user",
    ]);
    expect((await failure(answer(totp(SecretCode!, now()))))[0]).toBe("ExpiredCodeException");
    await cloud.clock.advance(30_000);
    expect((await answer(totp(SecretCode!, now()))).AuthenticationResult).toHaveProperty("IdToken");
  });

  it("has to be set up where the pool demands it", async () => {
    await start({ pool: { mfaConfiguration: "ON" } });
    const challenge = await login();
    expect(challenge.ChallengeName).toBe("MFA_SETUP");
    const early = respond("MFA_SETUP", challenge.Session, { USERNAME: "ann" });
    expect((await failure(early))[0]).toBe("InvalidParameterException");
    const { SecretCode, Session } = await cloud.client.send(
      new AssociateSoftwareTokenCommand({ Session: challenge.Session }),
    );
    const UserCode = totp(SecretCode!, now());
    await cloud.client.send(new VerifySoftwareTokenCommand({ Session, UserCode }));
    const done = await respond("MFA_SETUP", Session, { USERNAME: "ann" });
    expect(done.AuthenticationResult).toHaveProperty("IdToken");
    expect((await login()).ChallengeName).toBe("SOFTWARE_TOKEN_MFA");
  });
});

describe("a client that rotates refresh tokens", () => {
  it("gets a new one each time; the old one ends after its time of grace", async () => {
    await start({ client: { refreshTokenRotation: { feature: "ENABLED", retryGracePeriodSeconds: 10 } } });
    const { RefreshToken } = await cloud.signIn("ann");
    const refresh = async (token: string) =>
      (await cloud.client.send(new GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken: token })))
        .AuthenticationResult!.RefreshToken!;
    const second = await refresh(RefreshToken);
    expect(second).not.toBe(RefreshToken);
    await refresh(RefreshToken);
    await cloud.clock.advance(10_000);
    expect(await failure(refresh(RefreshToken))).toEqual(["NotAuthorizedException", "Invalid Refresh Token"]);
    expect(await refresh(second)).toEqual(expect.any(String));
  });
});
