/** What users do for themselves: sign in, refresh, answer a challenge, see and change their own account, sign out. */

import { createHmac, randomBytes } from "node:crypto";
import type {
  AdminInitiateAuthCommandInput,
  AdminRespondToAuthChallengeCommandInput,
  ChangePasswordCommandInput,
  GetUserCommandInput,
  GlobalSignOutCommandInput,
  InitiateAuthCommandInput,
  InitiateAuthCommandOutput,
  RespondToAuthChallengeCommandInput,
  RevokeTokenCommandInput,
  UpdateUserAttributesCommandInput,
} from "@aws-sdk/client-cognito-identity-provider";
import { type Access, AwsError, type Clock, type Operation } from "../../service.ts";
import { attributeList, attributesOf } from "./administration.ts";
import type { Directory, User } from "./directory.ts";
import { lockouts } from "./lockouts.ts";
import { assertPassword, hashPassword, verifyPassword } from "./passwords.ts";
import { assertAttributes, type Client } from "./pool.ts";
import type { Tokens } from "./tokens.ts";

type Answer = Omit<InitiateAuthCommandOutput, "$metadata">;

const DAY_MS = 86_400_000;

function notAuthorized(message: string): AwsError {
  return new AwsError("NotAuthorizedException", message);
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

export function signInOperations(
  directory: Directory,
  tokens: Tokens,
  clock: Clock,
  onPool: (action: string) => (input: { UserPoolId?: string }) => Access,
): Record<string, Operation> {
  const lock = lockouts(clock);
  /** Challenges waiting for their answer. A restart ends them: the user signs in again. */
  const challenges = new Map<string, { user: User; clientId: string; until: number }>();

  async function passwordSignIn(client: Client, parameters: Record<string, string> = {}): Promise<Answer> {
    const name = required(parameters, "USERNAME");
    const password = required(parameters, "PASSWORD");
    assertSecretHash(client, name, parameters.SECRET_HASH);
    const pool = directory.pool(client.poolId);
    const user = directory.lookUp(pool, name);
    if (user === undefined && !client.hidesMissingUsers)
      throw new AwsError("UserNotFoundException", "User does not exist.");
    const account = `${pool.id}/${user?.username ?? name}`;
    lock.assertOpen(account);
    if (!(await verifyPassword(password, user?.passwordHash)) || user === undefined) {
      lock.failed(account);
      throw notAuthorized("Incorrect username or password.");
    }
    lock.succeeded(account);
    if (!user.enabled) throw notAuthorized("User is disabled.");
    if (user.status === "CONFIRMED") return authenticated(user, client);
    if (clock.now() > user.passwordSetAt + pool.temporaryPasswordDays * DAY_MS)
      throw notAuthorized("Temporary password has expired and must be reset by an administrator.");
    return newPasswordChallenge(user, client);
  }

  async function authenticated(user: User, client: Client): Promise<Answer> {
    return { ChallengeParameters: {}, AuthenticationResult: await tokens.signIn(user, client) };
  }

  function newPasswordChallenge(user: User, client: Client): Answer {
    for (const [session, { until }] of challenges) if (until <= clock.now()) challenges.delete(session);
    const session = randomBytes(48).toString("base64url");
    challenges.set(session, { user, clientId: client.id, until: clock.now() + client.sessionSeconds * 1000 });
    const { sub: _, ...attributes } = user.attributes;
    return {
      ChallengeName: "NEW_PASSWORD_REQUIRED",
      Session: session,
      ChallengeParameters: {
        USER_ID_FOR_SRP: user.username,
        requiredAttributes: "[]",
        userAttributes: JSON.stringify(attributes),
      },
    };
  }

  async function initiate(input: InitiateAuthCommandInput, passwordFlow: string): Promise<Answer> {
    const client = directory.client(input.ClientId);
    const flow = input.AuthFlow;
    if (flow === "REFRESH_TOKEN_AUTH" || flow === "REFRESH_TOKEN") {
      assertFlow(client, "REFRESH_TOKEN_AUTH");
      const token = required(input.AuthParameters ?? {}, "REFRESH_TOKEN");
      return { ChallengeParameters: {}, AuthenticationResult: await tokens.refresh(token, client) };
    }
    if (flow !== passwordFlow && !(flow === "ADMIN_NO_SRP_AUTH" && passwordFlow === "ADMIN_USER_PASSWORD_AUTH"))
      throw invalid(
        flow === "USER_SRP_AUTH" || flow === "CUSTOM_AUTH" || flow === "USER_AUTH"
          ? `${flow} is not emulated locally; use ${passwordFlow}`
          : "Initiate Auth method not supported",
      );
    assertFlow(client, passwordFlow);
    return passwordSignIn(client, input.AuthParameters);
  }

  async function respond(input: RespondToAuthChallengeCommandInput): Promise<Answer> {
    const client = directory.client(input.ClientId);
    if (input.ChallengeName !== "NEW_PASSWORD_REQUIRED") throw invalid("Challenge is not supported locally");
    const responses = input.ChallengeResponses ?? {};
    const name = required(responses, "USERNAME");
    assertSecretHash(client, name, responses.SECRET_HASH);
    const challenge = challenges.get(input.Session ?? "");
    if (challenge === undefined || challenge.clientId !== client.id || challenge.until <= clock.now())
      throw notAuthorized("Invalid session for the user, session is expired.");
    const pool = directory.pool(client.poolId);
    const user = directory.user(pool, challenge.user.username);
    if (directory.lookUp(pool, name)?.username !== user.username) throw notAuthorized("Invalid session for the user.");
    const password = required(responses, "NEW_PASSWORD");
    assertPassword(password, pool.passwordPolicy);
    challenges.delete(input.Session!);
    const confirmed: User = {
      ...user,
      passwordHash: await hashPassword(password),
      passwordSetAt: clock.now(),
      status: "CONFIRMED",
    };
    directory.save(confirmed);
    return authenticated(confirmed, client);
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
    GetUser: {
      async run({ AccessToken }: GetUserCommandInput) {
        const { user } = await tokens.userOf(AccessToken);
        return { Username: user.username, UserAttributes: attributeList(user.attributes) };
      },
    },
    UpdateUserAttributes: {
      async run({ AccessToken, UserAttributes }: UpdateUserAttributesCommandInput) {
        const { user, client } = await tokens.userOf(AccessToken);
        const changes = attributesOf(UserAttributes);
        if (Object.keys(changes).some((name) => client.writeAttributes?.includes(name) === false))
          throw notAuthorized("A client attempted to write unauthorized attribute");
        assertAttributes(directory.pool(user.poolId), changes, user.attributes);
        directory.save({ ...user, attributes: { ...user.attributes, ...changes } });
        return { CodeDeliveryDetailsList: [] };
      },
    },
    ChangePassword: {
      async run({ AccessToken, PreviousPassword, ProposedPassword }: ChangePasswordCommandInput) {
        const { user } = await tokens.userOf(AccessToken);
        if (!(await verifyPassword(PreviousPassword ?? "", user.passwordHash)))
          throw notAuthorized("Incorrect username or password.");
        assertPassword(ProposedPassword ?? "", directory.pool(user.poolId).passwordPolicy);
        const passwordHash = await hashPassword(ProposedPassword!);
        directory.save({ ...user, passwordHash, passwordSetAt: clock.now() });
        return {};
      },
    },
    GlobalSignOut: {
      async run({ AccessToken }: GlobalSignOutCommandInput) {
        tokens.revokeAll((await tokens.userOf(AccessToken)).user);
        return {};
      },
    },
    RevokeToken: {
      run({ Token, ClientId, ClientSecret }: RevokeTokenCommandInput) {
        const client = directory.client(ClientId);
        if (client.secret !== undefined && client.secret !== ClientSecret)
          throw notAuthorized("Client is not authorized to revoke the token");
        if (Token?.split(".").length === 3)
          throw new AwsError("UnsupportedTokenTypeException", "Unsupported token type");
        tokens.revoke(Token ?? "");
        return {};
      },
    },
  };
}

function required(parameters: Record<string, string>, name: string): string {
  const value = parameters[name];
  if (!value) throw invalid(`Missing required parameter ${name}`);
  return value;
}

function assertFlow(client: Client, flow: string): void {
  const allowed = [`ALLOW_${flow}`, flow, ...(flow === "ADMIN_USER_PASSWORD_AUTH" ? ["ADMIN_NO_SRP_AUTH"] : [])];
  if (!client.flows.some((name) => allowed.includes(name))) throw invalid(`${flow} flow not enabled for this client`);
}

/** Clients with a secret prove it: HMAC-SHA256 of user name and client id. */
function assertSecretHash({ id, secret }: Client, name: string, given: string | undefined): void {
  if (secret === undefined) {
    if (given !== undefined) throw notAuthorized(`Client ${id} is not configured for secret but secret was received`);
    return;
  }
  if (given === undefined)
    throw notAuthorized(`Client ${id} is configured with secret but SECRET_HASH was not received`);
  if (
    createHmac("sha256", secret)
      .update(name + id)
      .digest("base64") !== given
  )
    throw notAuthorized(`Unable to verify secret hash for client ${id}`);
}
