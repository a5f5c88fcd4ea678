import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cell } from "./cell.ts";
import { checkArgs } from "./check-args.ts";
import { InvalidArgumentError } from "./invalid-argument.ts";
import type { TenantSettings } from "./settings.ts";

export interface TenantArgs {
  /** As the stack's file declares it. */
  tenant: TenantSettings;
  /** The cell that its settings name. */
  cell: Cell;
}

/**
 * One tenant inside a cell, made by the cell's lifecycle function: the one mechanism for tenants that a stack's file
 * declares and those that come later. Secrets are made there and never enter Pulumi's state.
 *
 * The invocation is create-only: taking a tenant out of the file forgets it here and deletes nothing.
 *
 * ```ts
 * new Tenant("initech", { tenant, cell });
 * ```
 */
export class Tenant extends pulumi.ComponentResource {
  readonly tenantId: string;

  constructor(name: string, args: TenantArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:tenant:Tenant", name, {}, options);
    checkArgs("Tenant", name, args);
    const { tenant, cell } = args;
    if (tenant.cell !== cell.name) {
      throw new InvalidArgumentError(`Tenant "${name}"`, "cell", cell.name, `its settings say "${tenant.cell}"`);
    }
    this.tenantId = tenant.id;
    new aws.lambda.Invocation(
      `${name}-provisioned`,
      {
        functionName: cell.lifecycleFunction,
        input: JSON.stringify(provisionRequest(tenant)),
        lifecycleScope: "CREATE_ONLY",
      },
      { parent: this, dependsOn: [cell.migrated, cell] },
    );
    this.registerOutputs({ tenantId: this.tenantId });
  }
}

/** What the lifecycle function is asked for. */
export function provisionRequest(tenant: TenantSettings): object {
  const { id, displayName, tier, placement, cell, host, adminEmail, statementTimeoutMs } = tenant;
  return {
    operation: "provision",
    tenant: { id, displayName, tier, placement, cell, hosts: [host], adminEmail, limits: { statementTimeoutMs } },
  };
}
