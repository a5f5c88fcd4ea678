/** Cognito's brake on guessing: after five failures an account waits a second, then twice as long each time. */

import { AwsError, type Clock } from "../../../service.ts";

const FREE_ATTEMPTS = 5;
const MAX_WAIT_MS = 15 * 60 * 1000;

export function lockouts(clock: Clock) {
  const accounts = new Map<string, { failures: number; until: number }>();
  return {
    assertOpen(account: string): void {
      if ((accounts.get(account)?.until ?? 0) > clock.now())
        throw new AwsError("NotAuthorizedException", "Password attempts exceeded");
    },
    failed(account: string): void {
      for (const [key, { until }] of accounts) if (until + MAX_WAIT_MS < clock.now()) accounts.delete(key);
      const failures = (accounts.get(account)?.failures ?? 0) + 1;
      const wait = failures < FREE_ATTEMPTS ? 0 : Math.min(1000 * 2 ** (failures - FREE_ATTEMPTS), MAX_WAIT_MS);
      accounts.set(account, { failures, until: clock.now() + wait });
    },
    succeeded(account: string): void {
      accounts.delete(account);
    },
  };
}
