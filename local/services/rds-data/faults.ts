/**
 * Faults on demand, to try what a program does when the Data API fails: errors of any of its types, connections that
 * break off before or after the statement ran, slowness. Tests hold the object; at the machine the administrator sets
 * them at `/faults` of the Data API's endpoint (docs: local/DIFFERENCES.md).
 */

import { Readable } from "node:stream";
import { AwsError, type AwsRequest, type AwsResponse, type Clock } from "../../service.ts";
import { resuming } from "./auto-pause.ts";
import { badRequest } from "./errors.ts";

export interface Fault {
  /** An error's type, `Dropped` for a connection that breaks off without an answer, `Slow` for a late one. */
  fault: string;
  /** Whether the statement runs first, its answer being lost. @default "before" */
  when?: "before" | "after";
  /** How often it strikes before it is gone. @default 1 */
  times?: number;
  /** It strikes at each n-th call that it matches. @default 1 */
  every?: number;
  /** Only calls of this operation: `ExecuteStatement`. @default all */
  operation?: string;
  /** Only statements that contain this text, in whatever case. @default all */
  sql?: string;
  /** Of `Slow`, in milliseconds. @default 1000 */
  delayMs?: number;
}

/** Status and message of each type, where the message is not made for the call. */
const ERRORS: Record<string, [status: number, message: string]> = {
  AccessDeniedException: [403, "You don't have sufficient access to perform this action."],
  BadRequestException: [400, "There is an error in the call or in a SQL statement."],
  DatabaseErrorException: [400, "There was an error in processing the SQL statement."],
  DatabaseNotFoundException: [404, "The DB cluster doesn't have a DB instance."],
  DatabaseResumingException: [400, ""],
  DatabaseUnavailableException: [504, "The writer instance in the DB cluster isn't available."],
  ForbiddenException: [403, "There are insufficient privileges to make the call."],
  HttpEndpointNotEnabledException: [400, "The HTTP endpoint isn't enabled for the DB cluster."],
  InternalServerErrorException: [500, "An internal error occurred."],
  InvalidResourceStateException: [400, "The resource is in an invalid state."],
  InvalidSecretException: [400, "The Secrets Manager secret used with the request isn't valid."],
  NotFoundException: [404, "The resourceArn, secretArn, or transactionId value can't be found."],
  SecretsErrorException: [400, "There was a problem with the Secrets Manager secret used with the request."],
  ServiceUnavailableError: [503, "The service specified by the resourceArn parameter is not available."],
  StatementTimeoutException: [400, "Request timed out"],
  ThrottlingException: [400, "Rate exceeded"],
  TransactionNotFoundException: [404, "The transaction ID wasn't found."],
  UnsupportedResultException: [400, "There was a problem with the result."],
};

const MEMBERS = ["fault", "when", "times", "every", "operation", "sql", "delayMs"];

export class Faults {
  readonly #clock: Clock;
  #armed: { fault: Fault; left: number; seen: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Replaces all faults: `set()` ends them. */
  set(...faults: Fault[]): void {
    for (const fault of faults) check(fault);
    this.#armed = faults.map((fault) => ({ fault, left: fault.times ?? 1, seen: 0 }));
  }

  /** What is still to strike. */
  list(): Fault[] {
    return this.#armed.map(({ fault, left }) => ({ ...fault, times: left }));
  }

  /**
   * Runs a call, with the first fault that strikes it.
   * @returns the call's answer, or one that breaks the connection
   */
  async around(
    operation: string,
    input: { resourceArn?: unknown; sql?: unknown },
    task: () => Promise<AwsResponse>,
  ): Promise<AwsResponse> {
    const fault = this.#armed.length > 0 ? this.#next(operation, String(input.sql ?? "")) : undefined;
    if (!fault) return task();
    if (fault.when === "after") {
      const answer = await task();
      // A statement that failed tells so itself.
      if (answer.status !== 200) return answer;
    }
    if (fault.fault === "Dropped") return dropped();
    if (fault.fault !== "Slow") throw errorOf(fault.fault, String(input.resourceArn));
    await new Promise<void>((resume) => this.#clock.after(fault.delayMs ?? 1000, resume));
    return task();
  }

  #next(operation: string, sql: string): Fault | undefined {
    for (const entry of this.#armed) {
      const { fault } = entry;
      if (fault.operation !== undefined && fault.operation !== operation) continue;
      if (fault.sql !== undefined && !sql.toLowerCase().includes(fault.sql.toLowerCase())) continue;
      if (++entry.seen % (fault.every ?? 1) !== 0) continue;
      if (--entry.left <= 0) this.#armed = this.#armed.filter((other) => other !== entry);
      return fault;
    }
    return undefined;
  }
}

/** `GET` tells the faults, `PUT` sets them, `DELETE` ends them. For the administrator only. */
export function faultsEndpoint(faults: Faults, request: AwsRequest): AwsResponse | undefined {
  if (request.url.pathname !== "/faults") return undefined;
  if (request.principal.type !== "administrator") {
    throw new AwsError("AccessDeniedException", "Faults are set with the administrator's keys only.", 403);
  }
  if (request.method === "PUT") faults.set(...read(request.body.toString("utf8")));
  else if (request.method === "DELETE") faults.set();
  else if (request.method !== "GET") throw badRequest("/faults takes GET, PUT and DELETE.");
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(faults.list()) };
}

function read(body: string): Fault[] {
  let given: unknown;
  try {
    given = JSON.parse(body);
  } catch {
    throw badRequest('The faults are not JSON: [{"fault": "ThrottlingException", "times": 3}]');
  }
  return (Array.isArray(given) ? given : [given]) as Fault[];
}

function check(fault: Fault): void {
  if (typeof fault !== "object" || fault === null) throw badRequest("A fault is an object with a member `fault`.");
  const unknown = Object.keys(fault).find((name) => !MEMBERS.includes(name));
  if (unknown) throw badRequest(`A fault has no member "${unknown}"; there are: ${MEMBERS.join(", ")}.`);
  if (fault.fault !== "Dropped" && fault.fault !== "Slow" && !Object.hasOwn(ERRORS, fault.fault)) {
    const known = ["Dropped", "Slow", ...Object.keys(ERRORS)].join(", ");
    throw badRequest(`There is no fault "${fault.fault}"; there are: ${known}.`);
  }
  if (fault.when !== undefined && fault.when !== "before" && fault.when !== "after") {
    throw badRequest(`A fault's \`when\` is "before" or "after", not "${fault.when}".`);
  }
  if (fault.fault === "Slow" && fault.when === "after") throw badRequest("Slow has no `when`: the answer is late.");
  for (const name of ["times", "every"] as const) {
    const count = fault[name];
    if (count !== undefined && !(Number.isInteger(count) && count > 0) && count !== Number.POSITIVE_INFINITY) {
      throw badRequest(`A fault's \`${name}\` is a whole number from 1 on, not ${JSON.stringify(count)}.`);
    }
  }
  if (fault.delayMs !== undefined && !(typeof fault.delayMs === "number" && fault.delayMs >= 0)) {
    throw badRequest(`A fault's \`delayMs\` is a number of milliseconds, not ${JSON.stringify(fault.delayMs)}.`);
  }
  for (const name of ["operation", "sql"] as const) {
    if (fault[name] !== undefined && typeof fault[name] !== "string")
      throw badRequest(`A fault's \`${name}\` is text.`);
  }
}

function errorOf(code: string, resourceArn: string): AwsError {
  if (code === "DatabaseResumingException") return resuming(resourceArn);
  const [status, message] = ERRORS[code]!;
  return new AwsError(code, message, status);
}

/** A body that fails before its first byte makes the server close the connection. */
function dropped(): AwsResponse {
  const body = new Readable({
    read() {
      this.destroy(new Error("dropped"));
    },
  });
  return { status: 200, body };
}
