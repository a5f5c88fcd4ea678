/** Who else vouches for a pool's users, through which page they sign in, and which applications ask. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm, checkRange, InvalidArgumentError } from "../../invalid-argument.ts";
import type { UserPoolArgs } from "../user-pool.ts";

/** Somebody else's directory. */
export interface ProviderArgs {
  type: "SAML" | "OIDC" | "Google" | "Facebook" | "LoginWithAmazon" | "SignInWithApple";
  /** As Cognito names them: `MetadataURL` of SAML; `client_id`, `client_secret`, `oidc_issuer`… of the others. Kept as secrets. */
  details: Record<string, pulumi.Input<string>>;
  /** The pool's attribute → the provider's. Never `custom:tenant`. @default { email: "email" } */
  attributes?: Record<string, string>;
  /** Domains of e-mail addresses that lead to this provider. @default none */
  identifiers?: string[];
}

/** Where users sign in on a page of Cognito's: a prefix of Amazon's domain, or a host of one's own. */
export interface SignInPageArgs {
  /** `"acme"` for acme.auth.<region>.amazoncognito.com; this or `host`. */
  prefix?: string;
  /** `"login.example.com"`; this or `prefix`. */
  host?: string;
  /** Of us-east-1; with `host`. */
  certificateArn?: pulumi.Input<string>;
}

/** An application whose users sign in on Cognito's page, by authorization code. */
export interface ApplicationArgs {
  /** Where the code is sent; https, or the developer's own machine. */
  callbackUrls: string[];
  /** @default none */
  logoutUrls?: string[];
  /** @default ["openid", "email", "profile"] */
  scopes?: string[];
  /** One that can keep a secret: a server, not a browser. @default false */
  confidential?: boolean;
  /** Minutes an ID or access token is good for. @default the pool's */
  tokenMinutes?: number;
}

/** @returns client ids by application. */
export function federate(
  parent: pulumi.Resource,
  name: string,
  pool: aws.cognito.UserPool,
  args: UserPoolArgs,
): Record<string, pulumi.Output<string>> {
  const child = { parent };
  const providers = Object.entries(args.providers ?? {}).map(
    ([provider, { type, details, attributes, identifiers }]) =>
      new aws.cognito.IdentityProvider(
        `${name}-provider-${provider}`,
        {
          userPoolId: pool.id,
          providerName: provider,
          providerType: type,
          providerDetails: pulumi.secret(details),
          attributeMapping: attributes ?? { email: "email" },
          idpIdentifiers: identifiers,
        },
        { parent, additionalSecretOutputs: ["providerDetails"] },
      ),
  );
  if (args.signInPage) {
    const { prefix, host, certificateArn } = args.signInPage;
    new aws.cognito.UserPoolDomain(
      `${name}-sign-in`,
      { userPoolId: pool.id, domain: (prefix ?? host)!, certificateArn, managedLoginVersion: 2 },
      child,
    );
  }
  const clients = Object.entries(args.applications ?? {}).map(([application, settings]) => {
    const minutes = settings.tokenMinutes ?? args.tokenMinutes ?? 60;
    const client = new aws.cognito.UserPoolClient(
      `${name}-application-${application}`,
      {
        userPoolId: pool.id,
        generateSecret: settings.confidential ?? false,
        allowedOauthFlowsUserPoolClient: true,
        allowedOauthFlows: ["code"],
        allowedOauthScopes: settings.scopes ?? ["openid", "email", "profile"],
        callbackUrls: settings.callbackUrls,
        logoutUrls: settings.logoutUrls,
        supportedIdentityProviders: ["COGNITO", ...providers.map(({ providerName }) => providerName)],
        explicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        preventUserExistenceErrors: "ENABLED",
        enableTokenRevocation: true,
        idTokenValidity: minutes,
        accessTokenValidity: minutes,
        refreshTokenValidity: 30,
        tokenValidityUnits: { idToken: "minutes", accessToken: "minutes", refreshToken: "days" },
        readAttributes: ["email", "email_verified", "name", "custom:tenant"],
        // As for the pool's own client: a user who could write custom:tenant would choose a tenant.
        writeAttributes: ["email", "name"],
      },
      { parent, dependsOn: providers },
    );
    return [application, client.id] as const;
  });
  return Object.fromEntries(clients);
}

export function checkFederation(component: string, args: UserPoolArgs): void {
  const url = /^(https:\/\/[^\s*]+|http:\/\/(localhost|127\.0\.0\.1)(:\d+)?(\/[^\s*]*)?)$/;
  for (const [provider, { type, details, attributes = {} }] of Object.entries(args.providers ?? {})) {
    const at = `providers.${provider}`;
    checkForm(component, at, provider, /^[^_\W][\w-]{1,31}$/, "a name of 2 to 32 letters, digits, _ and -");
    checkForm(
      component,
      `${at}.type`,
      type,
      /^(SAML|OIDC|Google|Facebook|LoginWithAmazon|SignInWithApple)$/,
      "a type of Cognito's",
    );
    const needed = type === "SAML" ? ["MetadataURL", "MetadataFile"] : ["client_id"];
    if (!needed.some((key) => details?.[key] !== undefined)) {
      throw new InvalidArgumentError(
        component,
        `${at}.details`,
        Object.keys(details ?? {}),
        `give ${needed.join(" or ")}`,
      );
    }
    if ("custom:tenant" in attributes) {
      const remedy = "who runs the provider would choose a tenant; set it in the preTokenGeneration trigger";
      throw new InvalidArgumentError(component, `${at}.attributes`, "custom:tenant", remedy);
    }
  }
  const { signInPage, applications = {} } = args;
  if (signInPage && (signInPage.prefix === undefined) === (signInPage.host === undefined)) {
    throw new InvalidArgumentError(component, "signInPage", Object.keys(signInPage), "give either prefix or host");
  }
  const prefix = /^(?!.*(aws|amazon|cognito))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
  checkForm(
    component,
    "signInPage.prefix",
    signInPage?.prefix,
    prefix,
    "lower-case letters, digits and hyphens, without aws",
  );
  checkForm(
    component,
    "signInPage.host",
    signInPage?.host,
    /^([a-z0-9-]+\.)+[a-z]{2,}$/,
    "a host such as login.example.com",
  );
  if (signInPage?.host && signInPage.certificateArn === undefined) {
    throw new InvalidArgumentError(
      component,
      "signInPage.certificateArn",
      undefined,
      "a host of yours needs its certificate",
    );
  }
  for (const [application, { callbackUrls, logoutUrls = [], tokenMinutes }] of Object.entries(applications)) {
    const at = `applications.${application}`;
    checkForm(component, at, application, /^[a-z][\w-]{0,31}$/i, "a name of letters, digits, _ and -");
    if (!callbackUrls?.length)
      throw new InvalidArgumentError(component, `${at}.callbackUrls`, callbackUrls, "name at least one");
    for (const address of [...callbackUrls, ...logoutUrls]) {
      checkForm(component, `${at}.callbackUrls`, address, url, "an https address without *, or one of localhost");
    }
    checkRange(component, `${at}.tokenMinutes`, tokenMinutes, 5, 1440);
  }
  if (Object.keys(applications).length > 0 && !signInPage) {
    throw new InvalidArgumentError(
      component,
      "signInPage",
      undefined,
      "applications sign in on Cognito's page; name it",
    );
  }
}
