/** What the operations on HTTP and WebSocket APIs have in common. A change names the members that it changes. */
import type { Access, Cloud, Operation } from "../../../service.ts";
import { badRequest, notFound, shown } from "../control/kinds.ts";
import type { Apis } from "../model/apis.ts";
import { type Document, pathOf } from "../model/documents.ts";
import { newKeyId } from "../model/keys.ts";

export interface KindsV2 {
  on(verb: string, path: string): Access;
  may(verb: string, template: string): Pick<Operation, "authorize">;
  /** @throws NotFoundException in API Gateway's words */
  find(template: string, input: Document): Document;
  list(template: string): Operation;
  /** Creates, finds, lists, changes and deletes one kind: `Route` at `/apis/{ApiId}/routes/{RouteId}`. */
  crud(kind: Kind): Record<string, Operation>;
}

export interface Kind {
  /** `Route`: the operations are `CreateRoute`, `GetRoute`, `GetRoutes`, `UpdateRoute` and `DeleteRoute`. */
  name: string;
  /** Its last name is the member that names one. */
  path: string;
  /** What it has where the call says nothing. */
  defaults?(input: Document): Document;
  /** @param known What was there before a change. */
  check?(next: Document, input: Document, known?: Document): void;
  mayDelete?(input: Document, found: Document): void;
}

export function kindsV2(cloud: Cloud, { documents }: Apis): KindsV2 {
  function find(template: string, input: Document): Document {
    let found: Document | undefined;
    const parts = template.split("/");
    for (const [index, part] of parts.entries()) {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      if (name === undefined) continue;
      found = documents.get(pathOf(parts.slice(0, index + 1).join("/"), input));
      if (found) continue;
      if (name === "ApiId") throw notFound(`Invalid API identifier specified ${cloud.account}:${input.ApiId}`);
      if (name === "StageName")
        throw notFound(`Unable to find Stage by name ${input.StageName} within the provided API`);
      const kind = name.replace(/Id$/, "");
      throw notFound(
        name === "DomainName"
          ? `The domain name resource specified in the request was not found.`
          : `Unable to find ${kind} by ID ${input[name]} within the provided API`,
      );
    }
    return found ?? {};
  }

  const on = (verb: string, path: string): Access => ({
    action: `apigateway:${verb}`,
    resource: `arn:aws:apigateway:${cloud.region}::${path}`,
  });
  const may = (verb: string, template: string) => ({
    authorize: (input: Document) => on(verb, pathOf(template, input)),
  });
  const collectionOf = (template: string) => template.slice(0, template.lastIndexOf("/"));
  const parentOf = (template: string) => collectionOf(collectionOf(template));

  function list(template: string): Operation {
    return {
      ...may("GET", template),
      run(input) {
        find(collectionOf(template), input);
        return pageV2(documents.children(pathOf(template, input)), input, shown);
      },
    };
  }

  function crud({ name, path, defaults, check, mayDelete }: Kind): Record<string, Operation> {
    const id = /\{(\w+)\}$/.exec(path)![1]!;
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, each]) => each!);
    return {
      [`Create${name}`]: {
        ...may("POST", collectionOf(path)),
        run(input) {
          find(parentOf(path), input);
          const key = id.endsWith("Id") ? newKeyId().slice(0, 7) : input[id];
          const made = { ...defaults?.(input), ...without(input, names), [id]: key };
          check?.(made, input);
          documents.put(pathOf(path, { ...input, [id]: key }), made);
          return shown(made);
        },
      },
      [`Get${name}`]: { ...may("GET", path), run: (input) => shown(find(path, input)) },
      [`Get${name}s`]: list(collectionOf(path)),
      [`Update${name}`]: {
        ...may("PATCH", path),
        run(input) {
          const known = find(path, input);
          const next = { ...known, ...without(input, names) };
          check?.(next, input, known);
          documents.put(pathOf(path, input), next);
          return shown(next);
        },
      },
      [`Delete${name}`]: {
        ...may("DELETE", path),
        run(input) {
          mayDelete?.(input, find(path, input));
          find(path, input);
          documents.remove(pathOf(path, input));
          return {};
        },
      },
    };
  }

  return { on, may, find, list, crud };
}

function without(input: Document, names: string[]): Document {
  return Object.fromEntries(
    Object.entries(input).filter(([name, value]) => value !== undefined && !names.includes(name)),
  );
}

export function pageV2(items: Document[], { MaxResults, NextToken }: Document, describe: (item: Document) => Document) {
  if (NextToken !== undefined && !/^\d+$/.test(NextToken)) throw badRequest("Invalid NextToken");
  const most = MaxResults === undefined ? 100 : Number(MaxResults);
  if (!(most >= 1)) throw badRequest("Invalid MaxResults");
  const start = Number(NextToken ?? 0);
  const end = start + Math.min(most, 500);
  return { Items: items.slice(start, end).map(describe), ...(end < items.length && { NextToken: String(end) }) };
}
