import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { environment } from "../shared/environment.ts";

export { createOnce } from "./once.ts";

let store: DynamoDBPersistenceLayer | undefined;

/** The cell's table of idempotency records. */
export function idempotencyStore(): DynamoDBPersistenceLayer {
  store ??= new DynamoDBPersistenceLayer({ tableName: environment("IDEMPOTENCY_TABLE") });
  return store;
}
