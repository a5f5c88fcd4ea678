/** What each page of the flow shows and asks. */
import { randomBytes } from "node:crypto";
import type { AwsResponse } from "../../../service.ts";
import type { Pool } from "../pools/pool.ts";
import type { Wish } from "./authorization.ts";
import type { Visit } from "./exchange.ts";
import { type Field, formPage } from "./page.ts";

export const CSRF_COOKIE = "XSRF-TOKEN";
const LABELS: Record<string, string> = {
  email: "Email address",
  phone_number: "Phone number",
  given_name: "First name",
  family_name: "Last name",
  name: "Full name",
};

/** A page of the flow; what the application asked for stays in the address. */
function show(visit: Visit, wish: Wish, page: Omit<Parameters<typeof formPage>[1], "csrf">, status = 200): AwsResponse {
  const csrf = visit.cookies[CSRF_COOKIE] || randomBytes(24).toString("base64url");
  const answer = formPage(visit, { ...page, csrf, leadsTo: wish.redirectUri }, status);
  const cookie = `${CSRF_COOKIE}=${csrf}; Path=/; HttpOnly; SameSite=Lax`;
  return { ...answer, headers: { ...answer.headers, "set-cookie": cookie } };
}

export function signInPage(visit: Visit, wish: Wish, problem?: string, notice?: string): AwsResponse {
  const { pool, query, form } = visit;
  return show(
    visit,
    wish,
    {
      title: "Sign in",
      action: `/login?${query}`,
      submit: "Sign in",
      problem,
      notice,
      fields: [
        {
          name: "username",
          label: nameLabel(pool),
          value: form.get("username") ?? query.get("login_hint") ?? "",
          autocomplete: "username",
        },
        { name: "password", label: "Password", type: "password", autocomplete: "current-password" },
      ],
      links: [
        { href: `/forgotPassword?${query}`, label: "Forgot your password?" },
        ...(pool.adminOnly ? [] : [{ href: `/signup?${query}`, label: "Create an account" }]),
      ],
    },
    problem ? 400 : 200,
  );
}

export function codePage(visit: Visit, wish: Wish, step: string, problem?: string, notice?: string): AwsResponse {
  return show(
    visit,
    wish,
    {
      title: "Confirm your account",
      action: `/confirm?${visit.query}`,
      submit: "Confirm",
      problem,
      notice: notice ?? "We have sent you a code. On this machine it is in the mail at /_mail of the AWS endpoint.",
      hidden: { step },
      fields: [codeField("Verification code")],
      second: { action: `/resendcode?${visit.query}`, label: "Send a new code" },
    },
    problem ? 400 : 200,
  );
}

export function newPasswordPage(visit: Visit, wish: Wish, step: string, problem?: string): AwsResponse {
  return show(
    visit,
    wish,
    {
      title: "Choose a new password",
      action: `/newPassword?${visit.query}`,
      submit: "Save and sign in",
      problem,
      notice: "Your password was a temporary one.",
      hidden: { step },
      fields: [newPasswordField(visit.pool)],
    },
    problem ? 400 : 200,
  );
}

export function totpPage(
  visit: Visit,
  wish: Wish,
  id: string,
  secret: string | undefined,
  problem?: string,
): AwsResponse {
  return show(
    visit,
    wish,
    {
      title: secret ? "Set up your authenticator app" : "Enter your code",
      action: `/mfa?${visit.query}`,
      submit: "Continue",
      problem,
      notice: secret
        ? "Add this key to your authenticator app, then enter the code that it shows."
        : "Open your authenticator app and enter the code that it shows.",
      secret,
      hidden: { step: id, setup: secret ? "yes" : "" },
      fields: [codeField("Six-digit code")],
    },
    problem ? 400 : 200,
  );
}

export function signUpPage(visit: Visit, wish: Wish, problem?: string): AwsResponse {
  const { pool, form, query } = visit;
  const fields = attributesAsked(pool).map((name) => ({
    name: `attribute.${name}`,
    label: LABELS[name] ?? name.replace(/^custom:/, ""),
    value: form.get(`attribute.${name}`) ?? "",
    type: name === "email" ? "email" : name === "phone_number" ? "tel" : "text",
    autocomplete: name === "email" ? "email" : "off",
  }));
  const named = pool.usernameAttributes.length > 0;
  const username: Field = {
    name: "username",
    label: nameLabel(pool),
    value: form.get("username") ?? "",
    autocomplete: "username",
  };
  return show(
    visit,
    wish,
    {
      title: "Create an account",
      action: `/signup?${query}`,
      submit: "Create account",
      problem,
      fields: [...(named && fields.length > 0 ? [] : [username]), ...fields, newPasswordField(pool)],
      links: [{ href: `/login?${query}`, label: "Sign in instead" }],
    },
    problem ? 400 : 200,
  );
}

export function forgotPage(visit: Visit, wish: Wish, problem?: string): AwsResponse {
  return show(
    visit,
    wish,
    {
      title: "Forgot your password?",
      action: `/forgotPassword?${visit.query}`,
      submit: "Send me a code",
      problem,
      notice: "We will send a code to your verified address.",
      fields: [{ name: "username", label: nameLabel(visit.pool), autocomplete: "username" }],
      links: [{ href: `/login?${visit.query}`, label: "Back to sign in" }],
    },
    problem ? 400 : 200,
  );
}

export function resetPage(visit: Visit, wish: Wish, problem?: string): AwsResponse {
  return show(
    visit,
    wish,
    {
      title: "Choose a new password",
      action: `/confirmForgotPassword?${visit.query}`,
      submit: "Change password",
      problem,
      notice: "We have sent you a code. On this machine it is in the mail at /_mail of the AWS endpoint.",
      hidden: { username: visit.form.get("username") ?? "" },
      fields: [codeField("Verification code"), newPasswordField(visit.pool)],
    },
    problem ? 400 : 200,
  );
}

function nameLabel({ usernameAttributes }: Pool): string {
  if (usernameAttributes.length === 0) return "User name";
  return usernameAttributes.length > 1 ? "Email address or phone number" : LABELS[usernameAttributes[0]!]!;
}

/** What a sign-up must give: what users sign in with, what the pool requires, and where a code can go. */
export function attributesAsked(pool: Pool): string[] {
  const needed = [...pool.schema.values()]
    .filter(({ required, name }) => required && name !== "sub")
    .map(({ name }) => name);
  const [first] = pool.usernameAttributes;
  return [...new Set([...(first ? [first] : []), ...pool.autoVerified.slice(0, 1), ...needed])];
}

function codeField(label: string): Field {
  return { name: "code", label, autocomplete: "one-time-code", inputmode: "numeric" };
}

function newPasswordField({ passwordPolicy: policy }: Pool): Field {
  const kinds = [
    policy.requireLowercase && "a lower-case letter",
    policy.requireUppercase && "an upper-case letter",
    policy.requireNumbers && "a number",
    policy.requireSymbols && "a symbol",
  ].filter((kind) => kind !== false);
  const list = kinds.length > 1 ? `${kinds.slice(0, -1).join(", ")} and ${kinds.at(-1)}` : kinds.join("");
  const hint = `At least ${policy.minimumLength} characters${list ? `, with ${list}` : ""}.`;
  return { name: "password", label: "New password", type: "password", autocomplete: "new-password", hint };
}
