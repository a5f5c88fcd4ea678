/** A kysely dialect for the RDS Data API (Aurora PostgreSQL). It imports nothing of Terrace and is publishable alone. */
export { executeBatch } from "./bulk/execute-batch.ts";
export { type InsertManyResult, insertMany } from "./bulk/insert-many.ts";
export type { ColumnTypes } from "./compile/column-types.ts";
export { DataApiDialect } from "./data-api-dialect.ts";
export type { DataApiDialectConfig } from "./data-api-dialect-config.ts";
export type { Parsers } from "./decode-result.ts";
export { type DescribeOptions, describeDatabase } from "./describe/describe-database.ts";
export {
  DataApiAccessError,
  DataApiConnectionError,
  DataApiError,
  DatabaseError,
  DatabaseResumingError,
  ParameterError,
  RequestTooLargeError,
  StatementTimeoutError,
  TransactionLostError,
  TransactionOutcomeUnknownError,
  UnsupportedResultError,
} from "./errors.ts";
export { type IdempotentTransactionOptions, idempotentTransaction } from "./idempotent-transaction.ts";
export type { DataApiOperation, DataApiTransport, ExecuteOutput, Field } from "./transport/data-api-transport.ts";
export { type HttpTransportOptions, httpTransport } from "./transport/http-transport.ts";
export type { AwsCredentials } from "./transport/sign-request.ts";
