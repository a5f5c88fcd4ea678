/**
 * What a function needs to know of a tenant to act for it. None of it is secret: the database secret is named, and only the
 * tenant's own session can read it.
 */
export interface TenantAccess {
  tenantId: string;
  tier: string;
  /** The signed-in user (`sub`); absent when a queue's message is the reason to act. */
  subject?: string;
  /** Database inside the cell's cluster: `app` (pool, silo) or `t_<id>` (bridge). */
  database: string;
  /** Secret of the tenant's LOGIN role. */
  dbSecretArn: string;
}
