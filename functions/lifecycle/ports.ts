/** What the lifecycle needs of the world. `connect.ts` has AWS behind it; tests have fakes. */

import type { TenantRecord } from "../shared/tenant-registry.ts";

export interface DatabaseSecret {
  arn: string;
  username: string;
  password: string;
}

/** Another run changed the record in the meantime: look again, then decide again. */
export class TenantChanged extends Error {
  override readonly name = "TenantChanged";
  constructor(tenantId: string) {
    super(`Tenant ${tenantId} was changed by another operation`);
  }
}

export interface LifecyclePorts {
  registry: {
    get(tenantId: string): Promise<TenantRecord | undefined>;
    /**
     * @param expectedVersion The stateVersion the change was made from; undefined for a new tenant.
     * @throws TenantChanged when the record has another one by now.
     */
    put(record: TenantRecord, expectedVersion: number | undefined): Promise<void>;
  };
  /** One statement in the cell's database, as its administrator, outside any transaction. */
  sql(statement: string): Promise<unknown[]>;
  migrate(database: string): Promise<void>;
  /** The tenant's secret; made from `initial` and tagged with the tenant's id where there is none. */
  databaseSecret(tenantId: string, initial: () => Omit<DatabaseSecret, "arn">): Promise<DatabaseSecret>;
  /** A SecureString's value; made from `initial` where there is none. */
  parameter(tenantId: string, name: string, initial: () => string): Promise<string>;
  /** Null removes it. */
  setParameter(tenantId: string, name: string, value: string | null): Promise<void>;
  /** The id of the API key with this value, on the usage plan of the tenant's tier and no other; undefined where tiers have none. */
  apiKey(tenantId: string, value: string, record: TenantRecord): Promise<string | undefined>;
  random(bytes: number): Buffer;
  now(): Date;
}
