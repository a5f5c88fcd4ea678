/** Several writes in one, or none: an archive and the deliveries of the same event, all entries of a request. */
import type { DatabaseSync } from "node:sqlite";

export function atomically<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec("SAVEPOINT events");
  try {
    const result = work();
    database.exec("RELEASE events");
    return result;
  } catch (error) {
    database.exec("ROLLBACK TO events; RELEASE events");
    throw error;
  }
}
