import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminGetUserCommand,
  AdminListGroupsForUserCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  CognitoIdentityProviderClient,
  GetUserCommand,
  ListUsersCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { decodeJwt } from "jose";
import { failure } from "../dynamodb/fixture.ts";
import { type CognitoCloud, password, startCognito, UserPoolId } from "./fixture.ts";

let cloud: CognitoCloud;
beforeEach(async () => {
  cloud = await startCognito();
});
afterEach(() => cloud.stop());

const get = (Username: string) => cloud.client.send(new AdminGetUserCommand({ UserPoolId, Username }));
const create = (Username: string, attributes: Record<string, string> = {}, more: object = {}) =>
  cloud.client.send(
    new AdminCreateUserCommand({
      UserPoolId,
      Username,
      UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
      ...more,
    }),
  );

describe("an administrator", () => {
  it("creates a user, who has to choose a password", async () => {
    const { User } = await create("ann", { email: "ann@acme.example" });
    expect(User).toMatchObject({ Username: "ann", UserStatus: "FORCE_CHANGE_PASSWORD", Enabled: true });
    const found = await get("ann");
    expect(found.UserAttributes).toContainEqual({ Name: "email", Value: "ann@acme.example" });
    expect(found.UserCreateDate).toBeInstanceOf(Date);
  });

  it("creates a user once", async () => {
    await create("ann");
    expect(await failure(create("ann"))).toEqual(["UsernameExistsException", "User account already exists"]);
  });

  it("sets a permanent password", async () => {
    await cloud.addUser("ann");
    expect((await get("ann")).UserStatus).toBe("CONFIRMED");
  });

  it("changes what may change", async () => {
    await create("ann", { "custom:tenant": "acme", name: "Ann" });
    const change = (Name: string, Value: string) =>
      cloud.client.send(
        new AdminUpdateUserAttributesCommand({ UserPoolId, Username: "ann", UserAttributes: [{ Name, Value }] }),
      );
    await change("name", "Anna");
    expect((await get("ann")).UserAttributes).toContainEqual({ Name: "name", Value: "Anna" });
    expect(await failure(change("custom:tenant", "globex"))).toEqual([
      "InvalidParameterException",
      "user.custom:tenant: Attribute cannot be updated.\n",
    ]);
  });

  it("deletes a user, whose tokens end", async () => {
    await cloud.addUser("ann");
    const { AccessToken } = await cloud.signIn("ann");
    await cloud.client.send(new AdminDeleteUserCommand({ UserPoolId, Username: "ann" }));
    expect((await failure(cloud.client.send(new GetUserCommand({ AccessToken }))))[0]).toBe("NotAuthorizedException");
    expect(await failure(get("ann"))).toEqual(["UserNotFoundException", "User does not exist."]);
  });

  it("lists users by e-mail address, in pages", async () => {
    for (const name of ["ann", "bob", "cid"]) await create(name, { email: `${name}@acme.example` });
    const list = (more: object) => cloud.client.send(new ListUsersCommand({ UserPoolId, ...more }));
    const names = (page: Awaited<ReturnType<typeof list>>) => page.Users!.map(({ Username }) => Username);
    expect(names(await list({ Filter: 'email = "bob@acme.example"' }))).toEqual(["bob"]);
    expect(names(await list({ Filter: 'email ^= "c"' }))).toEqual(["cid"]);
    const first = await list({ Limit: 2 });
    expect(names(first)).toEqual(["ann", "bob"]);
    expect(names(await list({ Limit: 2, PaginationToken: first.PaginationToken }))).toEqual(["cid"]);
    expect(await failure(list({ Filter: 'custom:tenant = "acme"' }))).toEqual([
      "InvalidParameterException",
      "Invalid search attribute: custom:tenant",
    ]);
  });

  it("puts users into groups, which their tokens name", async () => {
    await cloud.declare("userGroup:UserGroup", "operators", { name: "operators", userPoolId: UserPoolId });
    await cloud.addUser("ann");
    await cloud.client.send(new AdminAddUserToGroupCommand({ UserPoolId, Username: "ann", GroupName: "operators" }));
    const { Groups } = await cloud.client.send(new AdminListGroupsForUserCommand({ UserPoolId, Username: "ann" }));
    expect(Groups).toMatchObject([{ GroupName: "operators" }]);
    expect(decodeJwt((await cloud.signIn("ann")).IdToken)["cognito:groups"]).toEqual(["operators"]);
  });
});

describe("what Cognito would refuse is refused in its words:", () => {
  it.each<[string, () => Promise<unknown>, string, string]>([
    [
      "an attribute that the pool does not have",
      () => create("ann", { "custom:absent": "x" }),
      "InvalidParameterException",
      "Attributes did not conform to the schema: user.custom:absent: Attribute does not exist in the schema.\n",
    ],
    [
      "a password without symbols",
      () => create("ann", {}, { TemporaryPassword: "Password1" }),
      "InvalidPasswordException",
      "Password did not conform with password policy: Password must have symbol characters",
    ],
    [
      "an unknown user",
      () =>
        cloud.client.send(
          new AdminSetUserPasswordCommand({ UserPoolId, Username: "nobody", Password: password, Permanent: true }),
        ),
      "UserNotFoundException",
      "User does not exist.",
    ],
    [
      "an unknown pool",
      () => cloud.client.send(new ListUsersCommand({ UserPoolId: "eu-west-1_Absent" })),
      "ResourceNotFoundException",
      "User pool eu-west-1_Absent does not exist.",
    ],
    [
      "an unknown group",
      async () => {
        await create("ann");
        await cloud.client.send(new AdminAddUserToGroupCommand({ UserPoolId, Username: "ann", GroupName: "none" }));
      },
      "ResourceNotFoundException",
      "Group not found.",
    ],
  ])("%s", async (_, act, code, message) => {
    expect(await failure(act())).toEqual([code, message]);
  });
});

describe("a pool whose users sign in with their e-mail address", () => {
  beforeEach(async () => {
    await cloud.stop();
    cloud = await startCognito({
      pool: { usernameAttributes: ["email"], usernameConfiguration: { caseSensitive: false } },
    });
  });

  it("names them by their sub and finds them by address, in any case", async () => {
    await cloud.addUser("ann@acme.example");
    const claims = decodeJwt((await cloud.signIn("Ann@Acme.example")).IdToken);
    expect(claims).toMatchObject({ email: "ann@acme.example", "cognito:username": claims.sub });
    expect((await get(claims.sub!)).Username).toBe(claims.sub);
  });

  it("takes nothing but addresses", async () => {
    expect(await failure(create("ann"))).toEqual(["InvalidParameterException", "Username should be an email."]);
  });
});

describe("safety", () => {
  it("no password stands in the state folder", async () => {
    await cloud.addUser("ann");
    const { directory } = cloud.running;
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(readFileSync(join(file.parentPath, file.name)).includes(password)).toBe(false);
  });

  it("a role without the grant administers nobody", async () => {
    const role = "arn:aws:iam::000000000000:role/nobody";
    const stranger = new CognitoIdentityProviderClient(cloud.running.client(role));
    await expect(stranger.send(new ListUsersCommand({ UserPoolId }))).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringContaining("cognito-idp:ListUsers"),
    });
  });

  it("the keys' document is served without credentials, and only for pools that exist", async () => {
    const url = (pool: string, name: string) => `${cloud.running.endpoint}/${pool}/.well-known/${name}`;
    const keys = (await (await fetch(url(UserPoolId, "jwks.json"))).json()) as { keys: object[] };
    expect(keys.keys).toEqual([
      { alg: "RS256", e: "AQAB", kid: expect.any(String), kty: "RSA", n: expect.any(String), use: "sig" },
    ]);
    const discovery = (await (await fetch(url(UserPoolId, "openid-configuration"))).json()) as object;
    expect(discovery).toMatchObject({
      issuer: `https://cognito-idp.eu-west-1.amazonaws.com/${UserPoolId}`,
      jwks_uri: url(UserPoolId, "jwks.json"),
    });
    expect((await fetch(url("eu-west-1_Absent", "jwks.json"))).status).toBe(404);
  });
});
