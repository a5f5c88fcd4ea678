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

/** One page of a list: `Marker` is the place to go on from. */
export function page<Item>(name: string, items: Item[], marker = "0", size = 100) {
  const start = Number(marker);
  if (!Number.isInteger(start) || start < 0) throw new AwsError("ValidationError", "Invalid Marker.");
  const end = start + size;
  const more = items.length > end;
  return { [name]: items.slice(start, end), IsTruncated: more, ...(more ? { Marker: String(end) } : {}) };
}
