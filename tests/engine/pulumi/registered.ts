/** A resource as the real CLI registered it and as engine/ evaluated it, in one form, so that the two can be compared. */
import type { Resource, Value } from "../../../engine/graph.ts";
import { decodeAll, SIGNATURE } from "../../../engine/wire.ts";
import type { StateResource } from "./workspace.ts";

export interface Registration {
  urn: string;
  type: string;
  custom: boolean;
  parent: string | undefined;
  id: string | undefined;
  inputs: Record<string, Value>;
  outputs: Record<string, Value>;
  secrets: string[];
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  protect: boolean;
}

export function ofGraph(resource: Resource): Registration {
  const { urn, type, custom, parent, id, inputs, outputs, secrets, dependencies, propertyDependencies } = resource;
  return {
    ...{ urn, type, custom, parent, id, inputs, outputs, dependencies, propertyDependencies },
    secrets: secrets.filter((name) => name in inputs).sort(),
    protect: resource.options.protect ?? false,
  };
}

export function ofState(resource: StateResource, directory: string): Registration {
  const { values, secrets } = decodeAll(revealed(resource.inputs ?? {}), directory);
  const dependencies = Object.entries(resource.propertyDependencies ?? {})
    .map(([property, urns]) => [property, [...new Set(urns ?? [])].sort()] as const)
    .filter(([, urns]) => urns.length > 0);
  return {
    urn: resource.urn,
    type: resource.type,
    custom: resource.custom,
    parent: resource.parent,
    id: resource.id,
    inputs: values,
    outputs: decodeAll(revealed(resource.outputs ?? {}), directory).values,
    secrets: secrets.sort(),
    dependencies: [...new Set(resource.dependencies ?? [])].sort(),
    propertyDependencies: Object.fromEntries(dependencies),
    protect: resource.protect ?? false,
  };
}

/** An exported secret holds its value as JSON; over the wire it is plain. */
function revealed<T>(value: T): T {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(revealed) as T;
  const entries = Object.entries(value).map(([key, item]) =>
    key === "plaintext" && SIGNATURE in value ? ["value", JSON.parse(item)] : [key, revealed(item)],
  );
  return Object.fromEntries(entries);
}
