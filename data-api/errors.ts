/** One class per way a call can fail. `instanceof` tells them apart; each carries what the caller may want to act on. */

/** Any failure of a Data API call. */
export class DataApiError extends Error {
  override readonly name: string = "DataApiError";
  /** AWS's own code: `BadRequestException`. */
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly statusCode: number;

  constructor(code: string, message: string, statusCode: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.statusCode = statusCode;
  }
}

/** PostgreSQL refused the statement. */
export class DatabaseError extends DataApiError {
  override readonly name = "DatabaseError";
  readonly severity: string;
  /** Five characters: `23505` is a unique violation. */
  readonly sqlState: string;
  readonly constraint?: string;
  readonly detail?: string;
  readonly hint?: string;
  /** Character in the statement, from 1. */
  readonly position?: number;

  constructor(code: string, text: string, statusCode: number, parts: ErrorParts) {
    super(code, parts.message, statusCode, { cause: text });
    this.severity = parts.severity;
    this.sqlState = parts.sqlState;
    this.constraint = parts.constraint;
    this.detail = parts.detail;
    this.hint = parts.hint;
    this.position = parts.position;
  }
}

/** The cluster was paused and is waking up. Nothing was executed. */
export class DatabaseResumingError extends DataApiError {
  override readonly name = "DatabaseResumingError";
}

/** The statement ran longer than the Data API's 45 seconds. Whether it took effect is not known. */
export class StatementTimeoutError extends DataApiError {
  override readonly name = "StatementTimeoutError";
}

/** The transaction expired or its connection was lost: everything in it is rolled back. */
export class TransactionLostError extends DataApiError {
  override readonly name = "TransactionLostError";
}

/** The result holds a type the Data API can not carry, or is larger than 1 MiB. */
export class UnsupportedResultError extends DataApiError {
  override readonly name = "UnsupportedResultError";
}

/** The caller may not make the call, read the secret or use the cluster. */
export class DataApiAccessError extends DataApiError {
  override readonly name = "DataApiAccessError";
}

/** No answer came: whether the statement took effect is not known. */
export class DataApiConnectionError extends DataApiError {
  override readonly name = "DataApiConnectionError";
}

/** A value that its column does not take; nothing was sent. */
export class ParameterError extends TypeError {
  override readonly name = "ParameterError";
}

interface ErrorParts {
  severity: string;
  message: string;
  sqlState: string;
  constraint?: string;
  detail?: string;
  hint?: string;
  position?: number;
}

/** Makes the right class from what AWS, or its SDK, says. */
export function toDataApiError(code: string, text: string, statusCode: number, cause?: unknown): DataApiError {
  const options = cause === undefined ? undefined : { cause };
  switch (code) {
    case "DatabaseResumingException":
      return new DatabaseResumingError(code, text, statusCode, options);
    case "StatementTimeoutException":
      return new StatementTimeoutError(code, text, statusCode, options);
    case "TransactionNotFoundException":
      return new TransactionLostError(code, `${text}: its statements are rolled back`, statusCode, options);
    case "UnsupportedResultException":
      return new UnsupportedResultError(code, withRemedy(text), statusCode, options);
    case "AccessDeniedException":
    case "ForbiddenException":
      return new DataApiAccessError(code, text, statusCode, options);
  }
  const parts = parseDatabaseError(text);
  return parts ? new DatabaseError(code, text, statusCode, parts) : new DataApiError(code, text, statusCode, options);
}

function withRemedy(text: string): string {
  return /unsupported data type/.test(text) ? `${text} Select such a column as text: "column"::text.` : text;
}

/** `ERROR: …; Detail: …; Hint: …; Position: 8; SQLState: 42883`, where only the first and the last are always there. */
function parseDatabaseError(text: string): ErrorParts | undefined {
  const found =
    /^(ERROR|FATAL|PANIC): ([\s\S]*?)(?:[;\n]\s*Detail: ([\s\S]*?))?(?:[;\n]\s*Hint: ([\s\S]*?))?(?:[;\n]\s*Position: (\d+))?[;\n]\s*SQLState: (\w{5})/.exec(
      text,
    );
  if (!found) return undefined;
  const [, severity, message, detail, hint, position, sqlState] = found;
  return {
    severity: severity!,
    message: message!,
    sqlState: sqlState!,
    detail,
    hint,
    position: position ? Number(position) : undefined,
    constraint: /constraint "([^"]+)"/.exec(message!)?.[1],
  };
}
