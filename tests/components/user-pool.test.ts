import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const quick = (name: string) => new terrace.Function(name, { entry, timeoutSeconds: 5 });
const users =
  (args: terrace.UserPoolArgs = {}) =>
  () =>
    new terrace.UserPool("users", args);
const pool = (stack: Deployment) => stack.resource("aws:cognito/userPool:UserPool");
const saml = { type: "SAML", details: { MetadataURL: "https://idp.example.com/saml" } } as const;
const signInPage = { prefix: "acme-users" };

describe("UserPool", () => {
  it.each([
    ["off", "OFF", undefined],
    ["optional", "OPTIONAL", { enabled: true }],
    ["required", "ON", { enabled: true }],
  ] as const)("asks for a second factor: %s", async (mfa, configuration, token) => {
    const { inputs } = pool(await deploy(users({ mfa })));
    expect([inputs.mfaConfiguration, inputs.softwareTokenMfaConfiguration]).toEqual([configuration, token]);
  });

  it("has groups whose names stand in tokens", async () => {
    const stack = await deploy(users({ groups: { admins: { precedence: 1 }, "read-only": { description: "Looks" } } }));
    expect(stack.all("UserGroup").map(({ inputs }) => [inputs.name, inputs.precedence, inputs.description])).toEqual([
      ["admins", 1, undefined],
      ["read-only", undefined, "Looks"],
    ]);
  });

  it("asks its triggers, which it alone may invoke", async () => {
    const stack = await deploy(() =>
      users({ triggers: { preTokenGeneration: quick("claims"), preSignUp: quick("gate") } })(),
    );
    const arnOf = (name: string) => stack.resource("aws:lambda/function:Function", name).outputs.arn;
    expect(pool(stack).inputs.lambdaConfig).toEqual({
      preSignUp: arnOf("gate"),
      preTokenGenerationConfig: { lambdaArn: arnOf("claims"), lambdaVersion: "V2_0" },
    });
    for (const { inputs } of stack.all("aws:lambda/permission:Permission")) {
      expect(inputs).toMatchObject({
        principal: "cognito-idp.amazonaws.com",
        sourceArn: pool(stack).outputs.arn,
      });
    }
  });

  it("takes another directory's word for who somebody is, its secret kept as one", async () => {
    const oidc = { client_id: "terrace", client_secret: "hunter2", oidc_issuer: "https://idp.example.com" };
    const stack = await deploy(
      users({
        providers: {
          Okta: { type: "OIDC", details: oidc, attributes: { email: "mail" }, identifiers: ["acme.example"] },
        },
      }),
    );
    const provider = stack.resource("IdentityProvider");
    expect(provider.inputs).toMatchObject({
      providerType: "OIDC",
      attributeMapping: { email: "mail" },
      idpIdentifiers: ["acme.example"],
    });
    expect(provider.secrets).toContain("providerDetails");
  });

  it("lets applications sign users in on its page by code, over https, with no say in the tenant", async () => {
    const applications = { web: { callbackUrls: ["https://app.example.com/back", "http://localhost:3000/back"] } };
    const stack = await deploy(users({ signInPage, applications, providers: { Acme: saml } }));
    const client = stack.resource("UserPoolClient", "users-application-web").inputs;
    expect(client).toMatchObject({
      allowedOauthFlows: ["code"],
      allowedOauthScopes: ["openid", "email", "profile"],
      supportedIdentityProviders: ["COGNITO", "Acme"],
      generateSecret: false,
    });
    expect(client.writeAttributes).not.toContain("custom:tenant");
    expect(stack.resource("UserPoolDomain").inputs).toMatchObject({ domain: "acme-users" });
  });

  it("gives signed-in users credentials that IAM holds to their tenant, and nobody else any", async () => {
    const grants = [terrace.grantReadObjects("arn:aws:s3:::photos", "tenants/${aws:PrincipalTag/TenantId}/")];
    const stack = await deploy(users({ identityPool: { grants } }));
    const identities = stack.resource("aws:cognito/identityPool:IdentityPool");
    expect(identities.inputs).toMatchObject({
      allowUnauthenticatedIdentities: false,
      cognitoIdentityProviders: [{ providerName: pool(stack).outputs.endpoint, serverSideTokenCheck: true }],
    });
    expect(stack.resource("IdentityPoolProviderPrincipalTag").inputs.principalTags).toEqual({
      TenantId: "custom:tenant",
    });
    const trust = JSON.parse(String(stack.resource("aws:iam/role:Role").inputs.assumeRolePolicy)).Statement[0];
    expect(trust.Condition).toEqual({
      StringEquals: { "cognito-identity.amazonaws.com:aud": identities.id },
      "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" },
    });
    expect(JSON.parse(String(stack.resource("RolePolicy").inputs.policy)).Statement[0].Resource).toEqual([
      "arn:aws:s3:::photos/tenants/${aws:PrincipalTag/TenantId}/*",
    ]);
  });

  it("sends mail by an identity of one's own", async () => {
    const mail = {
      from: "Acme <no-reply@example.com>",
      sesIdentityArn: "arn:aws:ses:eu-west-1:0:identity/example.com",
    };
    expect(pool(await deploy(users({ mail }))).inputs.emailConfiguration).toMatchObject({
      emailSendingAccount: "DEVELOPER",
      fromEmailAddress: "Acme <no-reply@example.com>",
    });
  });

  it.each(
    byMessage<terrace.UserPoolArgs>([
      [{ mfa: "sms" as never }, 'mfa is "sms"; it has to be off, optional or required'],
      [{ minimumPasswordLength: 7 }, "minimumPasswordLength is 7"],
      [{ tokenMinutes: 4 }, "tokenMinutes is 4"],
      [{ groups: { "a b": {} } }, 'groups.a b is "a b"'],
      [{ groups: { a: { precedence: -1 } } }, "groups.a.precedence is -1"],
      [{ mail: { from: "Acme", sesIdentityArn: "arn:aws:ses:x" } }, 'mail.from is "Acme"'],
      [{ mail: { from: "a@b.cd", sesIdentityArn: pulumi.output("ses") } }, 'mail.sesIdentityArn is "ses"'],
      [{ providers: { _x: saml } }, 'providers._x is "_x"'],
      [{ providers: { Acme: { ...saml, type: "LDAP" as never } } }, 'providers.Acme.type is "LDAP"'],
      [{ providers: { Acme: { type: "SAML", details: {} } } }, "providers.Acme.details is []; give MetadataURL or"],
      [{ providers: { Acme: { type: "OIDC", details: {} } } }, "providers.Acme.details is []; give client_id"],
      [
        { providers: { Acme: { ...saml, attributes: { "custom:tenant": "org" } } } },
        'providers.Acme.attributes is "custom:tenant"; who runs the provider would choose a tenant',
      ],
      [{ signInPage: {} }, "signInPage is []; give either prefix or host"],
      [{ signInPage: { prefix: "aws-users" } }, 'signInPage.prefix is "aws-users"'],
      [{ signInPage: { host: "login" } }, 'signInPage.host is "login"'],
      [{ signInPage: { host: "login.example.com" } }, "signInPage.certificateArn is missing"],
      [
        { applications: { web: { callbackUrls: ["https://a.example"] } } },
        "signInPage is missing; applications sign in",
      ],
      [{ signInPage, applications: { web: { callbackUrls: [] } } }, "applications.web.callbackUrls is []"],
      [{ signInPage, applications: { web: { callbackUrls: ["http://a.example"] } } }, "an https address without *"],
      [{ signInPage, applications: { web: { callbackUrls: ["https://*.a.example"] } } }, "an https address without *"],
      [{ identityPool: { grants: [] } }, "identityPool.grants is []"],
    ]),
  )("refuses: %s", async (message, args) => {
    const error = await refused(users(args));
    expect(error).toContain('UserPool "users": ');
    expect(error).toContain(message);
  });

  it("refuses a trigger that Cognito would not wait for, and one that is none", async () => {
    const slow = () => users({ triggers: { preSignUp: new terrace.Function("gate", { entry, timeoutSeconds: 6 }) } })();
    expect(await refused(slow)).toContain("triggers.preSignUp is 6; Cognito waits for five seconds");
    expect(await refused(() => users({ triggers: { onLogin: quick("x") } as never })())).toContain(
      "triggers.onLogin is",
    );
  });
});
