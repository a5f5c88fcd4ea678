/** One class per way a call can fail. `instanceof` tells them apart; each carries what the caller may want to act on. */

/** Any failure of a Data API call. */
export class DataApiError extends Error {
  override readonly name: string = "DataApiError";
  /** AWS's own code: `BadRequestException`. */
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly statusCode: number;
  /**
   * The statement may or may not have taken effect: no answer came, or one that does not tell. Look before you do it again.
   * False for what changes nothing, and for what was refused or rolled back.
   */
  isEffectUnknown = false;

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
  /** Of a violated constraint or rule, as far as the message names them. */
  readonly constraint?: string;
  readonly table?: string;
  readonly column?: string;
  readonly detail?: string;
  readonly hint?: string;
  /** Character in the statement, from 1. */
  position?: number;

  constructor(code: string, text: string, statusCode: number, parts: ErrorParts) {
    super(code, parts.message, statusCode, { cause: text });
    this.severity = parts.severity;
    this.sqlState = parts.sqlState;
    this.constraint = parts.constraint;
    this.table = parts.table;
    this.column = parts.column;
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

/** The transaction expired, or a call in it went unanswered: everything in it is rolled back, and nothing more is taken. */
export class TransactionLostError extends DataApiError {
  override readonly name = "TransactionLostError";
}

/** The commit went unanswered: the transaction is committed as a whole or not at all, and which of both is not known. */
export class TransactionOutcomeUnknownError extends DataApiError {
  override readonly name = "TransactionOutcomeUnknownError";
  override isEffectUnknown = true;
}

/** The request is larger than the Data API takes, and can not be split. Nothing was sent. */
export class RequestTooLargeError extends DataApiError {
  override readonly name = "RequestTooLargeError";

  constructor(message: string) {
    super("RequestTooLarge", message, 0);
  }
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
  table?: string;
  column?: string;
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
      return new TransactionLostError(
        code,
        `${text.replace(/\.$/, "")}: its statements are rolled back.`,
        statusCode,
        options,
      );
    case "UnsupportedResultException":
      return new UnsupportedResultError(code, withRemedy(text), statusCode, options);
    case "AccessDeniedException":
    case "ForbiddenException":
      return new DataApiAccessError(code, text, statusCode, options);
  }
  if (text === "InternalFailure") return new DataApiError(code, INTERNAL_FAILURE, statusCode, options);
  const parts = parseDatabaseError(text);
  return parts ? new DatabaseError(code, text, statusCode, parts) : new DataApiError(code, text, statusCode, options);
}

function withRemedy(text: string): string {
  if (/unsupported data type/.test(text)) return `${text} Select it as text: ("column")::text.`;
  if (/multidimensional/.test(text)) return `${text} Select it as JSON: to_jsonb("column").`;
  if (/size limit/.test(text)) return `${text} Read it by .stream(), or fewer rows or columns at a time.`;
  return text;
}

/** All that AWS says of a date or time that JavaScript's host language has no value for. */
const INTERNAL_FAILURE =
  'InternalFailure: is a date or time "infinity" in the result? Select it as text: "column"::text.';

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
    message: withCast(message!),
    sqlState: sqlState!,
    detail,
    hint,
    position: position ? Number(position) : undefined,
    constraint: /constraint "([^"]+)"/.exec(message!)?.[1],
    table: /(?:relation|table) "([^"]+)"/.exec(message!)?.[1],
    column: /column "([^"]+)"/.exec(message!)?.[1],
  };
}

/** What a value of a `sql` template runs into, for which no column is known. */
function withCast(message: string): string {
  const [, type] =
    /^operator does not exist: ("?[\w ]+"?) \S+ text$/.exec(message) ??
    /^operator does not exist: text \S+ ("?[\w ]+"?)$/.exec(message) ??
    /^column "[^"]+" is of type ("?[\w ]+"?) but expression is of type text$/.exec(message) ??
    [];
  return type ? `${message} (a string in raw SQL goes as text: write \${value}::${type})` : message;
}
