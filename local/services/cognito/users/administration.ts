/** What administrators do with users and groups. */

import type {
  AdminAddUserToGroupCommandInput,
  AdminCreateUserCommandInput,
  AdminDeleteUserAttributesCommandInput,
  AdminGetUserCommandInput,
  AdminSetUserPasswordCommandInput,
  AdminUpdateUserAttributesCommandInput,
  ListUsersCommandInput,
  ListUsersInGroupCommandInput,
} from "@aws-sdk/client-cognito-identity-provider";
import { type Access, AwsError, type Clock, type Operation } from "../../../service.ts";
import { attributesOf, describeGroup, describeUser } from "../pools/description.ts";
import type { Directory, User } from "../pools/directory.ts";
import { assertAttributes, type Group, type Pool } from "../pools/pool.ts";
import type { Tokens } from "../tokens/tokens.ts";
import type { Triggers } from "../triggers.ts";
import type { Codes } from "./codes.ts";
import type { Messages } from "./messages.ts";
import { assertPassword, hashPassword, temporaryPassword } from "./passwords.ts";
import { signInAttribute } from "./sign-in-name.ts";
import type { SignUp } from "./sign-up.ts";
import { usersPage } from "./users-page.ts";

interface OfUser {
  UserPoolId?: string;
  Username?: string;
}

export function administrationOperations(
  directory: Directory,
  tokens: Tokens,
  codes: Codes,
  messages: Messages,
  triggers: Triggers,
  { confirmed }: SignUp,
  clock: Clock,
  onPool: (action: string) => (input: { UserPoolId?: string }) => Access,
): Record<string, Operation> {
  const userOf = ({ UserPoolId, Username }: OfUser) => directory.user(directory.pool(UserPoolId), Username);
  const admin = (action: string, run: Operation["run"]): Record<string, Operation> => ({
    [action]: { authorize: onPool(action), run },
  });
  /** Changes a user and answers with nothing. */
  const change = (action: string, run: (user: User) => void) =>
    admin(action, (input: OfUser) => {
      run(userOf(input));
      return {};
    });

  async function createUser(input: AdminCreateUserCommandInput) {
    const pool = directory.pool(input.UserPoolId);
    const name = input.Username ?? "";
    const existing = directory.lookUp(pool, name);
    if (input.MessageAction === "RESEND") {
      if (existing === undefined) throw new AwsError("UserNotFoundException", "User does not exist.");
      if (existing.status !== "FORCE_CHANGE_PASSWORD")
        throw new AwsError("UnsupportedUserStateException", "Resend not possible. User is already confirmed.");
      const password = input.TemporaryPassword ?? temporaryPassword();
      assertPassword(password, pool.passwordPolicy);
      const passwordHash = await hashPassword(password, existing);
      directory.save({ ...existing, passwordHash, passwordSetAt: clock.now() });
      await invite(pool, existing, password, input);
      return { User: describeUser(existing) };
    }
    if (existing !== undefined) throw new AwsError("UsernameExistsException", "User account already exists");
    const attributes = { ...signInAttribute(pool, name), ...attributesOf(input.UserAttributes) };
    assertAttributes(pool, attributes);
    const password = input.TemporaryPassword ?? temporaryPassword();
    assertPassword(password, pool.passwordPolicy);
    const draft = directory.newUser(pool, name, attributes, "FORCE_CHANGE_PASSWORD");
    await triggers.ask("preSignUp", {
      pool,
      source: "PreSignUp_AdminCreateUser",
      username: draft.username,
      clientId: "CLIENT_ID_NOT_APPLICABLE",
      request: { userAttributes: attributes, validationData: attributesOf(input.ValidationData) },
      response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
    });
    const user = { ...draft, passwordHash: await hashPassword(password, draft) };
    if (directory.lookUp(pool, name) !== undefined)
      throw new AwsError("UsernameExistsException", "User account already exists");
    directory.save(user);
    if (input.MessageAction !== "SUPPRESS") await invite(pool, user, password, input);
    return { User: describeUser(user) };
  }

  /** To where there is an address: AWS would fail without one, and leave the user behind. */
  async function invite(pool: Pool, user: User, password: string, input: AdminCreateUserCommandInput): Promise<void> {
    const media = input.DesiredDeliveryMediums ?? ["EMAIL"];
    const wanted = ["email", "phone_number"].filter((each) => media.includes(each === "email" ? "EMAIL" : "SMS"));
    for (const attribute of wanted.filter((each) => user.attributes[each]))
      await messages.send("AdminCreateUser", pool, user, attribute, password, "CLIENT_ID_NOT_APPLICABLE");
  }

  async function confirmSignUp(input: OfUser) {
    const user = userOf(input);
    if (user.status !== "UNCONFIRMED")
      throw new AwsError("NotAuthorizedException", `User cannot be confirmed. Current status is ${user.status}`);
    const pool = directory.pool(input.UserPoolId);
    await confirmed(pool, { id: "CLIENT_ID_NOT_APPLICABLE" }, { ...user, status: "CONFIRMED" }, "ConfirmSignUp");
    return {};
  }

  async function resetPassword(input: OfUser) {
    const user = userOf(input);
    if (user.status !== "CONFIRMED" && user.status !== "RESET_REQUIRED")
      throw new AwsError("NotAuthorizedException", "User password cannot be reset in the current state.");
    const attribute = ["email", "phone_number"].find((each) => user.attributes[`${each}_verified`] === "true");
    if (attribute === undefined) {
      const message = "Cannot reset password for the user as there is no registered/verified email or phone_number";
      throw new AwsError("InvalidParameterException", message);
    }
    directory.save({ ...user, status: "RESET_REQUIRED" });
    const code = codes.issue(user, "forgot-password");
    const pool = directory.pool(input.UserPoolId);
    await messages.send("ForgotPassword", pool, user, attribute, code, "CLIENT_ID_NOT_APPLICABLE");
    return {};
  }

  async function setPassword(input: AdminSetUserPasswordCommandInput) {
    const user = userOf(input);
    assertPassword(input.Password ?? "", directory.pool(input.UserPoolId).passwordPolicy);
    const passwordHash = await hashPassword(input.Password!, user);
    const status = input.Permanent === true ? "CONFIRMED" : "FORCE_CHANGE_PASSWORD";
    directory.save({ ...user, passwordHash, passwordSetAt: clock.now(), status });
    return {};
  }

  function updateAttributes(input: AdminUpdateUserAttributesCommandInput) {
    const user = userOf(input);
    const changes = attributesOf(input.UserAttributes);
    assertAttributes(directory.pool(input.UserPoolId), changes, user.attributes);
    directory.save({ ...user, attributes: { ...user.attributes, ...changes } });
    return {};
  }

  function deleteAttributes(input: AdminDeleteUserAttributesCommandInput) {
    const user = userOf(input);
    const gone = input.UserAttributeNames ?? [];
    const kept = Object.entries(user.attributes).filter(([name]) => name === "sub" || !gone.includes(name));
    assertAttributes(directory.pool(input.UserPoolId), {}, Object.fromEntries(kept));
    directory.save({ ...user, attributes: Object.fromEntries(kept) });
    return {};
  }

  const inGroup = (action: string, run: (user: User, group: Group) => void) =>
    admin(action, (input: AdminAddUserToGroupCommandInput) => {
      run(userOf(input), directory.group(input.UserPoolId!, input.GroupName));
      return {};
    });

  return {
    ...admin("AdminCreateUser", createUser),
    ...admin("AdminSetUserPassword", setPassword),
    ...admin("AdminConfirmSignUp", confirmSignUp),
    ...admin("AdminResetUserPassword", resetPassword),
    ...admin("AdminUpdateUserAttributes", updateAttributes),
    ...admin("AdminDeleteUserAttributes", deleteAttributes),
    ...admin("AdminGetUser", (input: AdminGetUserCommandInput) => {
      const { Attributes: UserAttributes, ...user } = describeUser(userOf(input));
      return { ...user, UserAttributes };
    }),
    ...change("AdminDeleteUser", (user) => {
      tokens.revokeAll(user);
      codes.forget(user);
      directory.remove(user);
    }),
    ...change("AdminEnableUser", (user) => directory.save({ ...user, enabled: true })),
    ...change("AdminDisableUser", (user) => {
      tokens.revokeAll(user);
      directory.save({ ...user, enabled: false });
    }),
    ...change("AdminUserGlobalSignOut", (user) => tokens.revokeAll(user)),
    ...inGroup("AdminAddUserToGroup", (user, group) => directory.join(user, group)),
    ...inGroup("AdminRemoveUserFromGroup", (user, group) => directory.leave(user, group)),
    ...admin("AdminListGroupsForUser", (input: OfUser) => ({
      Groups: directory.groupsOf(userOf(input)).map(describeGroup),
    })),
    ...admin(
      "ListUsersInGroup",
      ({ UserPoolId, GroupName, Limit = 60, NextToken = "" }: ListUsersInGroupCommandInput) => {
        const pool = directory.pool(UserPoolId);
        const after = Buffer.from(NextToken, "base64url").toString();
        const names = directory.members(directory.group(pool.id, GroupName)).filter((name) => name > after);
        const page = names.slice(0, Limit);
        return {
          Users: page.map((name) => describeUser(directory.user(pool, name))),
          NextToken: names.length > page.length ? Buffer.from(page.at(-1)!).toString("base64url") : undefined,
        };
      },
    ),
    ...admin("ListUsers", (input: ListUsersCommandInput) => {
      const pool = directory.pool(input.UserPoolId);
      return usersPage(directory.users(pool), input);
    }),
  };
}
