const FIRST_SECONDS = 10;
const LONGEST_SECONDS = 3600;

/**
 * Seconds until the next attempt: doubled each time, up to an hour, with up to a fifth added at random so that a receiver that
 * comes back is not met by everything at once.
 * @param attempt 1 after the first failure.
 */
export function backoffSeconds(attempt: number, random: () => number = Math.random): number {
  const seconds = Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** (Math.max(1, attempt) - 1));
  return Math.round(seconds * (1 + random() / 5));
}
