/** Reads an OpenAPI document (3.x, or Swagger 2.0), as JSON or YAML. */
import { load } from "js-yaml";
import { AwsError } from "../../../service.ts";
import type { Document } from "../model/documents.ts";

export const METHODS = ["get", "head", "post", "put", "patch", "delete", "options", "x-amazon-apigateway-any-method"];

/** @throws BadRequestException where the text is no such document */
export function readOpenApi(text: string): Document {
  let document: unknown;
  try {
    document = text.trimStart().startsWith("{") ? JSON.parse(text) : load(text);
  } catch (error) {
    throw unreadable((error as Error).message.split("\n")[0]!);
  }
  if (document === null || typeof document !== "object" || Array.isArray(document)) throw unreadable("no object");
  const { openapi, swagger } = document as Document;
  if (!/^3\./.test(String(openapi)) && String(swagger) !== "2.0") {
    throw new AwsError(
      "BadRequestException",
      "Invalid OpenAPI input: the document has to be OpenAPI 3.x or Swagger 2.0.",
    );
  }
  return document;
}

/** What stands where something else should is the document's fault. @throws BadRequestException */
export function reading<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw error instanceof AwsError ? error : unreadable((error as Error).message);
  }
}

function unreadable(why: string): AwsError {
  return new AwsError("BadRequestException", `Unable to parse the OpenAPI document: ${why}`);
}

/** Each operation of each path: `GET`, or `ANY`. */
export function operationsOf(
  document: Document,
): { path: string; method: string; operation: Document; shared: Document }[] {
  return Object.entries<Document>(document.paths ?? {}).flatMap(([path, shared]) => {
    if (!path.startsWith("/"))
      throw new AwsError("BadRequestException", `Invalid path '${path}': it has to begin with a slash`);
    return METHODS.filter((method) => typeof shared?.[method] === "object").map((method) => ({
      ...{ path, shared, operation: shared[method] },
      method: method.startsWith("x-") ? "ANY" : method.toUpperCase(),
    }));
  });
}

/** What `#/components/schemas/Album` or `#/definitions/Album` leads to. */
export function resolved(document: Document, value: Document): Document {
  const reference = value?.$ref;
  if (typeof reference !== "string" || !reference.startsWith("#/")) return value;
  const found = reference
    .slice(2)
    .split("/")
    .reduce<Document | undefined>((at, name) => ownOf(at, name.replaceAll("~1", "/").replaceAll("~0", "~")), document);
  if (!found) throw new AwsError("BadRequestException", `Unable to resolve the reference ${reference}`);
  return found;
}

/** The first scheme of an operation's security that the document says anything of, and the scopes that it asks for. */
export function securityOf(
  document: Document,
  operation: Document,
): { name: string; scheme: Document; scopes: string[] }[] {
  const schemes: Document = document.components?.securitySchemes ?? document.securityDefinitions ?? {};
  const wanted: Document[] = operation.security ?? document.security ?? [];
  return wanted.flatMap((each) =>
    Object.entries<string[]>(each).flatMap(([name, scopes]) => {
      const scheme = ownOf(schemes, name);
      return scheme ? [{ name, scheme, scopes: scopes ?? [] }] : [];
    }),
  );
}

/** A name that every object has is none of the document's. */
function ownOf(value: unknown, name: string): Document | undefined {
  const isObject = typeof value === "object" && value !== null;
  return isObject && Object.hasOwn(value, name) ? (value as Document)[name] : undefined;
}
