/** Identity pools, through the unmodified SDK clients: from a user's ID token to AWS credentials with the user's tags. */
import {
  CognitoIdentityClient,
  CreateIdentityPoolCommand,
  DescribeIdentityPoolCommand,
  GetCredentialsForIdentityCommand,
  GetIdCommand,
  ListIdentitiesCommand,
  SetIdentityPoolRolesCommand,
  SetPrincipalTagAttributeMapCommand,
} from "@aws-sdk/client-cognito-identity";
import { AdminDisableUserCommand, AdminUserGlobalSignOutCommand } from "@aws-sdk/client-cognito-identity-provider";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { cognitoIdentity } from "../../../local/services/cognito-identity/index.ts";
import { iam } from "../../../local/services/iam/index.ts";
import { ssm } from "../../../local/services/ssm/index.ts";
import { sts } from "../../../local/services/sts.ts";
import { ClientId, type CognitoCloud, startCognito, UserPoolId } from "../cognito/fixture.ts";

const ProviderName = `cognito-idp.eu-west-1.amazonaws.com/${UserPoolId}`;
const RoleName = "users";

let cloud: CognitoCloud;
/** Unsigned, as in a browser. */
let browser: CognitoIdentityClient;
let admin: CognitoIdentityClient;
let roles: IAMClient;
let IdentityPoolId: string;

beforeEach(async () => {
  cloud = await startCognito({ services: { "cognito-identity": cognitoIdentity, iam, sts, ssm } });
  const { endpoint, region } = cloud.running.client();
  browser = new CognitoIdentityClient({
    endpoint,
    region,
    maxAttempts: 1,
    signer: { sign: async (request) => request },
  });
  admin = new CognitoIdentityClient({ ...cloud.running.client(), maxAttempts: 1 });
  roles = new IAMClient({ ...cloud.running.client(), maxAttempts: 1 });
  await cloud.addUser("ann", { "custom:tenant": "acme" });
  const made = await admin.send(
    new CreateIdentityPoolCommand({
      ...{ IdentityPoolName: "users", AllowUnauthenticatedIdentities: false },
      CognitoIdentityProviders: [{ ProviderName, ClientId, ServerSideTokenCheck: true }],
    }),
  );
  IdentityPoolId = made.IdentityPoolId!;
  const { Role } = await roles.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trusting() }));
  const Resource = "arn:aws:ssm:*:*:parameter/tenants/${aws:PrincipalTag/TenantId}/*";
  const policy = { Effect: "Allow", Action: "ssm:GetParameter", Resource };
  await roles.send(new PutRolePolicyCommand({ RoleName, PolicyName: "read", PolicyDocument: document(policy) }));
  await admin.send(new SetIdentityPoolRolesCommand({ IdentityPoolId, Roles: { authenticated: Role!.Arn! } }));
  await admin.send(
    new SetPrincipalTagAttributeMapCommand({
      ...{ IdentityPoolId, IdentityProviderName: ProviderName, PrincipalTags: { TenantId: "custom:tenant" } },
    }),
  );
});

afterEach(async () => {
  for (const client of [browser, admin, roles]) client.destroy();
  await cloud.stop();
});

const document = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const trusting = (Action: string[] = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"], aud = IdentityPoolId) =>
  document({
    ...{ Effect: "Allow", Principal: { Federated: "cognito-identity.amazonaws.com" }, Action },
    Condition: {
      StringEquals: { "cognito-identity.amazonaws.com:aud": aud },
      "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" },
    },
  });
const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => `${error.name}: ${error.message}`,
  );

async function credentialsOf(token: string, more: { IdentityId?: string } = {}) {
  const Logins = { [ProviderName]: token };
  const IdentityId = more.IdentityId ?? (await browser.send(new GetIdCommand({ IdentityPoolId, Logins }))).IdentityId!;
  const { Credentials } = await browser.send(new GetCredentialsForIdentityCommand({ IdentityId, Logins }));
  const { AccessKeyId, SecretKey, SessionToken } = Credentials!;
  const credentials = { accessKeyId: AccessKeyId!, secretAccessKey: SecretKey!, sessionToken: SessionToken! };
  return { IdentityId, Credentials, config: { ...cloud.running.client(), credentials, maxAttempts: 1 } };
}

it("gives a signed-in user credentials for an hour, in the pool's role, tagged with what the token says", async () => {
  const parameters = new SSMClient(cloud.running.client());
  for (const tenant of ["acme", "globex"]) {
    const put = { Name: `/tenants/${tenant}/greeting`, Type: "String", Value: `hello ${tenant}` } as const;
    await parameters.send(new PutParameterCommand(put));
  }
  parameters.destroy();
  const { IdToken } = await cloud.signIn("ann");
  const { config, Credentials } = await credentialsOf(IdToken);
  expect(Credentials!.Expiration!.getTime() - cloud.clock.now()).toBe(3_600_000);
  const { Arn } = await new STSClient(config).send(new GetCallerIdentityCommand({}));
  expect(Arn).toBe("arn:aws:sts::000000000000:assumed-role/users/CognitoIdentityCredentials");
  const asUser = new SSMClient(config);
  const read = (tenant: string) => asUser.send(new GetParameterCommand({ Name: `/tenants/${tenant}/greeting` }));
  expect((await read("acme")).Parameter!.Value).toBe("hello acme");
  expect(await failure(read("globex"))).toMatch(/not authorized to perform: ssm:GetParameter/);
  asUser.destroy();
});

it("lets policies speak of the identity itself", async () => {
  const { IdToken } = await cloud.signIn("ann");
  const { IdentityId, config } = await credentialsOf(IdToken);
  const asUser = new SSMClient(config);
  const put = () =>
    failure(asUser.send(new PutParameterCommand({ Name: "/of/ann", Value: "x", Type: "String", Overwrite: true })));
  const only = (sub: string) => {
    const Condition = { StringEquals: { "cognito-identity.amazonaws.com:sub": sub } };
    const PolicyDocument = document({ Effect: "Allow", Action: "ssm:PutParameter", Resource: "*", Condition });
    return roles.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
  };
  await only(`${IdentityId}0`);
  expect(await put()).toMatch(/not authorized to perform: ssm:PutParameter/);
  await only(IdentityId);
  expect(await put()).toBe("succeeded");
  asUser.destroy();
});

it("knows a user again, and tells one user's identity from another's", async () => {
  await cloud.addUser("bob", { "custom:tenant": "acme" });
  const [ann, bob] = [await cloud.signIn("ann"), await cloud.signIn("bob")];
  const first = await credentialsOf(ann.IdToken);
  expect((await credentialsOf((await cloud.signIn("ann")).IdToken)).IdentityId).toBe(first.IdentityId);
  expect((await credentialsOf(bob.IdToken)).IdentityId).not.toBe(first.IdentityId);
  expect(await failure(credentialsOf(bob.IdToken, { IdentityId: first.IdentityId }))).toMatch(
    /^NotAuthorizedException.*is forbidden/,
  );
  const { Identities } = await admin.send(new ListIdentitiesCommand({ IdentityPoolId, MaxResults: 10 }));
  expect(Identities).toHaveLength(2);
  expect(Identities![0]!.Logins).toEqual([ProviderName]);
});

describe("refuses", () => {
  it("tokens that are forged, expired, of another kind or another client's", async () => {
    const { IdToken, AccessToken } = await cloud.signIn("ann");
    const [header, , signature] = IdToken.split(".");
    const claims = JSON.parse(Buffer.from(IdToken.split(".")[1]!, "base64url").toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, "custom:tenant": "globex" })).toString("base64url");
    expect(await failure(credentialsOf(`${header}.${forged}.${signature}`))).toMatch(
      /^NotAuthorizedException: Invalid login token/,
    );
    expect(await failure(credentialsOf(AccessToken))).toMatch(/^NotAuthorizedException: Invalid login token/);
    expect(await failure(credentialsOf("nonsense"))).toMatch(/^NotAuthorizedException: Invalid login token/);
    const { IdentityPoolId: other } = await admin.send(
      new CreateIdentityPoolCommand({
        ...{ IdentityPoolName: "other", AllowUnauthenticatedIdentities: false },
        CognitoIdentityProviders: [{ ProviderName, ClientId: "another" }],
      }),
    );
    const toOther = new GetIdCommand({ IdentityPoolId: other, Logins: { [ProviderName]: IdToken } });
    expect(await failure(browser.send(toOther))).toMatch(/Incorrect token audience/);
    await cloud.clock.advance(31 * 60_000);
    expect(await failure(credentialsOf(IdToken))).toMatch(/Token expired/);
  });

  it("users who were disabled or signed out everywhere, where the pool checks that", async () => {
    const { IdToken } = await cloud.signIn("ann");
    await cloud.client.send(new AdminUserGlobalSignOutCommand({ UserPoolId, Username: "ann" }));
    expect(await failure(credentialsOf(IdToken))).toMatch(/^NotAuthorizedException.*revoked/);
    const again = await cloud.signIn("ann");
    await cloud.client.send(new AdminDisableUserCommand({ UserPoolId, Username: "ann" }));
    expect(await failure(credentialsOf(again.IdToken))).toMatch(/^NotAuthorizedException.*disabled/);
  });

  it("who did not sign in, other kinds of providers, and providers that are not the pool's", async () => {
    const get = (Logins?: Record<string, string>) =>
      failure(browser.send(new GetIdCommand({ IdentityPoolId, Logins })));
    expect(await get()).toMatch(/^NotAuthorizedException.*Unauthenticated access is not supported/);
    expect(await get({ "accounts.google.com": "x" })).toMatch(
      /^InvalidParameterException.*no federation on this machine/,
    );
    expect(await get({ "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other": "x" })).toMatch(
      /not from a supported provider/,
    );
    const federated = new CreateIdentityPoolCommand({
      ...{ IdentityPoolName: "x", AllowUnauthenticatedIdentities: false },
      SupportedLoginProviders: { "accounts.google.com": "1" },
    });
    expect(await failure(admin.send(federated))).toMatch(/^InvalidParameterException.*SupportedLoginProviders/);
  });

  it.each([
    ["does not trust the pool", () => trusting(undefined, "eu-west-1:00000000-0000-0000-0000-000000000000")],
    ["does not let the session be tagged", () => trusting(["sts:AssumeRoleWithWebIdentity"])],
  ])("credentials of a role that %s", async (_what, PolicyDocument) => {
    await roles.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: PolicyDocument() }));
    const { IdToken } = await cloud.signIn("ann");
    expect(await failure(credentialsOf(IdToken))).toMatch(
      /^InvalidIdentityPoolConfigurationException.*Check assigned IAM roles/,
    );
  });
});

it("chooses the role by rules over the token's claims, and denies who fits none where it says so", async () => {
  const RoleARN = "arn:aws:iam::000000000000:role/users";
  const set = (Value: string) =>
    admin.send(
      new SetIdentityPoolRolesCommand({
        ...{ IdentityPoolId, Roles: {} },
        RoleMappings: {
          [`${ProviderName}:${ClientId}`]: {
            ...{ Type: "Rules", AmbiguousRoleResolution: "Deny" },
            RulesConfiguration: { Rules: [{ Claim: "custom:tenant", MatchType: "Equals", Value, RoleARN }] },
          },
        },
      }),
    );
  const { IdToken } = await cloud.signIn("ann");
  await set("acme");
  expect(await failure(credentialsOf(IdToken))).toBe("succeeded");
  await set("globex");
  expect(await failure(credentialsOf(IdToken))).toMatch(/^NotAuthorizedException.*no role fits/);
});

it("keeps pools and identities over a restart, and takes what a program declares", async () => {
  const { IdToken } = await cloud.signIn("ann");
  const { IdentityId } = await credentialsOf(IdToken);
  await cloud.restart();
  for (const client of [browser, admin]) client.destroy();
  const { endpoint, region } = cloud.running.client();
  browser = new CognitoIdentityClient({
    endpoint,
    region,
    maxAttempts: 1,
    signer: { sign: async (request) => request },
  });
  admin = new CognitoIdentityClient({ ...cloud.running.client(), maxAttempts: 1 });
  expect((await credentialsOf(IdToken)).IdentityId).toBe(IdentityId);
  const id = "eu-west-1:11111111-2222-3333-4444-555555555555";
  await cloud.declare("identityPool:IdentityPool", id, {
    ...{ identityPoolName: "declared", allowUnauthenticatedIdentities: false },
    cognitoIdentityProviders: [{ clientId: ClientId, providerName: ProviderName, serverSideTokenCheck: true }],
  });
  await cloud.declare("identityPoolRoleAttachment:IdentityPoolRoleAttachment", id, {
    ...{ identityPoolId: id, roles: { authenticated: "arn:aws:iam::000000000000:role/users" } },
  });
  const tags = { identityPoolId: id, identityProviderName: ProviderName, principalTags: { TenantId: "custom:tenant" } };
  await cloud.declare("identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag", `${id}:x`, tags);
  const described = await admin.send(new DescribeIdentityPoolCommand({ IdentityPoolId: id }));
  expect(described).toMatchObject({
    IdentityPoolName: "declared",
    CognitoIdentityProviders: [{ ProviderName, ClientId }],
  });
});
