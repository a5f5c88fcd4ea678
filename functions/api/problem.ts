/**
 * Errors that a client is told about, as RFC 9457 problem details. Each failure has a class with a code of its own and
 * renders itself; whatever else is thrown becomes `internal` and says nothing about the cause.
 */

import type { HttpResponse } from "./http.ts";

/** One thing that is wrong with a request's input. */
export interface InputError {
  /** JSON pointer into the body (`#/title`), or the parameter's name. */
  pointer: string;
  detail: string;
}

export class Problem extends Error {
  override readonly name: string = "Problem";
  /** Stable, for programs: the last part of `type`. */
  readonly code: string;
  readonly status: number;
  /** The same for every occurrence of the code. */
  readonly title: string;
  /** Members beyond the RFC's. */
  readonly members: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(
    code: string,
    status: number,
    title: string,
    detail?: string,
    { members = {}, headers = {} }: { members?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail ?? title);
    this.code = code;
    this.status = status;
    this.title = title;
    this.members = members;
    this.headers = headers;
  }

  render(requestId: string): HttpResponse {
    const detail = this.message === this.title ? {} : { detail: this.message };
    return {
      status: this.status,
      headers: { "content-type": "application/problem+json", ...this.headers },
      body: {
        type: `urn:terrace:problem:${this.code}`,
        title: this.title,
        status: this.status,
        ...detail,
        requestId,
        ...this.members,
      },
    };
  }
}

export class NotFound extends Problem {
  constructor(what = "resource") {
    super("not-found", 404, "Not found", `There is no such ${what}.`);
  }
}

export class MethodNotAllowed extends Problem {
  constructor(allowed: string[]) {
    const list = allowed.join(", ");
    super("method-not-allowed", 405, "Method not allowed", `Allowed here: ${list}.`, { headers: { allow: list } });
  }
}

/** A valid token is missing, or the authorizer named no tenant. */
export class Unauthorized extends Problem {
  constructor() {
    super("unauthorized", 401, "Unauthorized", "Send `Authorization: Bearer <id token>`.", {
      headers: { "www-authenticate": "Bearer" },
    });
  }
}

export class InvalidRequest extends Problem {
  constructor(errors: InputError[]) {
    super(
      "invalid-request",
      400,
      "The request is not valid",
      errors.map((e) => `${e.pointer} ${e.detail}`).join("; "),
      {
        members: { errors },
      },
    );
  }
}

export class MalformedJson extends Problem {
  constructor(reason: string) {
    super("malformed-json", 400, "The request body is not JSON", reason);
  }
}

export class UnsupportedMediaType extends Problem {
  constructor(received: string) {
    super("unsupported-media-type", 415, "Unsupported media type", `Send application/json, not ${received}.`, {
      headers: { accept: "application/json" },
    });
  }
}

export class InvalidCursor extends Problem {
  constructor() {
    super(
      "invalid-cursor",
      400,
      "The cursor is not valid",
      "Use `nextCursor` of this list unchanged, or start without.",
    );
  }
}

export class IdempotencyKeyReused extends Problem {
  constructor() {
    super(
      "idempotency-key-reused",
      422,
      "The idempotency key was used for another request",
      "Send a new Idempotency-Key, or exactly the body that was sent with this one.",
    );
  }
}

export class IdempotencyInProgress extends Problem {
  constructor() {
    super("idempotency-in-progress", 409, "The first request with this idempotency key is still running", undefined, {
      headers: { "retry-after": "1" },
    });
  }
}

export class AlbumNotEmpty extends Problem {
  constructor() {
    super("album-not-empty", 409, "The album still has photos", "Delete its photos first.");
  }
}

/** The database is waking up, or something the API needs does not answer. */
export class Unavailable extends Problem {
  constructor(retryAfterSeconds: number) {
    super("unavailable", 503, "Temporarily unavailable", "Nothing was changed. Try again shortly.", {
      headers: { "retry-after": String(retryAfterSeconds) },
    });
  }
}

export class InternalError extends Problem {
  constructor() {
    super("internal", 500, "Internal error", "Quote the requestId when you report this.");
  }
}
