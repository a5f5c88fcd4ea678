/** What a stack costs idle, cell by cell and tenant by tenant, and per million requests. Pure. */
import type { Graph, Resource } from "../../engine/graph.ts";
import { type Item, idleItems } from "./idle.ts";
import { HOURS_PER_MONTH, PRICES } from "./prices.ts";
import { trafficItems } from "./traffic.ts";

export interface CellCost {
  name: string;
  kind: string;
  /** Summed by what it is, dearest first. */
  idle: (Item & { count: number })[];
  idleUsd: number;
  perMillionRequests: Item[];
  perMillionUsd: number;
}

export interface TenantCost {
  id: string;
  placement: string;
  cell: string;
  /** What the tenant adds to its cell; a silo's cell is its own, and counted whole. */
  items: Item[];
  idleUsd: number;
}

export interface Estimate {
  stack: string;
  cells: CellCost[];
  tenants: TenantCost[];
  /** Of the stack, but of no cell. */
  shared: (Item & { count: number })[];
  /** Types whose price is not in the table, with how many there are. */
  unknown: Record<string, number>;
  /** The same stack as others would build it by default. */
  peers: { name: string; usdPerMonth: number; why: string }[];
}

/** What the lifecycle function makes for a tenant costs, whether or not Pulumi declares the tenant. */
const TENANT_ITEMS: Item[] = [{ what: "its database role's secret", usdPerMonth: PRICES.secret.usd }];

/** awsx's Vpc as it is without arguments: a NAT gateway with an address in each of three zones. */
const AWSX_NAT_USD = 3 * (PRICES.natGateway.usd + PRICES.publicAddress.usd) * HOURS_PER_MONTH;

export function estimate(graph: Graph): Estimate {
  const cellsOf = (graph.outputs.cells ?? {}) as unknown as Record<string, { kind: string }>;
  const tenantsOf = (graph.outputs.tenants ?? {}) as unknown as Record<string, { placement: string; cell: string }>;
  const unknown: Record<string, number> = {};
  const groups = new Map<string, Resource[]>();
  const byUrn = new Map(graph.resources.map((resource) => [resource.urn, resource]));
  for (const resource of graph.resources) {
    if (!resource.custom && !resource.type.startsWith("awsx:")) continue;
    if (resource.type.startsWith("pulumi:")) continue;
    const cell = cellOf(resource, byUrn) ?? "";
    groups.set(cell, [...(groups.get(cell) ?? []), resource]);
  }
  const costOf = (resources: readonly Resource[]) =>
    summed(
      resources.flatMap((resource) => {
        const items = idleItems(resource, graph.resources);
        if (!items) unknown[resource.type] = (unknown[resource.type] ?? 0) + 1;
        return items ?? [];
      }),
    );
  const cells = Object.entries(cellsOf).map(([name, { kind }]): CellCost => {
    const resources = groups.get(name) ?? [];
    const idle = costOf(resources);
    const perMillionRequests = trafficItems(resources);
    return { name, kind, idle, idleUsd: total(idle), perMillionRequests, perMillionUsd: total(perMillionRequests) };
  });
  const tenants = Object.entries(tenantsOf).map(([id, { placement, cell }]): TenantCost => {
    const own = cells.find(({ name, kind }) => name === cell && kind === "silo");
    const items = [...TENANT_ITEMS, ...(own ? [{ what: `its cell ${cell}`, usdPerMonth: own.idleUsd }] : [])];
    return { id, placement, cell, items, idleUsd: total(items) };
  });
  const shared = costOf(groups.get("") ?? []);
  const idleUsd = total(cells.map((cell) => ({ usdPerMonth: cell.idleUsd })));
  return { stack: graph.stack, cells, tenants, shared, unknown, peers: peers(idleUsd, cells.length) };
}

function peers(idleUsd: number, cells: number): Estimate["peers"] {
  return [
    {
      name: "awsx's default network",
      usdPerMonth: idleUsd + cells * AWSX_NAT_USD,
      why: `${cells} × a NAT gateway in each of three zones, where functions reach the database through a VPC`,
    },
    {
      name: "SST's default Aurora and Vpc",
      usdPerMonth: cells * (PRICES.auroraStorage.usd + PRICES.secret.usd),
      why: "0 ACU at least and no NAT gateway as well; without dead-letter alarms, health and a secret per tenant",
    },
  ];
}

/** The component `Cell` around a resource. */
function cellOf(resource: Resource, all: Map<string, Resource>): string | undefined {
  for (
    let each: Resource | undefined = resource;
    each;
    each = each.parent === undefined ? undefined : all.get(each.parent)
  ) {
    if (each.type === "terrace:cell:Cell") return each.name;
  }
  return undefined;
}

function summed(items: readonly Item[]): (Item & { count: number })[] {
  const byName = new Map<string, Item & { count: number }>();
  for (const { what, usdPerMonth } of items) {
    const known = byName.get(what) ?? { what, usdPerMonth: 0, count: 0 };
    byName.set(what, { what, usdPerMonth: known.usdPerMonth + usdPerMonth, count: known.count + 1 });
  }
  return [...byName.values()].sort((a, b) => b.usdPerMonth - a.usdPerMonth || (a.what < b.what ? -1 : 1));
}

function total(items: readonly { usdPerMonth: number }[]): number {
  return Math.round(items.reduce((sum, { usdPerMonth }) => sum + usdPerMonth, 0) * 100) / 100;
}
