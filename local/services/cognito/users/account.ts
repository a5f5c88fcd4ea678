/** What signed-in users do with their own account. */
import type {
  AssociateSoftwareTokenCommandInput,
  ChangePasswordCommandInput,
  GetUserAttributeVerificationCodeCommandInput,
  GlobalSignOutCommandInput,
  RevokeTokenCommandInput,
  SetUserMFAPreferenceCommandInput,
  UpdateUserAttributesCommandInput,
  VerifySoftwareTokenCommandInput,
  VerifyUserAttributeCommandInput,
} from "@aws-sdk/client-cognito-identity-provider";
import { AwsError, type Clock, type Operation } from "../../../service.ts";
import { attributeList, attributesOf } from "../pools/description.ts";
import type { Directory, User } from "../pools/directory.ts";
import { assertAttributes, type Client, type Pool } from "../pools/pool.ts";
import type { Challenges } from "../sign-in/challenges.ts";
import { equal } from "../sign-in/client-proof.ts";
import { newSecret, stepOf } from "../sign-in/totp.ts";
import { notAuthorized } from "../tokens/signing-keys.ts";
import type { Tokens } from "../tokens/tokens.ts";
import type { Codes } from "./codes.ts";
import { deliveryOf, type MessageKind, type Messages, type Sent } from "./messages.ts";
import { assertPassword, hashPassword, verifyPassword } from "./passwords.ts";

interface WithToken {
  AccessToken?: string;
}

export function accountOperations(
  directory: Directory,
  tokens: Tokens,
  codes: Codes,
  messages: Messages,
  challenges: Challenges,
  clock: Clock,
): Record<string, Operation> {
  const withUser = <Input extends WithToken>(
    run: (who: { user: User; client: Client; pool: Pool }, input: Input) => object | Promise<object>,
  ): Operation => ({ run: async (input: Input) => run(await tokens.userOf(input.AccessToken), input) });

  async function sendCode(kind: MessageKind, pool: Pool, user: User, client: Client, name: string): Promise<Sent> {
    const code = codes.issue(user, `verify:${name}`);
    await messages.send(kind, pool, user, name, code, client.id);
    return deliveryOf(name, user.attributes[name]!);
  }

  return {
    GetUser: withUser(({ user }) => ({
      Username: user.username,
      UserAttributes: attributeList(user.attributes),
      ...(user.totp?.enabled && {
        UserMFASettingList: ["SOFTWARE_TOKEN_MFA"],
        PreferredMfaSetting: "SOFTWARE_TOKEN_MFA",
      }),
    })),
    UpdateUserAttributes: withUser<UpdateUserAttributesCommandInput>(async ({ user, client, pool }, input) => {
      const changes = attributesOf(input.UserAttributes);
      const isForbidden = (name: string) =>
        client.writeAttributes?.includes(name) === false || name.endsWith("_verified");
      if (Object.keys(changes).some(isForbidden))
        throw notAuthorized("A client attempted to write unauthorized attribute");
      assertAttributes(pool, changes, user.attributes);
      assertUnique(directory, pool, user, changes);
      const attributes = { ...user.attributes, ...changes };
      const anew = ["email", "phone_number"].filter((name) => changes[name] && changes[name] !== user.attributes[name]);
      for (const name of anew) attributes[`${name}_verified`] = "false";
      const changed = { ...user, attributes };
      directory.save(changed);
      const sent: Sent[] = [];
      for (const name of anew.filter((each) => pool.autoVerified.includes(each)))
        sent.push(await sendCode("UpdateUserAttribute", pool, changed, client, name));
      return { CodeDeliveryDetailsList: sent };
    }),
    GetUserAttributeVerificationCode: withUser<GetUserAttributeVerificationCodeCommandInput>(
      async ({ user, client, pool }, { AttributeName = "" }) => {
        if (!["email", "phone_number"].includes(AttributeName) || !user.attributes[AttributeName])
          throw new AwsError("InvalidParameterException", `The user has no ${AttributeName} to be verified.`);
        return { CodeDeliveryDetails: await sendCode("VerifyUserAttribute", pool, user, client, AttributeName) };
      },
    ),
    VerifyUserAttribute: withUser<VerifyUserAttributeCommandInput>(({ user }, { AttributeName = "", Code }) => {
      codes.check(user, `verify:${AttributeName}`, Code);
      codes.spend(user, `verify:${AttributeName}`);
      directory.save({ ...user, attributes: { ...user.attributes, [`${AttributeName}_verified`]: "true" } });
      return {};
    }),
    DeleteUserAttributes: withUser<WithToken & { UserAttributeNames?: string[] }>(({ user, pool }, input) => {
      const gone = input.UserAttributeNames ?? [];
      const kept = Object.entries(user.attributes).filter(([name]) => name === "sub" || !gone.includes(name));
      assertAttributes(pool, {}, Object.fromEntries(kept));
      directory.save({ ...user, attributes: Object.fromEntries(kept) });
      return {};
    }),
    ChangePassword: withUser<ChangePasswordCommandInput>(async ({ user, pool }, input) => {
      if (!(await verifyPassword(input.PreviousPassword ?? "", user.passwordHash)))
        throw notAuthorized("Incorrect username or password.");
      assertPassword(input.ProposedPassword ?? "", pool.passwordPolicy);
      const passwordHash = await hashPassword(input.ProposedPassword!, user);
      directory.save({ ...user, passwordHash, passwordSetAt: clock.now() });
      return {};
    }),
    DeleteUser: withUser(({ user }) => {
      tokens.revokeAll(user);
      codes.forget(user);
      directory.remove(user);
      return {};
    }),
    GlobalSignOut: withUser<GlobalSignOutCommandInput>(({ user }) => {
      tokens.revokeAll(user);
      return {};
    }),
    RevokeToken: {
      run({ Token, ClientId, ClientSecret }: RevokeTokenCommandInput) {
        const client = directory.client(ClientId);
        if (client.secret !== undefined && !equal(client.secret, ClientSecret ?? ""))
          throw notAuthorized("Client is not authorized to revoke the token");
        if (Token?.split(".").length === 3)
          throw new AwsError("UnsupportedTokenTypeException", "Unsupported token type");
        tokens.revoke(Token ?? "");
        return {};
      },
    },
    AssociateSoftwareToken: {
      async run({ AccessToken, Session }: AssociateSoftwareTokenCommandInput) {
        const secret = newSecret();
        if (AccessToken === undefined) {
          challenges.find(Session).totp = { secret, verified: false };
          return { SecretCode: secret, Session };
        }
        const { user } = await tokens.userOf(AccessToken);
        directory.save({ ...user, totp: { secret, verified: false, enabled: false } });
        return { SecretCode: secret };
      },
    },
    VerifySoftwareToken: {
      async run({ AccessToken, Session, UserCode = "" }: VerifySoftwareTokenCommandInput) {
        const signedIn = AccessToken === undefined ? undefined : (await tokens.userOf(AccessToken)).user;
        const challenge = signedIn ? undefined : challenges.find(Session);
        const token = signedIn ? signedIn.totp : challenge?.totp;
        const step = token && stepOf(token.secret, UserCode, clock.now());
        if (!token || step === undefined)
          throw new AwsError("EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA");
        if (signedIn)
          directory.save({
            ...signedIn,
            totp: { secret: token.secret, verified: true, enabled: false, lastStep: step },
          });
        else token.verified = true;
        return { Status: "SUCCESS", Session };
      },
    },
    SetUserMFAPreference: withUser<SetUserMFAPreferenceCommandInput>(({ user }, { SoftwareTokenMfaSettings }) => {
      const enabled = SoftwareTokenMfaSettings?.Enabled === true;
      if (enabled && !user.totp?.verified)
        throw new AwsError("InvalidParameterException", "User has not verified software token mfa");
      if (user.totp) directory.save({ ...user, totp: { ...user.totp, enabled } });
      return {};
    }),
  };
}

/** What users sign in with is one user's alone. */
export function assertUnique(directory: Directory, pool: Pool, user: User, changes: Record<string, string>): void {
  const names = [...pool.usernameAttributes, ...pool.aliasAttributes.filter((name) => name === "preferred_username")];
  for (const name of names) {
    const holder = changes[name] ? directory.lookUp(pool, changes[name]) : undefined;
    if (holder && holder.username !== user.username)
      throw new AwsError("AliasExistsException", `An account with the given ${name} already exists.`);
  }
}
