/**
 * Buckets as websites, under `<bucket>.s3-website.localhost` and under AWS's own names for such hosts: index documents, error
 * documents, redirects and routing rules. Visitors are nobody in particular: the bucket's policy has to let everybody in.
 */
import { AwsError, type AwsRequest, type AwsResponse } from "../../../service.ts";
import type { S3 } from "../index.ts";

// biome-ignore lint/suspicious/noExplicitAny: shapes come from the SDK client's schema at run time
type Shape = Record<string, any>;

const HOST = /^(.+)\.s3-website[.-]/;

/** What a visitor is answered. */
export async function website(s3: S3, request: AwsRequest): Promise<AwsResponse> {
  const bucket = HOST.exec(request.headers.host ?? "")?.[1] ?? "";
  try {
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
    }
    const config = s3.buckets.find(bucket).kept?.BucketWebsite as Shape | undefined;
    if (!config) {
      const message = "The specified bucket does not have a website configuration";
      throw new AwsError("NoSuchWebsiteConfiguration", message, 404, { BucketName: bucket });
    }
    return await answer(s3, bucket, config, request);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return page(plain(error), request);
  }
}

async function answer(s3: S3, bucket: string, config: Shape, request: AwsRequest): Promise<AwsResponse> {
  const path = decode(request.url.pathname.slice(1));
  const all = config.RedirectAllRequestsTo;
  if (all) return redirect(request, { HostName: all.HostName, Protocol: all.Protocol }, path);
  const rules: Shape[] = config.RoutingRules ?? [];
  const before = rules.find((rule) => !errorOf(rule) && matchesPrefix(rule, path));
  if (before) return redirect(request, before.Redirect, path, prefixOf(before));
  const suffix: string = config.IndexDocument?.Suffix ?? "index.html";
  const key = path === "" || path.endsWith("/") ? `${path}${suffix}` : path;
  try {
    return await object(s3, bucket, key, request);
  } catch (error) {
    if (!(error instanceof AwsError) || error.status === 304) throw error;
    // A folder that is named without its slash.
    if (path !== key ? false : s3.store.latest(bucket, `${path}/${suffix}`)?.isDeleteMarker === false) {
      return { status: 302, headers: { location: `/${encode(path)}/` } };
    }
    const rule = rules.find((each) => errorOf(each) === String(error.status) && matchesPrefix(each, path));
    if (rule) return redirect(request, rule.Redirect, path, prefixOf(rule));
    return errorPage(s3, bucket, config, request, error);
  }
}

async function errorPage(
  s3: S3,
  bucket: string,
  config: Shape,
  request: AwsRequest,
  error: AwsError,
): Promise<AwsResponse> {
  const key = config.ErrorDocument?.Key as string | undefined;
  if (key === undefined) return page(plain(error), request);
  try {
    const { headers: _, ...asked } = request;
    const found = await object(s3, bucket, key, { ...asked, headers: {} });
    return { ...found, status: error.status };
  } catch (second) {
    if (!(second instanceof AwsError)) throw second;
    return page(plain(error), request, plain(second));
  }
}

async function object({ cloud }: S3, bucket: string, key: string, request: AwsRequest): Promise<AwsResponse> {
  const anonymous = { type: "anonymous" as const, arn: "anonymous", account: cloud.account };
  const { headers: asked } = request;
  const since = Date.parse(asked["if-modified-since"] ?? "");
  const input = {
    ...{ Bucket: bucket, Key: key, Range: asked.range, IfNoneMatch: asked["if-none-match"] },
    ...(!Number.isNaN(since) && { IfModifiedSince: new Date(since) }),
  };
  const call = { principal: anonymous, sourceIp: request.sourceIp, http: request };
  const found = await cloud.call<Shape>("s3", "GetObject", input, call);
  const location = found.WebsiteRedirectLocation as string | undefined;
  if (location !== undefined) return { status: 301, headers: { location } };
  const headers: Record<string, string> = { ...request.responseHeaders };
  const named = {
    ...{ "content-type": found.ContentType, "cache-control": found.CacheControl, etag: found.ETag },
    ...{ "content-disposition": found.ContentDisposition, "content-encoding": found.ContentEncoding },
    ...{ "content-language": found.ContentLanguage, "content-range": found.ContentRange },
    ...{ "last-modified": (found.LastModified as Date).toUTCString(), "content-length": String(found.ContentLength) },
  };
  for (const [name, value] of Object.entries(named)) if (value !== undefined) headers[name] = String(value);
  for (const [name, value] of Object.entries(found.Metadata ?? {})) headers[`x-amz-meta-${name}`] = String(value);
  const body = request.method === "HEAD" ? undefined : found.Body;
  if (request.method === "HEAD" && typeof found.Body?.destroy === "function") found.Body.destroy();
  return { status: found.$status ?? 200, headers, body };
}

const errorOf = ({ Condition }: Shape): string | undefined => Condition?.HttpErrorCodeReturnedEquals;
const prefixOf = ({ Condition }: Shape): string => Condition?.KeyPrefixEquals ?? "";
const matchesPrefix = (rule: Shape, path: string): boolean => path.startsWith(prefixOf(rule));

function redirect(request: AwsRequest, to: Shape, path: string, prefix = ""): AwsResponse {
  const { HostName = request.headers.host, Protocol = "http", HttpRedirectCode = "301" } = to;
  const key =
    to.ReplaceKeyWith ??
    (to.ReplaceKeyPrefixWith === undefined ? path : to.ReplaceKeyPrefixWith + path.slice(prefix.length));
  const location = `${Protocol}://${HostName}/${encode(key)}${request.url.search}`;
  return { status: Number(HttpRedirectCode), headers: { location } };
}

/** Visitors learn no more than that access is denied. */
function plain(error: AwsError): AwsError {
  return error.code === "AccessDeniedException" ? new AwsError("AccessDenied", "Access Denied", 403) : error;
}

const TITLES: Record<number, string> = {
  304: "Not Modified",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
};

function page(error: AwsError, { method }: AwsRequest, ofErrorPage?: AwsError): AwsResponse {
  if (error.status === 304) return { status: 304 };
  const title = `${error.status} ${TITLES[error.status] ?? "Error"}`;
  const more = ofErrorPage
    ? `<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>${listOf(ofErrorPage)}`
    : "";
  const body = `<html><head><title>${title}</title></head><body><h1>${title}</h1>${listOf(error)}${more}<hr/></body></html>\n`;
  const headers = { "content-type": "text/html; charset=utf-8", "x-amz-error-code": error.code };
  return { status: error.status, headers, body: method === "HEAD" ? undefined : body };
}

function listOf({ code, message, detail }: AwsError): string {
  const lines = Object.entries({ Code: code, Message: message, ...detail });
  return `<ul>${lines.map(([name, value]) => `<li>${name}: ${escape(String(value))}</li>`).join("")}</ul>`;
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const encode = (key: string): string => encodeURIComponent(key).replace(/%2F/g, "/");

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
