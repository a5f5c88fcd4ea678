/** A request to the pages as their handlers see it, and the answers that are no page. */
import type { AwsResponse } from "../../../service.ts";
import type { Pool } from "../pools/pool.ts";

export interface Visit {
  method: string;
  path: string;
  query: URLSearchParams;
  form: URLSearchParams;
  /** Lower-case names. */
  headers: Record<string, string>;
  cookies: Record<string, string>;
  pool: Pool;
}

export type Handler = (visit: Visit) => AwsResponse | Promise<AwsResponse>;

export function json(status: number, body: object, headers: Record<string, string> = {}): AwsResponse {
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    body: JSON.stringify(body),
  };
}

export function redirect(location: string, cookies: string[] = []): AwsResponse {
  const headers: Record<string, string> = { location, "cache-control": "no-store", "referrer-policy": "no-referrer" };
  // Node writes a list as several headers.
  if (cookies.length > 0) headers["set-cookie"] = cookies as unknown as string;
  return { status: 302, headers };
}

export function withQuery(url: string, parameters: Record<string, string | undefined | null>): string {
  const target = new URL(url);
  for (const [name, value] of Object.entries(parameters)) if (value) target.searchParams.set(name, value);
  return target.href;
}
