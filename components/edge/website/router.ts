/** What runs at CloudFront's edges before each request: which file a path means, and that there is one host. */

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
  if (request.headers.host && request.headers.host.value !== ${JSON.stringify(host)}) {
    var query = [];
    for (var key in request.querystring) {
      var entry = request.querystring[key];
      (entry.multiValue || [entry]).forEach(function (one) { query.push(key + (one.value ? "=" + one.value : "")); });
    }
    var location = "https://" + ${JSON.stringify(host)} + request.uri + (query.length ? "?" + query.join("&") : "");
    return { statusCode: 301, statusDescription: "Moved Permanently", headers: { location: { value: location } } };
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
