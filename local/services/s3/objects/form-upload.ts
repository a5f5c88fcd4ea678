/** Uploads by a browser's form (POST Object): what the policy that was signed demands of it, and what is answered. */

import { escapeXml } from "../../../protocols/xml.ts";
import { AwsError, type AwsRequest, type AwsResponse, type FormUpload } from "../../../service.ts";
import { bucketOf } from "../buckets/cors.ts";
import type { S3 } from "../index.ts";

/** Field of the form → member of PutObject. */
const MEMBERS: Record<string, string> = {
  acl: "ACL",
  "cache-control": "CacheControl",
  "content-disposition": "ContentDisposition",
  "content-encoding": "ContentEncoding",
  "content-type": "ContentType",
  "x-amz-checksum-crc32": "ChecksumCRC32",
  "x-amz-checksum-crc32c": "ChecksumCRC32C",
  "x-amz-checksum-crc64nvme": "ChecksumCRC64NVME",
  "x-amz-checksum-sha1": "ChecksumSHA1",
  "x-amz-checksum-sha256": "ChecksumSHA256",
  "x-amz-server-side-encryption": "ServerSideEncryption",
  "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
  "x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
  "x-amz-server-side-encryption-customer-key": "SSECustomerKey",
  "x-amz-server-side-encryption-customer-key-md5": "SSECustomerKeyMD5",
  "x-amz-storage-class": "StorageClass",
  "x-amz-website-redirect-location": "WebsiteRedirectLocation",
};

interface Stored {
  ETag: string;
  VersionId?: string;
}

export async function postObject({ cloud }: S3, request: AwsRequest, form: FormUpload): Promise<AwsResponse> {
  const Bucket = bucketOf(request);
  const { fields } = form;
  if (!fields.key) {
    const message =
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.";
    throw new AwsError("InvalidArgument", message, 400);
  }
  const Key = fields.key.replaceAll("$" + "{filename}", form.fileName);
  if (form.policy !== undefined) checkPolicy({ ...form, fields: { ...fields, key: Key } }, Bucket, cloud.clock.now());
  const input: Record<string, unknown> = { Bucket, Key, Body: form.file, Metadata: metadataOf(fields) };
  for (const [name, member] of Object.entries(MEMBERS)) if (fields[name] !== undefined) input[member] = fields[name];
  if (fields.tagging !== undefined) input.Tagging = taggingOf(fields.tagging);
  const { principal, sourceIp } = request;
  const stored = await cloud.call<Stored>("s3", "PutObject", input, { principal, sourceIp, http: request });
  return answer(request, form, { Bucket, Key, ...stored });
}

function answer(
  { url, responseHeaders }: AwsRequest,
  { fields }: FormUpload,
  { Bucket, Key, ETag, VersionId }: Stored & { Bucket: string; Key: string },
): AwsResponse {
  const Location = `${url.origin}${url.pathname.replace(/\/$/, "")}/${encodeURIComponent(Key).replace(/%2F/g, "/")}`;
  const headers: Record<string, string> = { etag: ETag, location: Location, ...responseHeaders };
  if (VersionId !== undefined) headers["x-amz-version-id"] = VersionId;
  const redirect = fields.success_action_redirect ?? fields.redirect;
  if (redirect !== undefined && URL.canParse(redirect)) {
    const target = new URL(redirect);
    for (const [name, value] of Object.entries({ bucket: Bucket, key: Key, etag: ETag }))
      target.searchParams.set(name, value);
    return { status: 303, headers: { ...headers, location: target.href } };
  }
  if (fields.success_action_status === "201") {
    const members = Object.entries({ Location, Bucket, Key, ETag }).map(
      ([name, text]) => `<${name}>${escapeXml(text)}</${name}>`,
    );
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>${members.join("")}</PostResponse>`;
    return { status: 201, headers: { ...headers, "content-type": "application/xml" }, body };
  }
  return { status: fields.success_action_status === "200" ? 200 : 204, headers };
}

const metadataOf = (fields: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => name.startsWith("x-amz-meta-"))
      .map(([name, value]) => [name.slice("x-amz-meta-".length), value]),
  );

/** A form has tags as XML, a header as a query. */
function taggingOf(xml: string): string {
  const tags = [...xml.matchAll(/<Tag>\s*<Key>([^<]*)<\/Key>\s*<Value>([^<]*)<\/Value>\s*<\/Tag>/g)];
  if (tags.length === 0 && !/<TagSet\s*\/?>/.test(xml)) {
    throw new AwsError(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
      400,
    );
  }
  return new URLSearchParams(tags.map(([, key = "", value = ""]): [string, string] => [key, value])).toString();
}

/** Fields that no condition has to name. */
const FREE = /^(policy|file|x-amz-signature|x-ignore-.*)$/;

const denied = (why: string) => new AwsError("AccessDenied", `Invalid according to Policy: ${why}`, 403);
const invalid = (why: string) => new AwsError("InvalidPolicyDocument", `Invalid Policy: ${why}`, 400);

/** @throws AwsError for a form that is not what was signed */
function checkPolicy(form: FormUpload, bucket: string, nowMs: number): void {
  const { expiration, conditions } = read(form.policy ?? "");
  const until = typeof expiration === "string" ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(until)) throw invalid("Invalid 'expiration' value.");
  if (until <= nowMs) throw denied("Policy expired.");
  if (!Array.isArray(conditions)) throw invalid("Policy missing conditions.");
  const fields: Record<string, string> = { ...form.fields, bucket };
  const named = new Set<string>(["bucket"]);
  for (const condition of conditions) {
    for (const name of checkCondition(condition, fields, form.file.length)) named.add(name);
  }
  const extra = Object.keys(form.fields).filter((name) => !named.has(name) && !FREE.test(name));
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(", ")}`);
}

function read(policy: string): { expiration?: unknown; conditions?: unknown } {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(policy, "base64").toString("utf8"));
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch {}
  throw invalid("Invalid JSON.");
}

/** @returns the fields that it speaks of */
function checkCondition(condition: unknown, fields: Record<string, string>, size: number): string[] {
  if (Array.isArray(condition)) {
    const [operator, field, value] = condition as [unknown, unknown, unknown];
    const kind = String(operator).toLowerCase();
    if (kind === "content-length-range") {
      const [least, most] = [Number(field), Number(value)];
      if (!(least >= 0 && most >= least)) throw invalid("Invalid content-length-range.");
      if (size < least)
        throw new AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", 400, {
          ProposedSize: size,
          MinSizeAllowed: least,
        });
      if (size > most)
        throw new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400, {
          ProposedSize: size,
          MaxSizeAllowed: most,
        });
      return [];
    }
    if (
      (kind !== "eq" && kind !== "starts-with") ||
      typeof field !== "string" ||
      !field.startsWith("$") ||
      typeof value !== "string"
    ) {
      throw invalid(`Invalid condition: ${JSON.stringify(condition)}`);
    }
    const name = field.slice(1).toLowerCase();
    const given = fields[name] ?? "";
    // A type may be a list: each of it has to begin so.
    const all = name === "content-type" ? given.split(",") : [given];
    const holds = kind === "eq" ? given === value : all.every((each) => each.startsWith(value));
    if (!holds) throw denied(`Policy Condition failed: ${JSON.stringify(condition)}`);
    return [name];
  }
  if (typeof condition !== "object" || condition === null)
    throw invalid(`Invalid condition: ${JSON.stringify(condition)}`);
  return Object.entries(condition).map(([name, value]) => {
    const field = name.toLowerCase();
    if (fields[field] !== String(value))
      throw denied(`Policy Condition failed: ${JSON.stringify(["eq", `$${name}`, value])}`);
    return field;
  });
}
