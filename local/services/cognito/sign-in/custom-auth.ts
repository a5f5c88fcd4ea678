/**
 * Sign-in as the pool's own functions have it (CUSTOM_AUTH): one says what comes next, one makes a challenge, one judges the
 * answer. A restart ends it, as it ends every open challenge.
 */
import { AwsError } from "../../../service.ts";
import type { Directory, User } from "../pools/directory.ts";
import type { Client } from "../pools/pool.ts";
import { notAuthorized } from "../tokens/signing-keys.ts";
import type { TriggerName, Triggers } from "../triggers.ts";
import type { Authentication } from "./authentication.ts";
import type { Challenge, Challenges } from "./challenges.ts";

/** What was asked and answered so far, as the functions see it. */
export interface Round {
  challengeName: string;
  challengeResult: boolean;
  challengeMetadata?: string | null;
}

export interface CustomAnswer {
  ChallengeName: "CUSTOM_CHALLENGE";
  Session: string;
  ChallengeParameters: Record<string, string>;
}

/** What the sign-in comes to: the next challenge of the functions', a password by SRP, or tokens for the user. */
export type CustomStep = CustomAnswer | { wants: "PASSWORD_VERIFIER" } | { user: User };

interface Defined {
  challengeName?: string | null;
  issueTokens?: boolean | null;
  failAuthentication?: boolean | null;
}

interface Created {
  publicChallengeParameters?: Record<string, string> | null;
  privateChallengeParameters?: Record<string, string> | null;
  challengeMetadata?: string | null;
}

export type CustomAuth = ReturnType<typeof customAuth>;

export function customAuth(
  directory: Directory,
  triggers: Triggers,
  authentication: Authentication,
  challenges: Challenges,
) {
  async function ask<Response>(
    trigger: TriggerName,
    source: string,
    client: Client,
    username: string,
    request: object,
    response: object,
  ): Promise<Response> {
    const pool = directory.pool(client.poolId);
    const user = directory.lookUp(pool, username);
    const known = { userAttributes: { ...user?.attributes }, ...(user ? {} : { userNotFound: true }) };
    const call = { pool, source: `${source}_Authentication`, username, clientId: client.id, response };
    const answer = await triggers.ask<Response>(trigger, { ...call, request: { ...known, ...request } });
    if (answer === undefined) {
      const message = "Custom auth lambda trigger is not configured for the user pool.";
      throw new AwsError("InvalidParameterException", message);
    }
    return answer;
  }

  /** Asks the functions what comes after these rounds. */
  async function next(client: Client, username: string, rounds: Round[]): Promise<CustomStep> {
    const asked = { challengeName: null, issueTokens: null, failAuthentication: null };
    const defined = await ask<Defined>(
      ...(["defineAuthChallenge", "DefineAuthChallenge", client, username] as const),
      { session: rounds },
      asked,
    );
    if (defined.failAuthentication) throw notAuthorized("Incorrect username or password.");
    if (defined.issueTokens) {
      const user = directory.lookUp(directory.pool(client.poolId), username);
      // Whoever is not there gets nothing, whatever the function says.
      if (!user) throw notAuthorized("Incorrect username or password.");
      if (!user.enabled) throw notAuthorized("User is disabled.");
      return { user };
    }
    if (defined.challengeName === "PASSWORD_VERIFIER") return { wants: "PASSWORD_VERIFIER" };
    if (defined.challengeName !== "CUSTOM_CHALLENGE") {
      const given = JSON.stringify(defined.challengeName ?? null);
      throw new AwsError(
        "InvalidLambdaResponseException",
        `DefineAuthChallenge answered neither tokens nor a challenge: challengeName is ${given}.`,
      );
    }
    const created = await ask<Created>(
      ...(["createAuthChallenge", "CreateAuthChallenge", client, username] as const),
      { challengeName: "CUSTOM_CHALLENGE", session: rounds },
      { publicChallengeParameters: null, privateChallengeParameters: null, challengeMetadata: null },
    );
    const custom = {
      rounds,
      expected: created.privateChallengeParameters ?? {},
      metadata: created.challengeMetadata ?? null,
    };
    return {
      ChallengeName: "CUSTOM_CHALLENGE",
      Session: challenges.begin("CUSTOM_CHALLENGE", client, { username }, { custom }),
      ChallengeParameters: { ...created.publicChallengeParameters, USERNAME: username },
    };
  }

  return {
    next,

    /** @param rounds what came before: SRP, where the client begins with it */
    async begin(client: Client, name: string, rounds: Round[]): Promise<CustomStep & { username: string }> {
      const username = (await authentication.admit(client, name))?.username ?? name;
      return { ...(await next(client, username, rounds)), username };
    },

    async answer(client: Client, { username, custom }: Challenge, answer: string): Promise<CustomStep> {
      const { rounds, expected, metadata } = custom!;
      const { answerCorrect } = await ask<{ answerCorrect?: boolean | null }>(
        ...(["verifyAuthChallengeResponse", "VerifyAuthChallengeResponse", client, username] as const),
        { privateChallengeParameters: expected, challengeAnswer: answer },
        { answerCorrect: null },
      );
      const round: Round = {
        challengeName: "CUSTOM_CHALLENGE",
        challengeResult: answerCorrect === true,
        challengeMetadata: metadata,
      };
      return next(client, username, [...rounds, round]);
    },
  };
}
