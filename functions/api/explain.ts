/** Failures of the database that have a better answer than `internal`. */

import { DatabaseError, DatabaseResumingError, StatementTimeoutError } from "../../data-api/index.ts";
import { type Problem, Unavailable } from "./problem.ts";

/** PostgreSQL's `query_canceled`: the role's statement_timeout. */
const QUERY_CANCELED = "57014";

export function explain(error: unknown): Problem | undefined {
  if (error instanceof DatabaseResumingError) return new Unavailable(10);
  if (error instanceof StatementTimeoutError) return new Unavailable(5);
  if (error instanceof DatabaseError && error.sqlState === QUERY_CANCELED) return new Unavailable(5);
  return undefined;
}
