/** What IAM's operations have in common: names, documents, pages. */
import { parseIdentityPolicy, parsePolicy } from "../../iam/policy.ts";
import { AwsError } from "../../service.ts";

export function validName(parameter: string, name: string, limit: number): void {
  if (/^[\w+=,.@-]+$/.test(name ?? "") && name.length <= limit) return;
  throw new AwsError(
    "ValidationError",
    `The specified value for ${parameter} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and have at most ${limit} characters.`,
  );
}

export const taken = (kind: string, name: string): AwsError =>
  new AwsError("EntityAlreadyExists", `${kind} with name ${name} already exists.`, 409);

/** @param what has to be done before: `delete policies` */
export const inUse = (what: string): AwsError =>
  new AwsError("DeleteConflict", `Cannot delete entity, must ${what} first.`, 409);

/** Documents come as they are or URL-encoded. Throws MalformedPolicyDocument. */
export function readDocument(text: string, kind: "trust" | "identity"): string {
  const document = text.trimStart().startsWith("%7B") ? decodeURIComponent(text) : text;
  const statements = kind === "identity" ? parseIdentityPolicy(document) : parsePolicy(document);
  for (const { principals, notPrincipals, resources } of statements) {
    if (kind === "trust" && resources) {
      throw new AwsError("MalformedPolicyDocument", "Has prohibited field Resource.");
    }
    if (kind === "trust" && !principals && !notPrincipals) {
      throw new AwsError("MalformedPolicyDocument", "AssumeRole policy must contain principals.");
    }
    if (kind === "identity" && (principals || notPrincipals)) {
      throw new AwsError("MalformedPolicyDocument", "Policy document should not specify a principal.");
    }
  }
  return document;
}

export interface Tag {
  Key: string;
  Value: string;
}

export const tagged = (known: Record<string, string>, tags: Tag[]): Record<string, string> => ({
  ...known,
  ...Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
});

export const tagList = (tags: Record<string, string>): Tag[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** What conditions can ask of a call: the boundary that it is about, tags it brings, tags that are there. */
export function requestContext({
  boundary,
  tags = [],
  own = {},
}: {
  boundary?: string;
  tags?: Tag[];
  own?: Record<string, string>;
}): Record<string, string | string[]> {
  return {
    ...(boundary ? { "iam:PermissionsBoundary": boundary } : {}),
    ...(tags.length > 0 ? { "aws:TagKeys": tags.map(({ Key }) => Key) } : {}),
    ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
    ...Object.fromEntries(
      Object.entries(own).flatMap(([key, value]) => [
        [`aws:ResourceTag/${key}`, value],
        [`iam:ResourceTag/${key}`, value],
      ]),
    ),
  };
}

/** An id in AWS's form: the same for the same name. */
export function uniqueId(prefix: string, name: string): string {
  return `${prefix}${name.replace(/[^A-Za-z0-9]/g, "")}`.padEnd(20, "X").slice(0, 20).toUpperCase();
}

/** One page of a list: `Marker` is the place to go on from. */
export function page<Item>(name: string, items: Item[], marker = "0", size = 100) {
  const start = Number(marker);
  if (!Number.isInteger(start) || start < 0) throw new AwsError("ValidationError", "Invalid Marker.");
  const end = start + size;
  const more = items.length > end;
  return { [name]: items.slice(start, end), IsTruncated: more, ...(more ? { Marker: String(end) } : {}) };
}
