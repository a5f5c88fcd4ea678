/** The platform: the cells that this stack's file names, and the tenants it declares in them. */
import { ApiLogging, Cell, settings as readSettings, Tenant } from "./components/index.ts";

const settings = readSettings();

new ApiLogging("api-logging");
const built = new Map(settings.cells.map((cell) => [cell.name, new Cell(cell.name, { cell, settings })]));
for (const tenant of settings.tenants) new Tenant(tenant.id, { tenant, cell: built.get(tenant.cell)! });

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
