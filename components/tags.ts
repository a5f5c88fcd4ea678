/** Tags that every resource of a cell carries: who pays, who owns, where it belongs. */
export type Tags = Record<string, string>;

export interface TagSource {
  environment: string;
  cell?: string;
  tenant?: string;
}

export function tagsFor({ environment, cell, tenant }: TagSource): Tags {
  return {
    Platform: "terrace",
    Environment: environment,
    ...(cell ? { Cell: cell } : {}),
    ...(tenant ? { TenantId: tenant } : {}),
  };
}
