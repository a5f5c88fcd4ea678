/** What administrators do with users and groups, and how pools and clients describe themselves. */

import type {
  AdminAddUserToGroupCommandInput,
  AdminCreateUserCommandInput,
  AdminDeleteUserAttributesCommandInput,
  AdminGetUserCommandInput,
  AdminSetUserPasswordCommandInput,
  AdminUpdateUserAttributesCommandInput,
  AttributeType,
  DescribeUserPoolClientCommandInput,
  ListUsersCommandInput,
  UserType,
} from "@aws-sdk/client-cognito-identity-provider";
import { type Access, AwsError, type Clock, type Operation } from "../../service.ts";
import type { Directory, User } from "./directory.ts";
import { assertPassword, hashPassword, temporaryPassword } from "./passwords.ts";
import { type Attributes, assertAttributes, type Group, type Pool } from "./pool.ts";
import type { Tokens } from "./tokens.ts";
import { usersPage } from "./users-page.ts";

export function attributesOf(list: AttributeType[] = []): Attributes {
  return Object.fromEntries(list.map(({ Name, Value }) => [Name!, Value ?? ""]));
}

export function attributeList(attributes: Attributes): AttributeType[] {
  return Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
}

export function describeUser(user: User): UserType {
  return {
    Username: user.username,
    Attributes: attributeList(user.attributes),
    UserCreateDate: new Date(user.createdAt),
    UserLastModifiedDate: new Date(user.updatedAt),
    Enabled: user.enabled,
    UserStatus: user.status,
  };
}

interface OfUser {
  UserPoolId?: string;
  Username?: string;
}

export function administrationOperations(
  directory: Directory,
  tokens: Tokens,
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
      return { User: describeUser(existing) };
    }
    if (existing !== undefined) throw new AwsError("UsernameExistsException", "User account already exists");
    const attributes = { ...signInAttribute(pool, name), ...attributesOf(input.UserAttributes) };
    assertAttributes(pool, attributes);
    const password = input.TemporaryPassword ?? temporaryPassword();
    assertPassword(password, pool.passwordPolicy);
    const user = directory.create(pool, name, attributes, await hashPassword(password));
    if (directory.lookUp(pool, name) !== undefined)
      throw new AwsError("UsernameExistsException", "User account already exists");
    directory.save(user);
    return { User: describeUser(user) };
  }

  async function setPassword(input: AdminSetUserPasswordCommandInput) {
    const user = userOf(input);
    assertPassword(input.Password ?? "", directory.pool(input.UserPoolId).passwordPolicy);
    const passwordHash = await hashPassword(input.Password!);
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
    ...admin("AdminUpdateUserAttributes", updateAttributes),
    ...admin("AdminDeleteUserAttributes", deleteAttributes),
    ...admin("AdminGetUser", (input: AdminGetUserCommandInput) => {
      const { Attributes: UserAttributes, ...user } = describeUser(userOf(input));
      return { ...user, UserAttributes };
    }),
    ...change("AdminDeleteUser", (user) => {
      tokens.revokeAll(user);
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
    ...admin("ListUsers", (input: ListUsersCommandInput) => {
      const pool = directory.pool(input.UserPoolId);
      return usersPage(directory.users(pool), input);
    }),
    ...admin("DescribeUserPool", ({ UserPoolId }: { UserPoolId?: string }) => {
      const pool = directory.pool(UserPoolId);
      return {
        UserPool: {
          Id: pool.id,
          Name: pool.name,
          Arn: pool.arn,
          CreationDate: new Date(pool.createdAt),
          UsernameAttributes: pool.usernameAttributes,
          AliasAttributes: pool.aliasAttributes,
          EstimatedNumberOfUsers: directory.users(pool).length,
        },
      };
    }),
    ...admin("DescribeUserPoolClient", ({ UserPoolId, ClientId }: DescribeUserPoolClientCommandInput) => {
      const client = directory.client(ClientId);
      if (client.poolId !== directory.pool(UserPoolId).id) directory.client(undefined);
      return {
        UserPoolClient: {
          UserPoolId,
          ClientId,
          ClientName: client.name,
          ClientSecret: client.secret,
          ExplicitAuthFlows: client.flows,
          PreventUserExistenceErrors: client.hidesMissingUsers ? "ENABLED" : "LEGACY",
        },
      };
    }),
  };
}

function describeGroup({ name, poolId, description, precedence, roleArn }: Group) {
  return {
    GroupName: name,
    UserPoolId: poolId,
    Description: description,
    Precedence: precedence,
    RoleArn: roleArn,
  };
}

/** Where people sign in with an e-mail address, the name given at creation is that address. */
function signInAttribute(pool: Pool, name: string): Attributes {
  if (pool.usernameAttributes.length === 0) return {};
  if (pool.usernameAttributes.includes("email") && /^[^@\s]+@[^@\s]+$/.test(name)) return { email: name };
  if (pool.usernameAttributes.includes("phone_number") && /^\+\d+$/.test(name)) return { phone_number: name };
  const wanted = pool.usernameAttributes.map((each) => (each === "email" ? "an email" : "a phone number"));
  throw new AwsError("InvalidParameterException", `Username should be ${wanted.join(" or ")}.`);
}
