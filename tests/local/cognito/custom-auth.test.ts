/** Sign-in as the pool's own functions have it: CUSTOM_AUTH through the unmodified SDK client. */
import { createHmac } from "node:crypto";
import {
  InitiateAuthCommand,
  type InitiateAuthCommandOutput,
  RespondToAuthChallengeCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { decodeJwt } from "jose";
import type { Value } from "../../../engine/graph.ts";
import type { Service } from "../../../local/service.ts";
import { ClientId, type CognitoCloud, password, startCognito, UserPoolId } from "./fixture.ts";
import { srpClient } from "./srp-client.ts";

// biome-ignore lint/suspicious/noExplicitAny: an event is whatever Cognito sends
type Event = any;

let cloud: CognitoCloud;
let events: Event[];
let answers: Record<string, (event: Event) => object>;

/** Functions without processes: what they answer is what a test says. */
const lambda = (): Service => ({
  name: "lambda",
  resources: {},
  operations: {
    Invoke: {
      run({ FunctionName, Payload }: { FunctionName: string; Payload: string }) {
        const event = JSON.parse(Payload);
        events.push(event);
        const response = { ...event.response, ...answers[FunctionName.split(":").at(-1)!]!(event) };
        return { Payload: Buffer.from(JSON.stringify({ ...event, response })) };
      },
    },
  },
});

const arn = (name: string) => `arn:aws:lambda:eu-west-1:000000000000:function:${name}`;
const lambdaConfig = {
  defineAuthChallenge: arn("define"),
  createAuthChallenge: arn("create"),
  verifyAuthChallengeResponse: arn("verify"),
};

async function start(config: Record<string, Value> = lambdaConfig, client: Record<string, Value> = {}): Promise<void> {
  events = [];
  // A code by mail: one right answer signs in, three wrong ones end it.
  answers = {
    define({ request: { session } }) {
      const last = session.at(-1);
      if (last?.challengeName === "CUSTOM_CHALLENGE" && last.challengeResult) return { issueTokens: true };
      const wrong = session.filter((round: { challengeResult: boolean }) => !round.challengeResult).length;
      return wrong >= 3 ? { failAuthentication: true } : { challengeName: "CUSTOM_CHALLENGE" };
    },
    create: () => ({
      publicChallengeParameters: { hint: "by mail" },
      privateChallengeParameters: { code: "123456" },
      challengeMetadata: "MAIL",
    }),
    verify: ({ request }) => ({ answerCorrect: request.challengeAnswer === request.privateChallengeParameters.code }),
  };
  cloud = await startCognito({
    pool: { lambdaConfig: config },
    client: {
      explicitAuthFlows: ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH"],
      ...client,
    },
    services: { lambda },
  });
  await cloud.addUser("ann", { email: "ann@acme.example" });
}
afterEach(() => cloud.stop());

const begin = (USERNAME = "ann", more: Record<string, string> = {}) =>
  cloud.client.send(
    new InitiateAuthCommand({ ClientId, AuthFlow: "CUSTOM_AUTH", AuthParameters: { USERNAME, ...more } }),
  );
const answer = ({ Session }: Pick<InitiateAuthCommandOutput, "Session">, ANSWER: string) =>
  cloud.client.send(
    new RespondToAuthChallengeCommand({
      ...{ ClientId, ChallengeName: "CUSTOM_CHALLENGE", Session },
      ChallengeResponses: { USERNAME: "ann", ANSWER },
    }),
  );
const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => `${error.name}: ${error.message}`,
  );

it("asks what the functions ask, and gives tokens when they say so", async () => {
  await start();
  const asked = await begin();
  expect(asked).toMatchObject({
    ChallengeName: "CUSTOM_CHALLENGE",
    ChallengeParameters: { hint: "by mail", USERNAME: "ann" },
  });
  expect(JSON.stringify(asked)).not.toContain("123456");
  const { AuthenticationResult } = await answer(asked, "123456");
  expect(decodeJwt(AuthenticationResult!.IdToken!)).toMatchObject({ "cognito:username": "ann", aud: ClientId });
  expect(events.map(({ triggerSource }) => triggerSource)).toEqual([
    "DefineAuthChallenge_Authentication",
    "CreateAuthChallenge_Authentication",
    "VerifyAuthChallengeResponse_Authentication",
    "DefineAuthChallenge_Authentication",
  ]);
  expect(events[0].request).toMatchObject({ session: [], userAttributes: { email: "ann@acme.example" } });
  expect(events[3].request.session).toEqual([
    { challengeName: "CUSTOM_CHALLENGE", challengeResult: true, challengeMetadata: "MAIL" },
  ]);
});

it("asks again after a wrong answer, with every round in the session, until the functions end it", async () => {
  await start();
  let asked: Pick<InitiateAuthCommandOutput, "Session"> = await begin();
  const first = asked;
  asked = await answer(asked, "1");
  // An answer is judged once.
  expect(await failure(answer(first, "123456"))).toMatch(/^NotAuthorizedException.*Invalid session/);
  asked = await answer(asked, "2");
  expect(await failure(answer(asked, "3"))).toBe("NotAuthorizedException: Incorrect username or password.");
  expect(events.at(-1).request.session.map(({ challengeResult }: Event) => challengeResult)).toEqual([
    false,
    false,
    false,
  ]);
  expect(await failure(answer(await begin(), "123456"))).toBe("succeeded");
});

it("ends a session that is not answered in its three minutes", async () => {
  await start();
  const asked = await begin();
  await cloud.clock.advance(181_000);
  expect(await failure(answer(asked, "123456"))).toMatch(/^NotAuthorizedException.*expired/);
});

it("does not tell who is there: the functions hear it, and no tokens come of it", async () => {
  await start();
  answers.define = ({ request }) => (request.userNotFound ? { issueTokens: true } : {});
  expect(await failure(begin("nobody"))).toBe("NotAuthorizedException: Incorrect username or password.");
  expect(events[0]).toMatchObject({ userName: "nobody", request: { userNotFound: true, userAttributes: {} } });
});

it("begins with a password by SRP where the client and the functions want that", async () => {
  await start();
  const { define } = answers;
  answers.define = (event) => {
    const [first, ...rest] = event.request.session;
    return first.challengeName === "SRP_A" && rest.length === 0
      ? { challengeName: "PASSWORD_VERIFIER" }
      : define!(event);
  };
  const srp = srpClient(UserPoolId);
  const asked = await begin("ann", { CHALLENGE_NAME: "SRP_A", SRP_A: srp.SRP_A });
  expect(asked.ChallengeName).toBe("PASSWORD_VERIFIER");
  const prove = (with_: string) =>
    cloud.client.send(
      new RespondToAuthChallengeCommand({
        ...{ ClientId, ChallengeName: "PASSWORD_VERIFIER", Session: asked.Session },
        ChallengeResponses: srp.claim(asked.ChallengeParameters!, with_),
      }),
    );
  const then = await prove(password);
  expect(then.ChallengeName).toBe("CUSTOM_CHALLENGE");
  expect((await answer(then, "123456")).AuthenticationResult!.AccessToken).toBeDefined();
  expect(events.at(-1).request.session.map(({ challengeName }: Event) => challengeName)).toEqual([
    ...["SRP_A", "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE"],
  ]);
});

it("is refused without the functions, for a client without the flow, and where they answer nothing", async () => {
  await start({});
  expect(await failure(begin())).toMatch(/^InvalidParameterException.*trigger is not configured/);
  await cloud.stop();
  await start(lambdaConfig, { explicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH"] });
  expect(await failure(begin())).toMatch(/^InvalidParameterException.*CUSTOM_AUTH flow not enabled/);
  await cloud.stop();
  await start();
  answers.define = () => ({});
  expect(await failure(begin())).toMatch(/^InvalidLambdaResponseException.*challengeName is null/);
});

it("a client with a secret proves it when it refreshes too, by the user's own name", async () => {
  await start(lambdaConfig, { generateSecret: true });
  const secret = (
    await cloud.running.call<{ UserPoolClient: { ClientSecret: string } }>(
      ...(["cognito-idp", "DescribeUserPoolClient", { UserPoolId, ClientId }] as const),
    )
  ).UserPoolClient.ClientSecret;
  const hash = (name: string) =>
    createHmac("sha256", secret)
      .update(name + ClientId)
      .digest("base64");
  const signedIn = await cloud.client.send(
    new InitiateAuthCommand({
      ...{ ClientId, AuthFlow: "USER_PASSWORD_AUTH" },
      AuthParameters: { USERNAME: "ann", PASSWORD: password, SECRET_HASH: hash("ann") },
    }),
  );
  const REFRESH_TOKEN = signedIn.AuthenticationResult!.RefreshToken!;
  const refresh = (more: Record<string, string> = {}) =>
    failure(
      cloud.client.send(
        new InitiateAuthCommand({
          ...{ ClientId, AuthFlow: "REFRESH_TOKEN_AUTH" },
          AuthParameters: { REFRESH_TOKEN, ...more },
        }),
      ),
    );
  expect(await refresh()).toMatch(/^NotAuthorizedException.*SECRET_HASH was not received/);
  expect(await refresh({ SECRET_HASH: hash("bob") })).toMatch(/^NotAuthorizedException.*Unable to verify secret hash/);
  expect(await refresh({ SECRET_HASH: hash("ann") })).toBe("succeeded");
});
