/** Users sign themselves up, prove who they are by a code, and find back in when they forgot their password. */
import type {
  ConfirmForgotPasswordCommandInput,
  ConfirmSignUpCommandInput,
  ForgotPasswordCommandInput,
  ResendConfirmationCodeCommandInput,
  SignUpCommandInput,
} from "@aws-sdk/client-cognito-identity-provider";
import { AwsError, type Clock, type Operation } from "../../../service.ts";
import { attributesOf } from "../pools/description.ts";
import type { Directory, User } from "../pools/directory.ts";
import { type Attributes, assertAttributes, type Client, type Pool } from "../pools/pool.ts";
import { assertSecretHash } from "../sign-in/client-proof.ts";
import { notAuthorized } from "../tokens/signing-keys.ts";
import type { Tokens } from "../tokens/tokens.ts";
import type { Triggers } from "../triggers.ts";
import { type Codes, expired } from "./codes.ts";
import { deliveryOf, type Messages, type Sent } from "./messages.ts";
import { assertPassword, hashPassword } from "./passwords.ts";
import { signInAttribute } from "./sign-in-name.ts";

export interface SignedUp {
  user: User;
  sent?: Sent;
}

export type SignUp = ReturnType<typeof signUp>;

export function signUp(
  directory: Directory,
  tokens: Tokens,
  codes: Codes,
  messages: Messages,
  triggers: Triggers,
  clock: Clock,
) {
  /** Where codes go: an attribute that the pool proves, mail first. */
  function provable(pool: Pool, user: User): string | undefined {
    const names = ["email", "phone_number"];
    return names.find((name) => pool.autoVerified.includes(name) && user.attributes[name]);
  }

  async function sendCode(pool: Pool, user: User, client: Client, kind: "SignUp" | "ResendCode") {
    const attribute = provable(pool, user);
    if (attribute === undefined) return undefined;
    const code = codes.issue(user, "sign-up");
    await messages.send(kind, pool, user, attribute, code, client.id);
    return deliveryOf(attribute, user.attributes[attribute]!);
  }

  async function confirmed(pool: Pool, client: Pick<Client, "id">, user: User, source: string): Promise<void> {
    directory.save(user);
    await triggers.ask("postConfirmation", {
      pool,
      source: `PostConfirmation_${source}`,
      username: user.username,
      clientId: client.id,
      request: { userAttributes: { ...user.attributes, "cognito:user_status": user.status } },
      response: {},
    });
  }

  function assertFree(pool: Pool, name: string, attributes: Attributes): void {
    if (directory.lookUp(pool, name) === undefined) {
      const [taken] = pool.usernameAttributes.filter(
        (each) => attributes[each] && directory.lookUp(pool, attributes[each]),
      );
      if (taken === undefined) return;
    }
    const [by] = pool.usernameAttributes;
    const message = by ? `An account with the given ${by} already exists.` : "User already exists";
    throw new AwsError("UsernameExistsException", message);
  }

  async function signUpUser(client: Client, name: string, password: string, given: Attributes): Promise<SignedUp> {
    const pool = directory.pool(client.poolId);
    if (pool.adminOnly) throw notAuthorized("SignUp is not permitted for this user pool");
    if (Object.keys(given).some((attribute) => client.writeAttributes?.includes(attribute) === false))
      throw notAuthorized("A client attempted to write unauthorized attribute");
    if (!/^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u.test(name))
      throw new AwsError(
        "InvalidParameterException",
        "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+",
      );
    const attributes = { ...signInAttribute(pool, name), ...given };
    for (const each of ["email_verified", "phone_number_verified"])
      if (attributes[each] !== undefined) throw notAuthorized("A client attempted to write unauthorized attribute");
    assertPassword(password, pool.passwordPolicy);
    assertAttributes(pool, attributes);
    assertFree(pool, name, attributes);
    const draft = directory.newUser(pool, name, attributes, "UNCONFIRMED");
    const answer = await triggers.ask<{
      autoConfirmUser?: boolean;
      autoVerifyEmail?: boolean;
      autoVerifyPhone?: boolean;
    }>("preSignUp", {
      pool,
      source: "PreSignUp_SignUp",
      username: draft.username,
      clientId: client.id,
      request: { userAttributes: attributes, validationData: null },
      response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
    });
    const user: User = {
      ...draft,
      attributes: {
        ...draft.attributes,
        ...(answer?.autoVerifyEmail && { email_verified: "true" }),
        ...(answer?.autoVerifyPhone && { phone_number_verified: "true" }),
      },
      passwordHash: await hashPassword(password, draft),
      status: answer?.autoConfirmUser ? "CONFIRMED" : "UNCONFIRMED",
    };
    // The functions took their time: somebody else may have come first.
    assertFree(pool, name, attributes);
    if (user.status === "CONFIRMED") {
      await confirmed(pool, client, user, "ConfirmSignUp");
      return { user };
    }
    directory.save(user);
    return { user, sent: await sendCode(pool, user, client, "SignUp") };
  }

  async function confirmSignUp(client: Client, name: string, code: string | undefined): Promise<void> {
    const pool = directory.pool(client.poolId);
    const user = directory.lookUp(pool, name);
    if (user === undefined) throw client.hidesMissingUsers ? expired() : notFound();
    if (user.status !== "UNCONFIRMED")
      throw notAuthorized(`User cannot be confirmed. Current status is ${user.status}`);
    codes.check(user, "sign-up", code);
    codes.spend(user, "sign-up");
    const proven = provable(pool, user);
    const attributes = proven ? { ...user.attributes, [`${proven}_verified`]: "true" } : user.attributes;
    await confirmed(pool, client, { ...user, attributes, status: "CONFIRMED" }, "ConfirmSignUp");
  }

  /** For somebody who is not there the same answer, where that is not to be known. */
  const pretended = (client: Client, name: string): Sent => {
    if (!client.hidesMissingUsers) throw notFound();
    return deliveryOf("email", /@/.test(name) ? name : `${name}@example.com`);
  };

  async function resend(client: Client, name: string): Promise<Sent> {
    const pool = directory.pool(client.poolId);
    const user = directory.lookUp(pool, name);
    if (user === undefined) return pretended(client, name);
    if (user.status !== "UNCONFIRMED") throw new AwsError("InvalidParameterException", "User is already confirmed.");
    const sent = await sendCode(pool, user, client, "ResendCode");
    if (sent) return sent;
    throw new AwsError("InvalidParameterException", "Cannot resend codes. Auto verification not turned on.");
  }

  async function forgot(client: Client, name: string): Promise<Sent> {
    const pool = directory.pool(client.poolId);
    const user = directory.lookUp(pool, name);
    if (user === undefined) return pretended(client, name);
    if (!user.enabled) throw notAuthorized("User is disabled.");
    if (user.status === "FORCE_CHANGE_PASSWORD")
      throw notAuthorized("User password cannot be reset in the current state.");
    const attribute = ["email", "phone_number"].find((each) => user.attributes[`${each}_verified`] === "true");
    if (attribute === undefined)
      throw new AwsError(
        "InvalidParameterException",
        "Cannot reset password for the user as there is no registered/verified email or phone_number",
      );
    const code = codes.issue(user, "forgot-password");
    await messages.send("ForgotPassword", pool, user, attribute, code, client.id);
    return deliveryOf(attribute, user.attributes[attribute]!);
  }

  async function confirmForgot(client: Client, name: string, code: string | undefined, password: string) {
    const pool = directory.pool(client.poolId);
    const user = directory.lookUp(pool, name);
    if (user === undefined) throw client.hidesMissingUsers ? expired() : notFound();
    assertPassword(password, pool.passwordPolicy);
    codes.check(user, "forgot-password", code);
    codes.spend(user, "forgot-password");
    tokens.revokeAll(user);
    const passwordHash = await hashPassword(password, user);
    const changed: User = { ...user, passwordHash, passwordSetAt: clock.now(), status: "CONFIRMED" };
    await confirmed(pool, client, changed, "ConfirmForgotPassword");
  }

  const operations: Record<string, Operation> = {
    SignUp: {
      async run(input: SignUpCommandInput) {
        const client = proven(directory, input);
        const attributes = attributesOf(input.UserAttributes);
        const { user, sent } = await signUpUser(client, input.Username ?? "", input.Password ?? "", attributes);
        return { UserConfirmed: user.status === "CONFIRMED", UserSub: user.attributes.sub, CodeDeliveryDetails: sent };
      },
    },
    ConfirmSignUp: {
      async run(input: ConfirmSignUpCommandInput) {
        await confirmSignUp(proven(directory, input), input.Username ?? "", input.ConfirmationCode);
        return {};
      },
    },
    ResendConfirmationCode: {
      run: async (input: ResendConfirmationCodeCommandInput) => ({
        CodeDeliveryDetails: await resend(proven(directory, input), input.Username ?? ""),
      }),
    },
    ForgotPassword: {
      run: async (input: ForgotPasswordCommandInput) => ({
        CodeDeliveryDetails: await forgot(proven(directory, input), input.Username ?? ""),
      }),
    },
    ConfirmForgotPassword: {
      async run(input: ConfirmForgotPasswordCommandInput) {
        const { Username = "", ConfirmationCode, Password = "" } = input;
        await confirmForgot(proven(directory, input), Username, ConfirmationCode, Password);
        return {};
      },
    },
  };

  return { operations, signUpUser, confirmSignUp, resend, forgot, confirmForgot, confirmed };
}

function proven(directory: Directory, input: { ClientId?: string; Username?: string; SecretHash?: string }): Client {
  const client = directory.client(input.ClientId);
  assertSecretHash(client, input.Username ?? "", input.SecretHash);
  return client;
}

function notFound(): AwsError {
  return new AwsError("UserNotFoundException", "Username/client id combination not found.");
}
