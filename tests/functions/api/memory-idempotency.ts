/** Powertools' persistence in memory. */

import {
  IdempotencyItemAlreadyExistsError,
  IdempotencyItemNotFoundError,
  IdempotencyRecordStatus,
} from "@aws-lambda-powertools/idempotency";
import { BasePersistenceLayer } from "@aws-lambda-powertools/idempotency/persistence";

type IdempotencyRecord = Parameters<BasePersistenceLayer["processExistingRecord"]>[0];

export class MemoryIdempotency extends BasePersistenceLayer {
  readonly records = new Map<string, IdempotencyRecord>();

  protected async _deleteRecord(record: IdempotencyRecord) {
    this.records.delete(record.idempotencyKey);
  }
  protected async _getRecord(key: string) {
    const found = this.records.get(key);
    if (!found) throw new IdempotencyItemNotFoundError();
    return found;
  }
  protected async _putRecord(record: IdempotencyRecord) {
    const found = this.records.get(record.idempotencyKey);
    if (found && found.getStatus() !== IdempotencyRecordStatus.EXPIRED)
      throw new IdempotencyItemAlreadyExistsError("exists", found);
    this.records.set(record.idempotencyKey, record);
  }
  protected async _updateRecord(record: IdempotencyRecord) {
    this.records.set(record.idempotencyKey, record);
  }
}
