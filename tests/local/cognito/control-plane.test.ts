import {
  CreateGroupCommand,
  CreateResourceServerCommand,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  CreateUserPoolDomainCommand,
  DeleteGroupCommand,
  DeleteUserPoolCommand,
  DeleteUserPoolDomainCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  DescribeUserPoolDomainCommand,
  InitiateAuthCommand,
  ListGroupsCommand,
  ListUserPoolsCommand,
  ListUsersInGroupCommand,
  SignUpCommand,
  UpdateUserPoolClientCommand,
  UpdateUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { failure } from "../dynamodb/fixture.ts";
import { type CognitoCloud, password, startCognito, UserPoolId } from "./fixture.ts";

let cloud: CognitoCloud;
beforeEach(async () => {
  cloud = await startCognito();
});
afterEach(() => cloud.stop());

const createPool = async (more: Partial<ConstructorParameters<typeof CreateUserPoolCommand>[0]> = {}) =>
  (await cloud.client.send(new CreateUserPoolCommand({ PoolName: "made", ...more }))).UserPool!;

describe("a pool that the API makes", () => {
  it("works like one that the program declares, also after a restart", async () => {
    const pool = await createPool({
      Policies: { PasswordPolicy: { MinimumLength: 10, RequireSymbols: true } },
      Schema: [{ Name: "tenant", AttributeDataType: "String", Mutable: true }],
    });
    expect(pool.Id).toMatch(/^eu-west-1_[0-9a-z]{9}$/);
    const created = await cloud.client.send(
      new CreateUserPoolClientCommand({
        UserPoolId: pool.Id,
        ClientName: "app",
        ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
      }),
    );
    const { ClientId } = created.UserPoolClient!;
    const UserAttributes = [{ Name: "custom:tenant", Value: "acme" }];
    const signUp = (Password: string) =>
      cloud.client.send(new SignUpCommand({ ClientId, Username: "ann", Password, UserAttributes }));
    expect(await failure(signUp("longenough"))).toEqual([
      "InvalidPasswordException",
      "Password did not conform with password policy: Password must have symbol characters",
    ]);
    await signUp(password);
    await cloud.restart();
    const signIn = cloud.client.send(
      new InitiateAuthCommand({
        ClientId,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: "ann", PASSWORD: password },
      }),
    );
    expect((await failure(signIn))[0]).toBe("UserNotConfirmedException");
    const described = await cloud.client.send(new DescribeUserPoolCommand({ UserPoolId: pool.Id }));
    expect(described.UserPool).toMatchObject({
      Name: "made",
      EstimatedNumberOfUsers: 1,
      Policies: { PasswordPolicy: { MinimumLength: 10 } },
    });
  });

  it("is changed, listed and deleted with all that is in it", async () => {
    const { Id } = await createPool({ DeletionProtection: "ACTIVE" });
    const remove = () => cloud.client.send(new DeleteUserPoolCommand({ UserPoolId: Id }));
    expect((await failure(remove()))[1]).toContain("deletion protection is activated");
    const AdminCreateUserConfig = { AllowAdminCreateUserOnly: true };
    await cloud.client.send(
      new UpdateUserPoolCommand({ UserPoolId: Id, AdminCreateUserConfig, DeletionProtection: "INACTIVE" }),
    );
    const { UserPool } = await cloud.client.send(new DescribeUserPoolCommand({ UserPoolId: Id }));
    expect(UserPool).toMatchObject({ Name: "made", AdminCreateUserConfig });
    const { UserPools } = await cloud.client.send(new ListUserPoolsCommand({ MaxResults: 10 }));
    expect(UserPools!.map((pool) => pool.Id).sort()).toEqual([UserPoolId, Id].sort());
    await remove();
    await cloud.restart();
    const gone = cloud.client.send(new DescribeUserPoolCommand({ UserPoolId: Id }));
    expect((await failure(gone))[0]).toBe("ResourceNotFoundException");
  });
});

describe("a client that the API makes", () => {
  const create = (more: object) =>
    cloud.client.send(new CreateUserPoolClientCommand({ UserPoolId, ClientName: "app", ...more }));

  it("has a secret that is shown and stays", async () => {
    const { UserPoolClient } = await create({ GenerateSecret: true });
    const { ClientId, ClientSecret } = UserPoolClient!;
    expect(ClientSecret).toHaveLength(43);
    await cloud.client.send(new UpdateUserPoolClientCommand({ UserPoolId, ClientId, ClientName: "renamed" }));
    await cloud.restart();
    const again = await cloud.client.send(new DescribeUserPoolClientCommand({ UserPoolId, ClientId }));
    expect(again.UserPoolClient).toMatchObject({ ClientSecret, ClientName: "renamed" });
  });

  it.each<[string, object, string]>([
    ["a scope that does not exist", { AllowedOAuthScopes: ["https://api.example/read"] }, "ScopeDoesNotExistException"],
    ["an address without TLS", { CallbackURLs: ["http://app.example/"] }, "InvalidParameterException"],
    ["client credentials without a secret", { AllowedOAuthFlows: ["client_credentials"] }, "InvalidOAuthFlowException"],
  ])("is refused %s", async (_, more, code) => {
    expect((await failure(create(more)))[0]).toBe(code);
  });

  it("may have the scopes of a resource server", async () => {
    const Scopes = [{ ScopeName: "read", ScopeDescription: "Read" }];
    await cloud.client.send(
      new CreateResourceServerCommand({ UserPoolId, Identifier: "https://api.example", Name: "api", Scopes }),
    );
    const { UserPoolClient } = await create({ AllowedOAuthScopes: ["https://api.example/read"] });
    expect(UserPoolClient!.ClientId).toMatch(/^[0-9a-z]{26}$/);
  });
});

it("a domain belongs to one pool", async () => {
  const create = (Domain: string) => cloud.client.send(new CreateUserPoolDomainCommand({ Domain, UserPoolId }));
  await create("acme");
  expect((await failure(create("acme")))[1]).toBe("Domain already associated with another user pool.");
  expect((await failure(create("my-cognito")))[0]).toBe("InvalidParameterException");
  const find = async () =>
    (await cloud.client.send(new DescribeUserPoolDomainCommand({ Domain: "acme" }))).DomainDescription!.UserPoolId;
  expect(await find()).toBe(UserPoolId);
  await cloud.client.send(new DeleteUserPoolDomainCommand({ Domain: "acme", UserPoolId }));
  expect(await find()).toBeUndefined();
});

it("groups are made once, list their users, and let them go when they are deleted", async () => {
  const group = { UserPoolId, GroupName: "operators" };
  await cloud.client.send(new CreateGroupCommand({ ...group, Precedence: 1 }));
  expect((await failure(cloud.client.send(new CreateGroupCommand(group))))[0]).toBe("GroupExistsException");
  await cloud.addUser("ann");
  const { AdminAddUserToGroupCommand } = await import("@aws-sdk/client-cognito-identity-provider");
  await cloud.client.send(new AdminAddUserToGroupCommand({ ...group, Username: "ann" }));
  await cloud.restart();
  const { Users } = await cloud.client.send(new ListUsersInGroupCommand(group));
  expect(Users).toMatchObject([{ Username: "ann" }]);
  await cloud.client.send(new DeleteGroupCommand(group));
  expect((await cloud.client.send(new ListGroupsCommand({ UserPoolId }))).Groups).toEqual([]);
});
