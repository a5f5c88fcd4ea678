/**
 * One statement on a `pg` connection by the extended protocol, with the parameter types said outright and the rows left
 * as text: `pg`'s own Query infers the former and parses the latter. Several value sets run as one implicit transaction.
 */

import type pg from "pg";
import type { BoundValue } from "./parameter-values.ts";

export interface ResultColumn {
  name: string;
  tableID: number;
  columnID: number;
  dataTypeID: number;
  dataTypeModifier: number;
}

export interface StatementResult {
  /** Undefined for a statement that gives no rows. */
  columns?: ResultColumn[];
  rows: (string | null)[][];
  /** `INSERT`, `SELECT` … of the last completed set. */
  command: string;
  /** Rows affected, per set. */
  counts: number[];
  /** Bytes of the rows on PostgreSQL's wire. */
  bytes: number;
}

interface WireConnection {
  stream: { cork(): void; uncork(): void };
  parse(message: object): void;
  bind(message: object): void;
  describe(message: object): void;
  execute(message: object): void;
  sync(): void;
  sendCopyFail(reason: string): void;
}

/** Rows beyond this many bytes are counted but not kept. As JSON they would have more than 10 MB, so both forms refuse. */
export const KEPT_BYTES = 16 * 1024 * 1024;

export function runStatement(client: pg.Client, text: string, sets: BoundValue[][]): Promise<StatementResult> {
  return new Promise((resolve, reject) => {
    // `pg` calls these by name, as it does for its own Query and for pg-cursor.
    (client as unknown as { query(statement: Statement): void }).query(new Statement(text, sets, resolve, reject));
  });
}

class Statement {
  readonly #text: string;
  readonly #sets: BoundValue[][];
  readonly #resolve: (result: StatementResult) => void;
  readonly #reject: (error: Error) => void;
  readonly #result: StatementResult = { rows: [], command: "", counts: [], bytes: 0 };

  constructor(
    text: string,
    sets: BoundValue[][],
    resolve: (result: StatementResult) => void,
    reject: (error: Error) => void,
  ) {
    this.#text = text;
    this.#sets = sets;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: WireConnection): null {
    connection.stream.cork();
    let parsed: number[] | undefined;
    for (const set of this.#sets) {
      if (!parsed || set.some(({ type }, index) => type !== 0 && type !== parsed![index])) {
        // A null says nothing about its type: take it from another set that has a value there.
        parsed = set.map(({ type }, index) => type || typeElsewhere(this.#sets, index));
        connection.parse({ name: "", text: this.#text, types: parsed });
      }
      connection.bind({ values: set.map(({ value }) => value) });
      if (this.#sets.length === 1) connection.describe({ type: "P", name: "" });
      connection.execute({});
    }
    connection.sync();
    connection.stream.uncork();
    return null;
  }

  handleRowDescription(message: { fields: ResultColumn[] }): void {
    this.#result.columns = message.fields;
  }

  handleDataRow(message: { length: number; fields: (string | null)[] }): void {
    this.#result.bytes += message.length;
    if (this.#sets.length === 1 && this.#result.bytes <= KEPT_BYTES) this.#result.rows.push(message.fields);
  }

  handleCommandComplete(message: { text: string }): void {
    const words = message.text.split(" ");
    const count = Number(words.at(-1));
    this.#result.command = Number.isNaN(count) ? message.text : words[0]!;
    this.#result.counts.push(Number.isNaN(count) ? 0 : count);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#result);
  }

  handleError(error: Error): void {
    this.#reject(error);
  }

  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}

  handleCopyInResponse(connection: WireConnection): void {
    connection.sendCopyFail("COPY is not supported by the Data API");
  }
}

function typeElsewhere(sets: BoundValue[][], index: number): number {
  return sets.find((set) => set[index]?.type)?.[index]?.type ?? 0;
}
