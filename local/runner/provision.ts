/** Hands a resource of the graph to the service that owns its type. */
import type { Resource } from "../../engine/graph.ts";
import type { RunningCloud } from "../cloud.ts";
import { ownerOf } from "../services/index.ts";
import { inert } from "../services/inert.ts";

/** @throws naming the resource: when nobody claims its type, or its service refuses it. */
export function provisioner(cloud: Pick<RunningCloud, "service">): (resource: Resource) => Promise<void> {
  return async (resource) => {
    const { type, name } = resource;
    if (inert(type)) return;
    const owner = ownerOf(type);
    const provision = owner && (await cloud.service(owner)).resources[type];
    if (!provision) {
      throw new Error(
        `${type} "${name}" is not emulated on this machine. A service in local/services/ must claim the type, ` +
          "or local/services/inert.ts must list it if it needs nothing here.",
      );
    }
    try {
      await provision(resource);
    } catch (error) {
      throw new Error(`${type} "${name}": ${(error as Error).message}`, { cause: error });
    }
  };
}
