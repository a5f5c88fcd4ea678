/** What runs at CloudFront's edges before each request: which file a path means, and that there is one host. */
import { sendTo } from "../redirect.ts";

export interface RouterOptions {
  /** The host that others are sent to. @default any host answers */
  host?: string;
  /** `single`: paths without an extension are the index page's. `many`: they are folders with an index page each. */
  pages: "single" | "many";
  index: string;
}

/** Code of a CloudFront Function (its JavaScript runtime 2.0 knows no modules and nothing newer than ES 12). */
export function routerCode({ host, pages, index }: RouterOptions): string {
  const home = JSON.stringify(`/${index}`);
  const elsewhere = host
    ? `
  if (request.headers.host && request.headers.host.value !== ${JSON.stringify(host)}) {${sendTo(host)}
  }`
    : "";
  const file = pages === "single" ? home : `uri.replace(/\\/$/, "") + ${home}`;
  return `function handler(event) {
  var request = event.request;${elsewhere}
  var uri = request.uri;
  if (uri.indexOf("/.well-known/") !== 0 && uri.slice(uri.lastIndexOf("/")).indexOf(".") < 0) request.uri = ${file};
  return request;
}
`;
}
