/** A browser without a screen: it keeps cookies, fills in forms, and stops where the application is reached. */
import { type IncomingHttpHeaders, request } from "node:http";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export function browser(endpoint: string, host: string) {
  const { port } = new URL(endpoint);
  const cookies = new Map<string, string>();

  function send(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return new Promise((done, failed) => {
      const outgoing = request({
        host: "127.0.0.1",
        port,
        path,
        method,
        headers: { host: `${host}:${port}`, cookie, ...headers },
      });
      outgoing.on("error", failed);
      outgoing.on("response", (incoming) => {
        for (const each of incoming.headers["set-cookie"] ?? []) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(each)!;
          cookies.set(name!, value!);
        }
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk) => chunks.push(chunk));
        incoming.on("end", () =>
          done({ status: incoming.statusCode!, headers: incoming.headers, text: Buffer.concat(chunks).toString() }),
        );
      });
      outgoing.end(body);
    });
  }

  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    send(
      "POST",
      path,
      { "content-type": "application/x-www-form-urlencoded", ...headers },
      new URLSearchParams(fields).toString(),
    );

  return {
    send,
    post,
    /** Follows redirects within the host. */
    async open(path: string): Promise<Answer> {
      const answer = await send("GET", path);
      const { location } = answer.headers;
      return location?.startsWith("/") ? this.open(location) : answer;
    },
    /** Fills the first form of a page in and sends it. */
    submit({ text }: Answer, fields: Record<string, string>): Promise<Answer> {
      const plain = (value: string) => value.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
      const action = plain(/<form method="post" action="([^"]*)"/.exec(text)![1]!);
      const form = text.slice(text.indexOf("<form"), text.indexOf("</form>"));
      const hidden = [...form.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g)];
      const values = Object.fromEntries(hidden.map(([, name, value]) => [name!, plain(value!)]));
      return post(action, { ...values, ...fields });
    },
  };
}
