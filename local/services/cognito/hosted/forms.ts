/** The pages: sign in, sign up, confirm, a new password, a second factor, and out again. */
import { randomBytes } from "node:crypto";
import { AwsError, type AwsResponse, type Clock } from "../../../service.ts";
import type { Directory, User } from "../pools/directory.ts";
import type { Pool } from "../pools/pool.ts";
import { equal } from "../sign-in/client-proof.ts";
import { newSecret, stepOf } from "../sign-in/totp.ts";
import { assertPassword, hashPassword } from "../users/passwords.ts";
import { type Authorization, isRefusal, type Wish } from "./authorization.ts";
import { type Handler, redirect, type Visit, withQuery } from "./exchange.ts";
import type { Entrance } from "./index.ts";
import { type Field, formPage, messagePage } from "./page.ts";

/** What is left to do before somebody is in: kept here, named by a value in the form. */
interface Step {
  kind: "confirm" | "new-password" | "totp" | "totp-setup";
  username: string;
  secret?: string;
  until: number;
}

const STEP_MS = 15 * 60_000;
const CSRF_COOKIE = "XSRF-TOKEN";
const LABELS: Record<string, string> = {
  email: "Email address",
  phone_number: "Phone number",
  given_name: "First name",
  family_name: "Last name",
  name: "Full name",
};

export function formPages(
  clock: Clock,
  directory: Directory,
  grants: Authorization,
  entrance: () => Entrance,
): Record<string, Handler> {
  const steps = new Map<string, Step>();

  function begin(kind: Step["kind"], { username }: User, secret?: string): string {
    for (const [id, { until }] of steps) if (until <= clock.now()) steps.delete(id);
    const id = randomBytes(24).toString("base64url");
    steps.set(id, { kind, username, secret, until: clock.now() + STEP_MS });
    return id;
  }

  function stepIn({ form, pool }: Visit, kind: Step["kind"]): { id: string; step: Step; user: User } {
    const id = form.get("step") ?? "";
    const step = steps.get(id);
    if (!step || step.kind !== kind || step.until <= clock.now())
      throw new AwsError("InvalidParameterException", "This took too long. Please sign in again.");
    return { id, step, user: directory.user(pool, step.username) };
  }

  /** A page of the flow; what the application asked for stays in the address. */
  function show(
    visit: Visit,
    wish: Wish,
    page: Omit<Parameters<typeof formPage>[1], "csrf">,
    status = 200,
  ): AwsResponse {
    const csrf = visit.cookies[CSRF_COOKIE] || randomBytes(24).toString("base64url");
    const answer = formPage(visit, { ...page, csrf, leadsTo: wish.redirectUri }, status);
    const cookie = `${CSRF_COOKIE}=${csrf}; Path=/; HttpOnly; SameSite=Lax`;
    return { ...answer, headers: { ...answer.headers, "set-cookie": cookie } };
  }

  function signInPage(visit: Visit, wish: Wish, problem?: string, notice?: string): AwsResponse {
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

  function codePage(visit: Visit, wish: Wish, step: string, problem?: string, notice?: string): AwsResponse {
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

  function newPasswordPage(visit: Visit, wish: Wish, step: string, problem?: string): AwsResponse {
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

  function totpPage(visit: Visit, wish: Wish, id: string, secret: string | undefined, problem?: string): AwsResponse {
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

  /** After the password: what is still asked for, or back to the application with a code. */
  function proceed(visit: Visit, wish: Wish, user: User, isProven = false): AwsResponse {
    if (user.status === "FORCE_CHANGE_PASSWORD") return newPasswordPage(visit, wish, begin("new-password", user));
    const { mfa } = visit.pool;
    const hasTotp = user.totp?.verified && user.totp.enabled;
    if (!isProven && mfa !== "OFF" && hasTotp) return totpPage(visit, wish, begin("totp", user), undefined);
    if (!isProven && mfa === "ON") {
      const secret = newSecret();
      return totpPage(visit, wish, begin("totp-setup", user, secret), secret);
    }
    return back(wish, user, [grants.enter(user)]);
  }

  async function finish(visit: Visit, wish: Wish, user: User, isProven = false): Promise<AwsResponse> {
    const answer = proceed(visit, wish, user, isProven);
    if (answer.status === 302) await entrance().entrance.signedIn(wish.client, user);
    return answer;
  }

  function back(wish: Wish, user: User, cookies: string[] = []): AwsResponse {
    return redirect(withQuery(wish.redirectUri, { code: grants.grant(wish, user), state: wish.state }), cookies);
  }

  /** A handler that knows what the application asked for; the request of a form must come from our own page. */
  function flow(handler: (visit: Visit, wish: Wish) => AwsResponse | Promise<AwsResponse>): Handler {
    return async (visit) => {
      const wish = grants.wishOf(visit);
      if (isRefusal(wish)) {
        const { error, description, redirectUri, state } = wish;
        if (redirectUri) return redirect(withQuery(redirectUri, { error, error_description: description, state }));
        const why = description ? `${error}: ${description}` : error;
        return messagePage(visit, 400, "This request cannot be served", `The application asked wrongly (${why}).`);
      }
      if (visit.method === "POST" && !equal(visit.cookies[CSRF_COOKIE] || "none", visit.form.get("_csrf") ?? ""))
        return signInPage(visit, wish, "The page was open for too long. Please try again.");
      return handler(visit, wish);
    };
  }

  /** What Cognito refuses is said on the page it was asked from. */
  async function orAgain(attempt: () => Promise<AwsResponse>, again: (problem: string) => AwsResponse) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return again(error.message);
    }
  }

  function signUpPage(visit: Visit, wish: Wish, problem?: string): AwsResponse {
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

  function forgotPage(visit: Visit, wish: Wish, problem?: string): AwsResponse {
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

  function resetPage(visit: Visit, wish: Wish, problem?: string): AwsResponse {
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

  return {
    "GET /oauth2/authorize": flow((visit, wish) => {
      const user = visit.query.get("prompt") === "login" ? undefined : grants.visitor(visit.pool, visit.cookies);
      return user ? back(wish, user) : redirect(`/login?${visit.query}`);
    }),
    "GET /login": flow((visit, wish) => signInPage(visit, wish)),
    "POST /login": flow((visit, wish) =>
      orAgain(
        async () => {
          const [username, password] = [visit.form.get("username") ?? "", visit.form.get("password") ?? ""];
          const { entrance: doors } = entrance();
          try {
            return await finish(visit, wish, await doors.byPassword(wish.client, username.trim(), password));
          } catch (error) {
            if (!(error instanceof AwsError) || error.code !== "UserNotConfirmedException") throw error;
            const user = directory.user(visit.pool, username.trim());
            return codePage(visit, wish, begin("confirm", user), undefined, "Confirm your account to sign in.");
          }
        },
        (problem) => signInPage(visit, wish, problem),
      ),
    ),
    "GET /signup": flow((visit, wish) =>
      visit.pool.adminOnly
        ? messagePage(visit, 403, "No sign-up", "Accounts of this application are made by its administrators.")
        : signUpPage(visit, wish),
    ),
    "POST /signup": flow((visit, wish) =>
      orAgain(
        async () => {
          const { form, pool } = visit;
          const given = attributesAsked(pool).map((name) => [name, (form.get(`attribute.${name}`) ?? "").trim()]);
          const attributes: Record<string, string> = Object.fromEntries(given.filter(([, value]) => value !== ""));
          const named = pool.usernameAttributes.map((name) => attributes[name]).find((value) => value);
          const username = (form.get("username") ?? named ?? "").trim();
          const { user } = await entrance().signUpUser(wish.client, username, form.get("password") ?? "", attributes);
          if (user.status === "CONFIRMED") return finish(visit, wish, user);
          return codePage(visit, wish, begin("confirm", user));
        },
        (problem) => signUpPage(visit, wish, problem),
      ),
    ),
    "POST /confirm": flow((visit, wish) => {
      const { id, user } = stepIn(visit, "confirm");
      return orAgain(
        async () => {
          await entrance().confirmSignUp(wish.client, user.username, visit.form.get("code")?.trim());
          steps.delete(id);
          // Who signed up in this browser gave the password there; whoever tried to sign in did as well.
          return finish(visit, wish, directory.user(visit.pool, user.username));
        },
        (problem) => codePage(visit, wish, id, problem),
      );
    }),
    "POST /resendcode": flow((visit, wish) => {
      const { id, user } = stepIn(visit, "confirm");
      return orAgain(
        async () => {
          await entrance().resend(wish.client, user.username);
          return codePage(visit, wish, id, undefined, "We have sent you a new code.");
        },
        (problem) => codePage(visit, wish, id, problem),
      );
    }),
    "POST /newPassword": flow((visit, wish) => {
      const { id, user } = stepIn(visit, "new-password");
      return orAgain(
        async () => {
          const password = visit.form.get("password") ?? "";
          assertPassword(password, visit.pool.passwordPolicy);
          const passwordHash = await hashPassword(password, user);
          const changed: User = { ...user, passwordHash, passwordSetAt: clock.now(), status: "CONFIRMED" };
          directory.save(changed);
          steps.delete(id);
          return finish(visit, wish, changed);
        },
        (problem) => newPasswordPage(visit, wish, id, problem),
      );
    }),
    "POST /mfa": flow((visit, wish) => {
      const isSetup = visit.form.get("setup") === "yes";
      const { id, step, user } = stepIn(visit, isSetup ? "totp-setup" : "totp");
      const code = visit.form.get("code")?.trim() ?? "";
      return orAgain(
        async () => {
          if (!isSetup) {
            const used = entrance().entrance.byTotp(user, code);
            steps.delete(id);
            return finish(visit, wish, used, true);
          }
          const lastStep = stepOf(step.secret!, code, clock.now());
          if (lastStep === undefined) throw new AwsError("CodeMismatchException", "Invalid code received for user");
          const ready: User = { ...user, totp: { secret: step.secret!, verified: true, enabled: true, lastStep } };
          directory.save(ready);
          steps.delete(id);
          return finish(visit, wish, ready, true);
        },
        (problem) => totpPage(visit, wish, id, step.secret, problem),
      );
    }),
    "GET /forgotPassword": flow((visit, wish) => forgotPage(visit, wish)),
    "POST /forgotPassword": flow((visit, wish) =>
      orAgain(
        async () => {
          await entrance().forgot(wish.client, visit.form.get("username")?.trim() ?? "");
          return resetPage(visit, wish);
        },
        (problem) => forgotPage(visit, wish, problem),
      ),
    ),
    "POST /confirmForgotPassword": flow((visit, wish) =>
      orAgain(
        async () => {
          const { form } = visit;
          const [username, password] = [form.get("username")?.trim() ?? "", form.get("password") ?? ""];
          await entrance().confirmForgot(wish.client, username, form.get("code")?.trim(), password);
          return signInPage(visit, wish, undefined, "Your password was changed. Please sign in.");
        },
        (problem) => resetPage(visit, wish, problem),
      ),
    ),
    "GET /confirmUser": async (visit) => {
      const client = directory.client(visit.query.get("client_id") ?? "");
      if (client.poolId !== visit.pool.id) directory.client(undefined);
      const code = visit.query.get("confirmation_code") ?? "";
      await entrance().confirmSignUp(client, visit.query.get("user_name") ?? "", code);
      return messagePage(visit, 200, "You are confirmed", "You can now sign in to the application.");
    },
    "GET /logout": (visit) => {
      const { query, pool, cookies } = visit;
      const client = directory.clients.get(query.get("client_id") ?? "");
      if (!client || client.poolId !== pool.id)
        return messagePage(visit, 400, "This request cannot be served", "The client_id is unknown.");
      const target = query.get("logout_uri");
      if (target !== null) {
        if (!client.oauth?.logoutUrls.includes(target))
          return messagePage(visit, 400, "This request cannot be served", "The logout_uri is not one of the client's.");
        return redirect(target, [grants.leave(cookies)]);
      }
      if (isRefusal(grants.wishOf(visit)))
        return messagePage(visit, 400, "This request cannot be served", "Give a logout_uri of the client's.");
      return redirect(`/login?${query}`, [grants.leave(cookies)]);
    },
  };
}

function nameLabel({ usernameAttributes }: Pool): string {
  if (usernameAttributes.length === 0) return "User name";
  return usernameAttributes.length > 1 ? "Email address or phone number" : LABELS[usernameAttributes[0]!]!;
}

/** What a sign-up must give: what users sign in with, what the pool requires, and where a code can go. */
function attributesAsked(pool: Pool): string[] {
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
