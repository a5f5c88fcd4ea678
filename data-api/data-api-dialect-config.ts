import type { ColumnTypes } from "./compile/column-types.ts";
import type { Parsers } from "./decode-result.ts";
import type { DataApiTransport } from "./transport/data-api-transport.ts";
import type { HttpTransportOptions } from "./transport/http-transport.ts";

/** Everything but the first two members has a default. */
export interface DataApiDialectConfig extends HttpTransportOptions {
  /** The cluster. */
  resourceArn: string;
  /** The secret whose `username` every statement runs as. */
  secretArn: string;
  /** @default the cluster's own */
  database?: string;
  /** The generated map from columns to types. Without it every value goes by its JavaScript type, and needs casts. */
  columnTypes?: ColumnTypes;
  /** Per PostgreSQL type, how its text becomes a value: `{ int8: BigInt, timestamptz: String }`. */
  parsers?: Parsers;
  /** Instead of the built-in one: shared by several instances, `sdkTransport(client)`, or one of your own. */
  transport?: DataApiTransport;
  /** How long to wait for a paused cluster, in milliseconds. @default 60000 */
  resumeTimeoutMs?: number;
  /**
   * How long a statement may run, in milliseconds. In a transaction PostgreSQL ends it there (SQLState 57014); outside one the
   * call is given up, while the statement may still end.
   * @default what the role has, and the Data API's own 45 seconds
   */
  statementTimeoutMs?: number;
  /** How long a migrator waits for another to finish, in milliseconds. @default 600000 */
  migrationLockTimeoutMs?: number;
  /** Pause before the attempt after this one, counted from 1. @default 100 ms doubling up to 2 s, with jitter */
  retryDelayMs?: (attempt: number) => number;
  /** Told once for each wait of a paused cluster. @default a line by console.warn */
  onResume?: (waitedMs: number) => void;
}
