/** How a call reaches the Data API: the dialect needs no more than this of a client. */

export type DataApiOperation =
  | "ExecuteStatement"
  | "BatchExecuteStatement"
  | "BeginTransaction"
  | "CommitTransaction"
  | "RollbackTransaction";

/** A value on the wire; exactly one member is set. */
export interface Field {
  isNull?: boolean;
  booleanValue?: boolean;
  longValue?: number;
  doubleValue?: number;
  stringValue?: string;
  /** Base64 text when it comes straight from the wire. */
  blobValue?: Uint8Array | string;
  arrayValue?: { [member: string]: unknown };
}

export interface ColumnMetadata {
  label?: string;
  name?: string;
  typeName?: string;
}

export interface ExecuteOutput {
  records?: Field[][];
  columnMetadata?: ColumnMetadata[];
  numberOfRecordsUpdated?: number;
  transactionId?: string;
  transactionStatus?: string;
}

/**
 * Makes one call, once: retrying is the driver's, which knows what may be repeated.
 * @throws DataApiError
 */
export type DataApiTransport = (
  operation: DataApiOperation,
  input: object,
  options?: { signal?: AbortSignal },
) => Promise<ExecuteOutput>;
