/** What all operations on documents have in common: finding them, listing them, and the permission that IAM must give. */
import { type Access, AwsError, type Cloud, type Operation } from "../../../service.ts";
import type { Apis } from "../model/apis.ts";
import { type Document, pathOf } from "../model/documents.ts";
import { type Fields, type PatchOperation, patch } from "./patch.ts";

/** What API Gateway says of a name that leads nowhere, by the name's place in a path. */
const MISSING: Record<string, string> = {
  resourceId: "Invalid Resource identifier specified",
  httpMethod: "Invalid Method identifier specified",
  integration: "Invalid Integration identifier specified",
  statusCode: "Invalid Response status code specified",
  authorizerId: "Invalid Authorizer identifier specified",
  requestValidatorId: "Invalid Request Validator identifier specified",
  deploymentId: "Invalid Deployment identifier specified",
  stageName: "Invalid stage identifier specified",
  domainName: "Invalid domain name identifier specified",
  basePath: "Invalid base path mapping identifier specified",
  usagePlanId: "Invalid Usage Plan ID specified",
};

export const badRequest = (message: string) => new AwsError("BadRequestException", message);
export const conflict = (message: string) => new AwsError("ConflictException", message, 409);
export const notFound = (message: string) => new AwsError("NotFoundException", message, 404);

export interface Kinds {
  /** IAM knows an operation by HTTP verb and path. */
  on(verb: string, path: string): Access;
  /** The path of something new. @throws where what it stands below is not there */
  at(template: string, input: Document): string;
  /** @throws NotFoundException in API Gateway's words */
  find(template: string, input: Document): Document;
  may(verb: string, template: string): Pick<Operation, "authorize">;
  get(template: string): Operation;
  list(template: string): Operation;
  /** @param check refuses what something else still needs */
  remove(template: string, check?: (input: Document, found: Document) => void): Operation;
  update(template: string, fields: Fields, check?: (next: Document, input: Document) => void): Operation;
}

export function kinds(cloud: Cloud, { documents }: Apis): Kinds {
  function missing(name: string, value: unknown): AwsError {
    if (name === "restApiId") return notFound(`Invalid API identifier specified ${cloud.account}:${value}`);
    if (name === "modelName") return notFound(`Invalid model name specified: ${value}`);
    return notFound(MISSING[name] ?? "Not found");
  }

  function find(template: string, input: Document): Document {
    let found: Document | undefined;
    const parts = template.split("/");
    for (const [index, part] of parts.entries()) {
      // Only these are documents; what stands between them are the names of collections.
      const name = /^\{(\w+)\}$/.exec(part)?.[1] ?? (part === "integration" ? part : undefined);
      if (name === undefined) continue;
      found = documents.get(pathOf(parts.slice(0, index + 1).join("/"), input));
      if (!found) throw missing(name, input[name]);
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
  const parentOf = (template: string) => template.slice(0, template.lastIndexOf("/"));

  return {
    on,
    may,
    find,
    at(template, input) {
      const parent = parentOf(template);
      find(parent.endsWith("}") || parent.endsWith("integration") ? parent : parentOf(parent), input);
      return pathOf(template, input);
    },
    get: (template) => ({ ...may("GET", template), run: (input) => shown(find(template, input)) }),
    list: (template) => ({
      ...may("GET", template),
      run(input) {
        find(parentOf(template), input);
        return page(documents.children(pathOf(template, input)), input, shown);
      },
    }),
    remove: (template, check) => ({
      ...may("DELETE", template),
      run(input) {
        check?.(input, find(template, input));
        find(template, input);
        documents.remove(pathOf(template, input));
        return {};
      },
    }),
    update: (template, fields, check) => ({
      ...may("PATCH", template),
      run(input) {
        const next = patch(find(template, input), (input.patchOperations ?? []) as PatchOperation[], fields);
        check?.(next, input);
        documents.put(pathOf(template, input), next);
        return shown(next);
      },
    }),
  };
}

/** A document as an answer: its times are dates there. */
export function shown(document: Document): Document {
  const answer = { ...document };
  for (const name of ["createdDate", "lastUpdatedDate", "CreatedDate", "LastUpdatedDate"]) {
    if (typeof answer[name] === "number") answer[name] = new Date(answer[name]);
  }
  return answer;
}

/** 25 at a time, 500 at most. */
export function page<Item>(items: Item[], { limit, position }: Document, describe: (item: Item) => Document) {
  if (position !== undefined && !/^\d+$/.test(position)) throw badRequest("Invalid position parameter");
  const start = Number(position ?? 0);
  const end = start + Math.min(Math.max(limit ?? 25, 1), 500);
  return { items: items.slice(start, end).map(describe), ...(end < items.length && { position: String(end) }) };
}
