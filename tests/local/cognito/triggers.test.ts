import { InitiateAuthCommand, SignUpCommand } from "@aws-sdk/client-cognito-identity-provider";
import { decodeJwt } from "jose";
import type { Value } from "../../../engine/graph.ts";
import { AwsError, type Call, type Service } from "../../../local/service.ts";
import { failure } from "../dynamodb/fixture.ts";
import { ClientId, type CognitoCloud, password, startCognito, UserPoolId } from "./fixture.ts";

// biome-ignore lint/suspicious/noExplicitAny: an event is whatever Cognito sends
type Event = any;
type Answer = (event: Event) => object | undefined;

const arn = (name: string) => `arn:aws:lambda:eu-west-1:000000000000:function:${name}`;

let cloud: CognitoCloud;
let events: Event[];
let calls: Call[];
let answers: Record<string, Answer>;

/** Functions without processes: what they answer is what a test says. */
function lambda(): Service {
  return {
    name: "lambda",
    resources: {},
    operations: {
      Invoke: {
        run({ FunctionName, Payload }: { FunctionName: string; Payload: string }, call) {
          const event = JSON.parse(Payload);
          events.push(event);
          calls.push(call);
          const answer = answers[FunctionName.split(":").at(-1)!]!(event);
          if (answer instanceof AwsError) throw answer;
          if (answer instanceof Error)
            return {
              FunctionError: "Unhandled",
              Payload: Buffer.from(JSON.stringify({ errorMessage: answer.message })),
            };
          return { Payload: Buffer.from(JSON.stringify({ ...event, response: { ...event.response, ...answer } })) };
        },
      },
    },
  };
}

async function start(lambdaConfig: Record<string, Value>, more: Record<string, Value> = {}): Promise<void> {
  [events, calls, answers] = [[], [], {}];
  cloud = await startCognito({
    pool: { lambdaConfig, autoVerifiedAttributes: ["email"], ...more },
    services: { lambda },
  });
}
afterEach(() => cloud.stop());

const signUp = () =>
  cloud.client.send(
    new SignUpCommand({
      ClientId,
      Username: "ann",
      Password: password,
      UserAttributes: [{ Name: "email", Value: "ann@acme.example" }],
    }),
  );

describe("the pre sign-up function", () => {
  it("may confirm and verify whoever it knows; post confirmation is told", async () => {
    await start({ preSignUp: arn("pre"), postConfirmation: arn("post") });
    answers = { pre: () => ({ autoConfirmUser: true, autoVerifyEmail: true }), post: () => ({}) };
    expect((await signUp()).UserConfirmed).toBe(true);
    expect(events).toMatchObject([
      {
        version: "1",
        triggerSource: "PreSignUp_SignUp",
        region: "eu-west-1",
        userPoolId: UserPoolId,
        userName: "ann",
        callerContext: { clientId: ClientId },
        request: { userAttributes: { email: "ann@acme.example" } },
      },
      { triggerSource: "PostConfirmation_ConfirmSignUp", request: { userAttributes: { email_verified: "true" } } },
    ]);
    expect(calls[0]).toMatchObject({
      principal: { type: "service", arn: "cognito-idp.amazonaws.com" },
      sourceArn: `arn:aws:cognito-idp:eu-west-1:000000000000:userpool/${UserPoolId}`,
    });
    expect(await cloud.mails()).toEqual([]);
  });

  it("refuses in its own words, and nobody is left behind", async () => {
    await start({ preSignUp: arn("pre") });
    answers = { pre: () => new Error("Only our own people") };
    expect(await failure(signUp())).toEqual([
      "UserLambdaValidationException",
      "PreSignUp failed with error Only our own people.",
    ]);
    answers = { pre: () => ({}) };
    expect((await signUp()).UserConfirmed).toBe(false);
  });

  it("that may not be invoked stops the sign-up", async () => {
    await start({ preSignUp: arn("pre") });
    answers = { pre: () => new AwsError("AccessDeniedException", "no permission", 403) };
    expect(await failure(signUp())).toEqual([
      "UnexpectedLambdaException",
      "PreSignUp invocation failed due to error AccessDeniedException.",
    ]);
  });
});

it("the custom message function writes the mail", async () => {
  await start({ customMessage: arn("words") });
  answers = {
    words: ({ request }) => ({ emailSubject: "Hi", emailMessage: `<b>${request.codeParameter}</b> for {username}` }),
  };
  await signUp();
  expect(events[0]).toMatchObject({ triggerSource: "CustomMessage_SignUp" });
  const [mail] = await cloud.mails();
  expect(mail!.subject).toBe("Hi");
  expect(mail!.html).toMatch(/^<b>\d{6}<\/b> for ann$/);
});

describe("the pre token generation function", () => {
  it("of the first version changes ID tokens and groups, and nothing that makes a token genuine", async () => {
    await start({ preTokenGeneration: arn("tokens") });
    await cloud.addUser("ann", { email: "ann@acme.example" });
    answers = {
      tokens: () => ({
        claimsOverrideDetails: {
          claimsToAddOrOverride: { tier: "gold", sub: "somebody else", exp: "1" },
          claimsToSuppress: ["email"],
          groupOverrideDetails: { groupsToOverride: ["a", "b"] },
        },
      }),
    };
    const { IdToken, AccessToken } = await cloud.signIn("ann");
    const claims = decodeJwt(IdToken);
    expect(claims).toMatchObject({ tier: "gold", "cognito:groups": ["a", "b"] });
    expect(claims).not.toHaveProperty("email");
    expect(claims.sub).toMatch(/^[0-9a-f-]{36}$/);
    expect(claims.exp).toBe(claims.iat! + 30 * 60);
    expect(decodeJwt(AccessToken)).not.toHaveProperty("tier");
    expect(events[0]).toMatchObject({ version: "1", triggerSource: "TokenGeneration_Authentication" });
  });

  it("of the second version changes access tokens and scopes too", async () => {
    await start({ preTokenGenerationConfig: { lambdaArn: arn("tokens"), lambdaVersion: "V2_0" } });
    await cloud.addUser("ann");
    answers = {
      tokens: () => ({
        claimsAndScopeOverrideDetails: {
          idTokenGeneration: { claimsToAddOrOverride: { limits: { photos: 5 } } },
          accessTokenGeneration: {
            claimsToAddOrOverride: { "custom:tenant": "acme" },
            scopesToAdd: ["photos/write"],
          },
        },
      }),
    };
    const { IdToken, AccessToken, RefreshToken } = await cloud.signIn("ann");
    expect(decodeJwt(IdToken).limits).toEqual({ photos: 5 });
    expect(decodeJwt(AccessToken)).toMatchObject({
      "custom:tenant": "acme",
      scope: "aws.cognito.signin.user.admin photos/write",
    });
    expect(events[0]).toMatchObject({ version: "2", request: { scopes: ["aws.cognito.signin.user.admin"] } });
    await cloud.client.send(
      new InitiateAuthCommand({
        ClientId,
        AuthFlow: "REFRESH_TOKEN_AUTH",
        AuthParameters: { REFRESH_TOKEN: RefreshToken },
      }),
    );
    expect(events[1]).toMatchObject({ triggerSource: "TokenGeneration_RefreshTokens" });
  });
});

it("the pre authentication function keeps people out; post authentication is told who came in", async () => {
  await start({ preAuthentication: arn("pre"), postAuthentication: arn("post") });
  await cloud.addUser("ann");
  answers = { pre: () => new Error("Not at night"), post: () => ({}) };
  expect(await failure(cloud.signIn("ann"))).toEqual([
    "UserLambdaValidationException",
    "PreAuthentication failed with error Not at night.",
  ]);
  answers.pre = () => ({});
  await cloud.signIn("ann");
  expect(events.map(({ triggerSource }) => triggerSource).slice(1)).toEqual([
    "PreAuthentication_Authentication",
    "PostAuthentication_Authentication",
  ]);
});

it("the migration function brings a user at their first sign-in", async () => {
  await start({ userMigration: arn("old") });
  answers = {
    old: ({ userName, request }) =>
      request.password === password
        ? { userAttributes: { email: `${userName}@old.example`, email_verified: "true" }, finalUserStatus: "CONFIRMED" }
        : new Error("Bad password"),
  };
  expect((await failure(cloud.signIn("ann", "wrong")))[0]).toBe("UserLambdaValidationException");
  expect(decodeJwt((await cloud.signIn("ann")).IdToken)).toMatchObject({ email: "ann@old.example" });
  await cloud.signIn("ann");
  expect(events).toHaveLength(2);
});

it("a function that does not answer within five seconds stops the sign-in", async () => {
  await start({ preAuthentication: arn("slow") });
  await cloud.addUser("ann");
  const asked = new Promise<void>((resolve) => {
    answers = {
      slow: () => {
        resolve();
        return undefined;
      },
    };
  });
  const lambdaService = await cloud.running.service("lambda");
  const { run } = lambdaService.operations.Invoke!;
  lambdaService.operations.Invoke!.run = async (input, call) => {
    await run(input, call);
    return new Promise(() => {});
  };
  const outcome = failure(cloud.signIn("ann"));
  await asked;
  await cloud.clock.advance(5000);
  expect((await outcome)[0]).toBe("UnexpectedLambdaException");
});
