/** What has to agree between the parts of a stack's file: names used once, tenants in cells that there are, hosts in the zone. */
import { type AddressRequest, planAddresses } from "../network/address-plan.ts";
import type { CellSettings, Settings } from "../settings.ts";
import type { Problems } from "./reader.ts";

export function checkRelations(
  { cells, tenants, zone, database }: Omit<Settings, "cells"> & { cells: Omit<CellSettings, "cidr">[] },
  problems: Problems,
): void {
  for (const name of duplicates(cells.map((cell) => cell.name))) problems.push(`cells: "${name}" is named twice`);
  for (const id of duplicates(tenants.map((tenant) => tenant.id))) {
    problems.push(`tenants: the id "${id}" is used twice; ids are for ever`);
  }
  for (const host of duplicates(tenants.map((tenant) => tenant.host))) {
    problems.push(`tenants: the host "${host}" is used twice; each tenant has a front door of its own`);
  }
  if (database.minAcu > database.maxAcu)
    problems.push(`database.minAcu: ${database.minAcu} exceeds maxAcu, ${database.maxAcu}`);
  for (const [index, tenant] of tenants.entries()) {
    const path = `tenants[${index}] ("${tenant.id}")`;
    const cell = cells.find(({ name }) => name === tenant.cell);
    if (!cell) {
      problems.push(
        `${path}.cell: there is no cell "${tenant.cell}"; there are ${cells.map(({ name }) => name).join(", ")}`,
      );
    } else if ((cell.kind === "silo") !== (tenant.placement === "silo")) {
      const remedy =
        cell.kind === "silo" ? 'a silo cell takes one tenant with placement "silo"' : "put it into a silo cell";
      problems.push(
        `${path}: placement "${tenant.placement}" and cell "${cell.name}" (${cell.kind}) disagree; ${remedy}`,
      );
    }
    if (zone && !tenant.host.endsWith(`.${zone}`))
      problems.push(`${path}.host: "${tenant.host}" is not in the zone ${zone}`);
  }
  for (const cell of cells.filter(({ kind }) => kind === "silo")) {
    const inside = tenants.filter((tenant) => tenant.cell === cell.name);
    if (inside.length > 1)
      problems.push(
        `cells: the silo "${cell.name}" holds ${inside.map(({ id }) => id).join(", ")}; a silo has one tenant`,
      );
  }
}

export function planOrReport(cells: AddressRequest[], problems: Problems): Map<string, string> {
  try {
    return planAddresses(cells);
  } catch (error) {
    problems.push(`cells: ${(error as Error).message}`);
    return new Map();
  }
}

function duplicates(values: string[]): string[] {
  return [...new Set(values.filter((value, index) => value !== "" && values.indexOf(value) !== index))];
}
