/** What a function is linked to: the values that it reads, and the grants that using them takes. Nothing of it has a key in code. */
import * as pulumi from "@pulumi/pulumi";
import type { Grant } from "../grants.ts";
import { InvalidArgumentError } from "../invalid-argument.ts";

/** What one verb of a component gives: `bucket.read()`, `queue.send()`. */
export interface Link {
  /** By the names under which the function reads them. */
  values: Record<string, pulumi.Input<string>>;
  grants: Grant[];
}

/** By the name that the function knows it by; a list where it does more than one thing with it. */
export type Links = Record<string, Link | Link[]>;

/** The one variable that carries all values. */
export const LINK_VARIABLE = "TERRACE_LINK";

/** What a function's linking comes to. */
export interface Linked {
  environment: Record<string, pulumi.Output<string>>;
  grants: Grant[];
  /** The names of the values by the names of the links: what types are generated from. */
  names: Record<string, string[]>;
}

/** A component alone says nothing of what a function may do with it. @throws InvalidArgumentError naming the link */
export function checkLinks(component: string, links: unknown): void {
  for (const [name, link] of Object.entries(links ?? {})) {
    if (!pulumi.Resource.isInstance(link)) continue;
    const remedy = "say what the function may do with it, by a verb of it: read(), send(), query()…";
    throw new InvalidArgumentError(component, `link.${name}`, link, remedy);
  }
}

/** @throws InvalidArgumentError for a name that no program could write, and for verbs that name different things. */
export function linkAll(component: string, links: Links): Linked {
  const all = Object.entries(links).map(([name, link]): [string, Link] => [name, joined(component, name, link)]);
  if (all.length === 0) return { environment: {}, grants: [], names: {} };
  const values = Object.fromEntries(all.map(([name, link]) => [name, link.values]));
  return {
    environment: { [LINK_VARIABLE]: pulumi.jsonStringify(values) },
    grants: all.flatMap(([, { grants }]) => grants),
    names: Object.fromEntries(all.map(([name, link]) => [name, Object.keys(link.values).sort()])),
  };
}

function joined(component: string, name: string, link: Link | Link[]): Link {
  const argument = `link.${name}`;
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) {
    throw new InvalidArgumentError(component, argument, name, "it has to be a name such as photos or orderEvents");
  }
  const links = [link].flat();
  if (links.length === 0)
    throw new InvalidArgumentError(component, argument, [], "say what it may do, or leave it out");
  const values: Link["values"] = {};
  for (const [key, value] of links.flatMap((each) => Object.entries(each.values))) {
    if (values[key] !== undefined && values[key] !== value) {
      const remedy = `its verbs are of different things, which both have a ${key}; give each a name of its own`;
      throw new InvalidArgumentError(component, argument, "given", remedy);
    }
    values[key] = value;
  }
  return { values, grants: links.flatMap(({ grants }) => grants) };
}
