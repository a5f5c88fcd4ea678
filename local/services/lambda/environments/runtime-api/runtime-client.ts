/** What an environment's process and the platform say to each other, whichever protocol carries it. */

/** An invocation as the process gets it. */
export interface Delivery {
  requestId: string;
  /** JSON */
  payload: string | Uint8Array;
  invokedArn: string;
  /** ms since the epoch */
  deadlineMs: number;
  traceId: string;
  /** JSON */
  clientContext?: string;
  tenantId?: string;
  /** Of an invocation that is sent while another one runs (see claims.ts). */
  claim?: number;
}

export interface RuntimeClient {
  /** From here on `closed` will tell when nothing more comes. */
  connected(): void;
  /**
   * The process waits for an invocation.
   * @param queues Whether `send` may be called again before the next `ready`: it keeps what it gets in order.
   * @param freeze Lets it do nothing any more until it is awakened. Absent: it can not.
   */
  ready(send: (delivery: Delivery) => void, queues: boolean, freeze?: () => void): void;
  response(requestId: string, body: Buffer): void;
  error(requestId: string, body: Buffer): void;
  /** The function answers piece by piece from now on, then comes `streamEnd`, then `ready`. */
  streamBegin(requestId: string, contentType: string): void;
  /** @returns False where there is no room for more: what comes next has to wait for `resume`. */
  streamChunk(requestId: string, chunk: Buffer, resume: () => void): boolean;
  /** @param error JSON: why there is no more */
  streamEnd(requestId: string, error?: Buffer): void;
  /** A function that has streamed its response does nothing more for it. */
  streamDone(requestId: string): void;
  initError(body: Buffer): void;
  /** The process found this invocation taken back, and did not begin it. */
  declined(requestId: string): void;
  /** The process has ended, and all that it said before has been read. */
  closed(): void;
}

/** By the unguessable token that each environment's process gets: no other process can take its invocations. */
export type RuntimeClients = Map<string, RuntimeClient>;

/** A function may send 6 MB; some more, so that the answer can say that it was too large. */
export const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
