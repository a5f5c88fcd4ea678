/** Who somebody is, by password, SRP or code: the same rules for the API and for the pages. */
import type { Clock } from "../../../service.ts";
import { AwsError } from "../../../service.ts";
import type { Directory, User } from "../pools/directory.ts";
import { assertAttributes, type Client, type Pool } from "../pools/pool.ts";
import { notAuthorized } from "../tokens/signing-keys.ts";
import type { Triggers } from "../triggers.ts";
import { hashPassword, srpOf, verifyPassword } from "../users/passwords.ts";
import { lockouts } from "./lockouts.ts";
import { makeVerifier, provesPassword, type SrpExchange, type SrpVerifier } from "./srp.ts";
import { stepOf } from "./totp.ts";

const DAY_MS = 86_400_000;
const INCORRECT = "Incorrect username or password.";

export type Authentication = ReturnType<typeof authentication>;

export function authentication(directory: Directory, triggers: Triggers, clock: Clock) {
  const lock = lockouts(clock);
  const accountOf = (pool: Pool, user: User | undefined, name: string) => `${pool.id}/${user?.username ?? name}`;

  /** Throws as the client wants it: that there is nobody of this name, or as for a wrong password. */
  function missing(client: Client): AwsError {
    return client.hidesMissingUsers
      ? notAuthorized(INCORRECT)
      : new AwsError("UserNotFoundException", "User does not exist.");
  }

  /** Whoever knows the password, and may sign in. */
  async function accept(pool: Pool, client: Client, user: User): Promise<User> {
    if (!user.enabled) throw notAuthorized("User is disabled.");
    await triggers.ask("preAuthentication", {
      pool,
      source: "PreAuthentication_Authentication",
      username: user.username,
      clientId: client.id,
      request: { userAttributes: { ...user.attributes }, validationData: null, userNotFound: false },
      response: {},
    });
    if (user.status === "UNCONFIRMED") throw new AwsError("UserNotConfirmedException", "User is not confirmed.");
    if (user.status === "RESET_REQUIRED")
      throw new AwsError("PasswordResetRequiredException", "Password reset required for the user");
    const isStale = clock.now() > user.passwordSetAt + pool.temporaryPasswordDays * DAY_MS;
    if (user.status === "FORCE_CHANGE_PASSWORD" && isStale)
      throw notAuthorized("Temporary password has expired and must be reset by an administrator.");
    return user;
  }

  /** A user of another directory, at their first sign-in. */
  async function migrate(pool: Pool, client: Client, name: string, password: string): Promise<User | undefined> {
    const answer = await triggers.ask<{ userAttributes?: Record<string, string>; finalUserStatus?: User["status"] }>(
      "userMigration",
      {
        pool,
        source: "UserMigration_Authentication",
        username: name,
        clientId: client.id,
        request: { password, validationData: null, userAttributes: null },
        response: {
          userAttributes: null,
          forceAliasCreation: null,
          finalUserStatus: null,
          messageAction: null,
          desiredDeliveryMediums: null,
        },
      },
    );
    if (!answer?.userAttributes) return undefined;
    const { sub: _, username: __, ...attributes } = answer.userAttributes;
    const given = pool.usernameAttributes.includes("email") ? { email: name, ...attributes } : attributes;
    assertAttributes(pool, given);
    const status = answer.finalUserStatus ?? "RESET_REQUIRED";
    const user = directory.newUser(pool, name, given, status);
    directory.save({ ...user, passwordHash: await hashPassword(password, user) });
    return directory.lookUp(pool, name);
  }

  return {
    async byPassword(client: Client, name: string, password: string): Promise<User> {
      const pool = directory.pool(client.poolId);
      const known = directory.lookUp(pool, name);
      const user = known ?? (await migrate(pool, client, name, password));
      if (user === undefined && !client.hidesMissingUsers) throw missing(client);
      const account = accountOf(pool, user, name);
      lock.assertOpen(account);
      if (!(await verifyPassword(password, user?.passwordHash)) || user === undefined) {
        lock.failed(account);
        throw notAuthorized(INCORRECT);
      }
      lock.succeeded(account);
      return accept(pool, client, user);
    },

    /** Who begins to sign in otherwise than by password; undefined where there is nobody, and that is not to be known. */
    async admit(client: Client, name: string): Promise<User | undefined> {
      const pool = directory.pool(client.poolId);
      const user = directory.lookUp(pool, name);
      if (user !== undefined) return accept(pool, client, user);
      if (!client.hidesMissingUsers) throw missing(client);
      return undefined;
    },

    /** What SRP begins with: of a user, or of nobody where that is not to be known. */
    verifierOf(client: Client, name: string): { username: string; verifier: SrpVerifier } {
      const pool = directory.pool(client.poolId);
      const user = directory.lookUp(pool, name);
      if (user === undefined && !client.hidesMissingUsers) throw missing(client);
      lock.assertOpen(accountOf(pool, user, name));
      const verifier = srpOf(user?.passwordHash) ?? makeVerifier(pool.id, name, "");
      return { username: user?.username ?? name, verifier };
    },

    async bySrp(
      client: Client,
      username: string,
      exchange: SrpExchange,
      claim: Parameters<typeof provesPassword>[3],
    ): Promise<User> {
      const pool = directory.pool(client.poolId);
      const user = directory.lookUp(pool, username);
      const account = accountOf(pool, user, username);
      lock.assertOpen(account);
      const isProven = provesPassword(exchange, pool.id, username, claim);
      if (!isProven || user === undefined || srpOf(user.passwordHash) === undefined) {
        lock.failed(account);
        throw notAuthorized(INCORRECT);
      }
      lock.succeeded(account);
      return accept(pool, client, user);
    },

    /** Throws unless it is the code of the user's application, used for the first time. */
    byTotp(user: User, code: string): User {
      const { totp } = user;
      const account = `${user.poolId}/${user.username}/totp`;
      lock.assertOpen(account);
      const step = totp && stepOf(totp.secret, code, clock.now());
      if (!totp || step === undefined) {
        lock.failed(account);
        throw new AwsError("CodeMismatchException", "Invalid code received for user");
      }
      if (step <= (totp.lastStep ?? 0))
        throw new AwsError("ExpiredCodeException", "Your software token has already been used once.");
      lock.succeeded(account);
      const used = { ...user, totp: { ...totp, lastStep: step } };
      directory.save(used);
      return used;
    },

    async signedIn(client: Client, user: User): Promise<void> {
      await triggers.ask("postAuthentication", {
        pool: directory.pool(client.poolId),
        source: "PostAuthentication_Authentication",
        username: user.username,
        clientId: client.id,
        request: { userAttributes: { ...user.attributes }, newDeviceUsed: false },
        response: {},
      });
    },
  };
}
