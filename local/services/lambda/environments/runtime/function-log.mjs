/** What a function writes with `console`, and what the runtime says of its errors: as text or JSON, a line for each event. */

const { format } = process.getBuiltinModule("node:util");

const { env } = process;
let requestId;

/** The lines that follow belong to this request. */
export function logFor(id) {
  requestId = id;
}

export function patchConsole() {
  const levels = { trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR" };
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...values) => write(level, ...values);
  }
}

export function write(level, ...values) {
  const time = new Date().toISOString();
  if (env.AWS_LAMBDA_LOG_FORMAT !== "JSON") {
    // A carriage return keeps a message of several lines one log event; whoever reads this pipe turns it back.
    const text = format(...values.map((value) => (value?.errorType ? `\t${JSON.stringify(value)}` : value)));
    process.stdout.write(`${time}\t${requestId}\t${level}\t${text.replaceAll("\n", "\r")}\n`);
    return;
  }
  const order = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
  if (order.indexOf(level) < order.indexOf(env.AWS_LAMBDA_LOG_LEVEL ?? "INFO")) return;
  const error = values.find((value) => value instanceof Error || value?.errorType);
  const told = error && describe(error);
  const message = values.length === 1 && !error ? values[0] : format(...values.filter((value) => value !== told));
  process.stdout.write(
    `${JSON.stringify({
      timestamp: time,
      level,
      requestId,
      message,
      ...(told && { errorType: told.errorType, errorMessage: told.errorMessage, stackTrace: told.trace }),
    })}\n`,
  );
}

/** Lambda's form of an error. What is no Error is told by its type and text. */
export function describe(error) {
  if (error !== null && typeof error === "object" && typeof error.errorType === "string") {
    return { trace: [], ...error };
  }
  if (!(error instanceof Error)) {
    return { errorType: error === null ? "null" : typeof error, errorMessage: format(error), trace: [] };
  }
  const trace = String(error.stack ?? "").split("\n");
  return { errorType: error.name, errorMessage: error.message, trace };
}
