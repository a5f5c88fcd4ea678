/** The platform: the cells that this stack's file names, and the tenants it declares in them. */
import { setImmediate as turn } from "node:timers/promises";
import { ApiLogging, Cell, settings as readSettings, Tenant } from "./components/index.ts";

const settings = readSettings();

new ApiLogging("api-logging");
const built = new Map<string, Cell>();
for (const each of settings.cells) {
  const cell = new Cell(each.name, { cell: each, settings });
  built.set(each.name, cell);
  // Pulumi registers what there is while the next is not there yet: memory is given back, and each takes the same time.
  await turn();
  for (const tenant of settings.tenants) {
    if (tenant.cell !== each.name) continue;
    new Tenant(tenant.id, { tenant, cell });
    await turn();
  }
}

export const environment = settings.environment;

export const cells = Object.fromEntries(
  [...built].map(([name, cell]) => [
    name,
    {
      kind: cell.kind,
      apiId: cell.api.apiId,
      apiStage: cell.api.stageName,
      apiUrl: cell.api.url,
      userPoolId: cell.users.userPoolId,
      userPoolClientId: cell.users.clientId,
      clusterArn: cell.database.clusterArn,
      bucket: cell.bucket.bucketName,
      tenantsTable: cell.tenantsTable,
      topicArn: cell.topicArn,
      lifecycleFunction: cell.lifecycleFunction,
    },
  ]),
);

export const tenants = Object.fromEntries(
  settings.tenants.map(({ id, placement, tier, cell: name, host }) => {
    const cell = built.get(name)!;
    return [
      id,
      {
        ...{ placement, tier, cell: name, host, url: `https://${host}` },
        apiId: cell.api.apiId,
        apiStage: cell.api.stageName,
        userPoolId: cell.users.userPoolId,
        userPoolClientId: cell.users.clientId,
        clusterArn: cell.database.clusterArn,
        tenantsTable: cell.tenantsTable,
      },
    ];
  }),
);
