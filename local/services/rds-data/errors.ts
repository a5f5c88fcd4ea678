/** PostgreSQL's errors as the Data API words them. */

import { AwsError } from "../../service.ts";

interface PostgresError extends Error {
  severity?: string;
  code?: string;
  detail?: string;
  hint?: string;
  position?: string;
}

export function badRequest(message: string): AwsError {
  return new AwsError("BadRequestException", message);
}

export function unsupportedResult(message: string): AwsError {
  return new AwsError("UnsupportedResultException", message);
}

export function unsupportedType(typeName: string): AwsError {
  return unsupportedResult(`The result contains the unsupported data type ${typeName.toUpperCase()}.`);
}

/** Whether the session is gone with the error: closed by the server, or broken off. */
export function endsSession(error: unknown): boolean {
  if (error instanceof AwsError) return false;
  const { severity, code } = error as PostgresError;
  return !severity || !code || severity === "FATAL" || severity === "PANIC";
}

/** What a failed statement answers; a lost server is DatabaseUnavailable, everything else carries its SQLState. */
export function fromPostgres(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  const { severity, code, message, detail, hint, position } = error as PostgresError;
  if (!severity || !code) {
    return new AwsError("DatabaseUnavailableException", "The database connection was lost.", 504);
  }
  // The extended protocol's own words for what AWS refuses by name.
  if (code === "42601" && message.includes("multiple commands into a prepared statement")) {
    return badRequest("Multistatements aren't supported.");
  }
  const parts = [`${severity}: ${message}`];
  if (detail) parts.push(`Detail: ${detail}`);
  if (hint) parts.push(`Hint: ${hint}`);
  if (position) parts.push(`Position: ${position}`);
  parts.push(`SQLState: ${code}`);
  return new AwsError("DatabaseErrorException", parts.join("; "));
}
