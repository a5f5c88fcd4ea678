/** Signing in through the API: what begins it, what it still asks for, and refreshing what it gave. */
import type {
  AdminInitiateAuthCommandInput,
  AdminRespondToAuthChallengeCommandInput,
  InitiateAuthCommandInput,
  InitiateAuthCommandOutput,
  RespondToAuthChallengeCommandInput,
} from "@aws-sdk/client-cognito-identity-provider";
import { type Access, AwsError, type Clock, type Operation } from "../../../service.ts";
import type { Directory, User } from "../pools/directory.ts";
import { assertAttributes, type Client } from "../pools/pool.ts";
import { notAuthorized } from "../tokens/signing-keys.ts";
import type { Occasion, Tokens } from "../tokens/tokens.ts";
import { assertPassword, hashPassword } from "../users/passwords.ts";
import type { Authentication } from "./authentication.ts";
import type { Challenge, ChallengeName, Challenges } from "./challenges.ts";
import { assertFlow, assertSecretHash, required } from "./client-proof.ts";
import type { CustomAuth, CustomStep, Round } from "./custom-auth.ts";
import { refreshingTokens } from "./refreshing.ts";
import { beginSrp } from "./srp.ts";

type Answer = Omit<InitiateAuthCommandOutput, "$metadata">;
type Parameters = Record<string, string>;

const EMULATED = ["USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH", "USER_SRP_AUTH"];

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

export function signInOperations(
  directory: Directory,
  tokens: Tokens,
  authentication: Authentication,
  challenges: Challenges,
  custom: CustomAuth,
  clock: Clock,
  onPool: (action: string) => (input: { UserPoolId?: string }) => Access,
): Record<string, Operation> {
  const refreshing = refreshingTokens(directory, tokens);

  /** After the password: a new one, a second factor, or tokens. */
  async function next(user: User, client: Client, occasion: Occasion = {}): Promise<Answer> {
    if (user.status === "FORCE_CHANGE_PASSWORD") return newPasswordChallenge(user, client);
    const { mfa } = directory.pool(client.poolId);
    if (mfa !== "OFF" && user.totp?.verified && user.totp.enabled) return totpChallenge(user, client);
    if (mfa === "ON") {
      return {
        ChallengeName: "MFA_SETUP",
        Session: challenges.begin("MFA_SETUP", client, user),
        ChallengeParameters: { MFAS_CAN_SETUP: '["SOFTWARE_TOKEN_MFA"]', USER_ID_FOR_SRP: user.username },
      };
    }
    return authenticated(user, client, occasion);
  }

  async function authenticated(user: User, client: Client, occasion: Occasion = {}): Promise<Answer> {
    const AuthenticationResult = await tokens.signIn(user, client, occasion);
    await authentication.signedIn(client, user);
    return { ChallengeParameters: {}, AuthenticationResult };
  }

  function totpChallenge(user: User, client: Client): Answer {
    return {
      ChallengeName: "SOFTWARE_TOKEN_MFA",
      Session: challenges.begin("SOFTWARE_TOKEN_MFA", client, user),
      ChallengeParameters: { USER_ID_FOR_SRP: user.username, FRIENDLY_DEVICE_NAME: "authenticator" },
    };
  }

  function newPasswordChallenge(user: User, client: Client): Answer {
    const { sub: _, ...attributes } = user.attributes;
    const needed = [...directory.pool(client.poolId).schema.values()]
      .filter(({ name, required: isRequired }) => isRequired && name !== "sub" && attributes[name] === undefined)
      .map(({ name }) => `userAttributes.${name}`);
    return {
      ChallengeName: "NEW_PASSWORD_REQUIRED",
      Session: challenges.begin("NEW_PASSWORD_REQUIRED", client, user),
      ChallengeParameters: {
        USER_ID_FOR_SRP: user.username,
        requiredAttributes: JSON.stringify(needed),
        userAttributes: JSON.stringify(attributes),
      },
    };
  }

  /** The pool's functions say how it goes on; SRP may come before them. */
  async function beginCustom(client: Client, parameters: Parameters): Promise<Answer> {
    assertFlow(client, "CUSTOM_AUTH");
    const name = required(parameters, "USERNAME");
    assertSecretHash(client, name, parameters.SECRET_HASH);
    const first = parameters.CHALLENGE_NAME;
    if (first !== undefined && first !== "SRP_A") throw invalid(`CHALLENGE_NAME ${first} is not SRP_A.`);
    const rounds: Round[] = first === undefined ? [] : [{ challengeName: "SRP_A", challengeResult: true }];
    const { username, ...step } = await custom.begin(client, name, rounds);
    if (!("wants" in step)) return shown(step, client);
    if (first === undefined) throw invalid("DefineAuthChallenge wants a password: begin with CHALLENGE_NAME SRP_A.");
    return srpChallenge(client, { ...parameters, USERNAME: username }, { rounds, expected: {}, metadata: null });
  }

  async function shown(step: CustomStep, client: Client): Promise<Answer> {
    if ("user" in step) return authenticated(step.user, client);
    if ("wants" in step) throw invalid("DefineAuthChallenge wants a password where none was begun with.");
    return step;
  }

  function srpChallenge(client: Client, parameters: Parameters, custom?: Challenge["custom"]): Answer {
    const name = required(parameters, "USERNAME");
    const clientKey = required(parameters, "SRP_A");
    if (!custom) assertSecretHash(client, name, parameters.SECRET_HASH);
    const { username, verifier } = authentication.verifierOf(client, name);
    const srp = beginSrp(clientKey, verifier);
    if (srp === undefined) throw invalid("SRP_A is not a valid key.");
    return {
      ChallengeName: "PASSWORD_VERIFIER",
      Session: challenges.begin("PASSWORD_VERIFIER", client, { username }, { srp, custom }),
      ChallengeParameters: {
        SALT: srp.salt,
        SRP_B: srp.B,
        SECRET_BLOCK: srp.secretBlock,
        USERNAME: username,
        USER_ID_FOR_SRP: username,
      },
    };
  }

  async function initiate(input: InitiateAuthCommandInput, passwordFlow: string): Promise<Answer> {
    const client = directory.client(input.ClientId);
    const flow = String(input.AuthFlow);
    const parameters = input.AuthParameters ?? {};
    if (flow === "REFRESH_TOKEN_AUTH" || flow === "REFRESH_TOKEN") return refreshing.byFlow(client, parameters);
    if (flow === "CUSTOM_AUTH") return beginCustom(client, parameters);
    const isPassword = flow === passwordFlow || (flow === "ADMIN_NO_SRP_AUTH" && passwordFlow.startsWith("ADMIN"));
    if (!isPassword && flow !== "USER_SRP_AUTH") {
      if (EMULATED.includes(flow)) throw invalid("Initiate Auth method not supported.");
      throw invalid(`${flow} is not emulated locally; use ${passwordFlow}, USER_SRP_AUTH or CUSTOM_AUTH`);
    }
    assertFlow(client, isPassword ? passwordFlow : flow);
    if (!isPassword) return srpChallenge(client, parameters);
    const name = required(parameters, "USERNAME");
    const password = required(parameters, "PASSWORD");
    assertSecretHash(client, name, parameters.SECRET_HASH);
    return next(await authentication.byPassword(client, name, password), client);
  }

  const answers: Record<string, (client: Client, responses: Parameters, session: string) => Promise<Answer>> = {
    async PASSWORD_VERIFIER(client, responses, session) {
      const { srp, username, custom: began } = challenges.answer(session, "PASSWORD_VERIFIER", client);
      challenges.close(session);
      const claim = {
        secretBlock: required(responses, "PASSWORD_CLAIM_SECRET_BLOCK"),
        timestamp: required(responses, "TIMESTAMP"),
        signature: required(responses, "PASSWORD_CLAIM_SIGNATURE"),
      };
      const user = await authentication.bySrp(client, username, srp!, claim);
      if (!began) return next(user, client);
      const round: Round = { challengeName: "PASSWORD_VERIFIER", challengeResult: true };
      return shown(await custom.next(client, username, [...began.rounds, round]), client);
    },
    async CUSTOM_CHALLENGE(client, responses, session) {
      const challenge = challenges.answer(session, "CUSTOM_CHALLENGE", client);
      const answer = required(responses, "ANSWER");
      challenges.close(session);
      return shown(await custom.answer(client, challenge, answer), client);
    },
    async NEW_PASSWORD_REQUIRED(client, responses, session) {
      const user = challenged(client, session, "NEW_PASSWORD_REQUIRED", required(responses, "USERNAME"));
      const pool = directory.pool(client.poolId);
      const password = required(responses, "NEW_PASSWORD");
      assertPassword(password, pool.passwordPolicy);
      const prefix = "userAttributes.";
      const given = Object.entries(responses).filter(([key]) => key.startsWith(prefix));
      const changes = Object.fromEntries(given.map(([key, value]) => [key.slice(prefix.length), value]));
      assertAttributes(pool, changes, user.attributes);
      const confirmed: User = {
        ...user,
        attributes: { ...user.attributes, ...changes },
        passwordHash: await hashPassword(password, user),
        passwordSetAt: clock.now(),
        status: "CONFIRMED",
      };
      challenges.close(session);
      directory.save(confirmed);
      return next(confirmed, client, { source: "NewPasswordChallenge" });
    },
    async SOFTWARE_TOKEN_MFA(client, responses, session) {
      const user = challenged(client, session, "SOFTWARE_TOKEN_MFA", required(responses, "USERNAME"));
      const used = authentication.byTotp(user, required(responses, "SOFTWARE_TOKEN_MFA_CODE"));
      challenges.close(session);
      return authenticated(used, client);
    },
    async MFA_SETUP(client, responses, session) {
      const user = challenged(client, session, "MFA_SETUP", required(responses, "USERNAME"));
      const { totp } = challenges.answer(session, "MFA_SETUP", client);
      if (!totp?.verified) throw invalid("Software token is not verified yet: call VerifySoftwareToken first.");
      const ready: User = { ...user, totp: { secret: totp.secret, verified: true, enabled: true } };
      challenges.close(session);
      directory.save(ready);
      return authenticated(ready, client);
    },
  };

  function challenged(client: Client, session: string, name: ChallengeName, given: string): User {
    const { username } = challenges.answer(session, name, client);
    const pool = directory.pool(client.poolId);
    const user = directory.user(pool, username);
    if (directory.lookUp(pool, given)?.username !== user.username) throw notAuthorized("Invalid session for the user.");
    if (!user.enabled) throw notAuthorized("User is disabled.");
    return user;
  }

  async function respond(input: RespondToAuthChallengeCommandInput): Promise<Answer> {
    const client = directory.client(input.ClientId);
    const answer = Object.hasOwn(answers, input.ChallengeName ?? "") ? answers[input.ChallengeName!] : undefined;
    if (!answer) throw invalid(`The challenge ${input.ChallengeName} is not emulated locally`);
    const responses = input.ChallengeResponses ?? {};
    assertSecretHash(client, required(responses, "USERNAME"), responses.SECRET_HASH);
    return answer(client, responses, sessionIn(input, client));
  }

  /** SRP's first answer goes without a session in older clients: its secret block tells which it was. */
  function sessionIn(
    { Session, ChallengeName, ChallengeResponses }: RespondToAuthChallengeCommandInput,
    client: Client,
  ) {
    if (Session !== undefined || ChallengeName !== "PASSWORD_VERIFIER") return Session ?? "";
    return challenges.sessionOf(client, ChallengeResponses?.PASSWORD_CLAIM_SECRET_BLOCK ?? "");
  }

  function assertPoolOf(input: { UserPoolId?: string; ClientId?: string }): void {
    if (directory.client(input.ClientId).poolId !== directory.pool(input.UserPoolId).id)
      throw new AwsError("ResourceNotFoundException", `User pool client ${input.ClientId} does not exist.`);
  }

  return {
    InitiateAuth: { run: (input: InitiateAuthCommandInput) => initiate(input, "USER_PASSWORD_AUTH") },
    RespondToAuthChallenge: { run: respond },
    AdminInitiateAuth: {
      authorize: onPool("AdminInitiateAuth"),
      run(input: AdminInitiateAuthCommandInput) {
        assertPoolOf(input);
        return initiate(input as InitiateAuthCommandInput, "ADMIN_USER_PASSWORD_AUTH");
      },
    },
    AdminRespondToAuthChallenge: {
      authorize: onPool("AdminRespondToAuthChallenge"),
      run(input: AdminRespondToAuthChallengeCommandInput) {
        assertPoolOf(input);
        return respond(input as RespondToAuthChallengeCommandInput);
      },
    },
    GetTokensFromRefreshToken: refreshing.operation,
  };
}
