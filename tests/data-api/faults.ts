/** Faults between the dialect and a server: before the server hears of a call, or after it did what was asked. */

import {
  DataApiConnectionError,
  DataApiError,
  type DataApiTransport,
  DatabaseResumingError,
  StatementTimeoutError,
} from "../../data-api/index.ts";

/** Numbers from 0 to 1, the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const BEFORE = [
  () => new DatabaseResumingError("DatabaseResumingException", "resuming", 400),
  () => new DataApiError("ThrottlingException", "slow down", 400),
  () => new DataApiConnectionError("ECONNREFUSED", "refused", 0),
];
/** What may come before or after the statement ran: the caller can not tell. */
const EITHER = [
  () => new DataApiConnectionError("ECONNRESET", "socket hang up", 0),
  () => new DataApiConnectionError("ConnectionError", "no answer within 60000 ms", 0),
  () => new DataApiError("InternalServerErrorException", "internal error", 500),
  () => new DataApiError("ServiceUnavailableError", "unavailable", 503),
  () => new DataApiError("DatabaseUnavailableException", "unavailable", 504),
  () => new DataApiError("UnknownError", "The Data API answered 502 without JSON", 502),
  () => new DataApiError("UnknownError", "The Data API answered 200 without JSON", 200),
  () => new StatementTimeoutError("StatementTimeoutException", "did not end", 400),
];

export interface Faults {
  transport: DataApiTransport;
  /** How many were injected. */
  before: number;
  after: number;
}

/** @param share of the calls that fail */
export function withFaults(inner: DataApiTransport, share: number, random: () => number): Faults {
  const pick = <T>(items: T[]) => items[Math.floor(random() * items.length)]!;
  const faults: Faults = {
    before: 0,
    after: 0,
    async transport(operation, input, options) {
      const [dice, kind] = [random(), random()];
      if (dice >= share) return inner(operation, input, options);
      if (kind < 0.5) {
        faults.before++;
        throw pick([...BEFORE, ...EITHER])();
      }
      const error = pick(EITHER)();
      await inner(operation, input, options);
      faults.after++;
      throw error;
    },
  };
  return faults;
}
