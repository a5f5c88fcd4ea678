/** What the pages do: sign in, sign up, confirm, a new password, a second factor, and out again. */
import { randomBytes } from "node:crypto";
import { AwsError, type AwsResponse, type Clock } from "../../../service.ts";
import type { Directory, User } from "../pools/directory.ts";
import { equal } from "../sign-in/client-proof.ts";
import { newSecret, stepOf } from "../sign-in/totp.ts";
import { assertPassword, hashPassword } from "../users/passwords.ts";
import { type Authorization, isRefusal, type Wish } from "./authorization.ts";
import { type Handler, redirect, type Visit, withQuery } from "./exchange.ts";
import {
  attributesAsked,
  CSRF_COOKIE,
  codePage,
  forgotPage,
  newPasswordPage,
  resetPage,
  signInPage,
  signUpPage,
  totpPage,
} from "./flow-pages.ts";
import type { Entrance } from "./index.ts";
import { messagePage } from "./page.ts";

/** What is left to do before somebody is in: kept here, named by a value in the form. */
interface Step {
  kind: "confirm" | "new-password" | "totp" | "totp-setup";
  username: string;
  secret?: string;
  until: number;
}

const STEP_MS = 15 * 60_000;

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
