/** A request over HTTP as it is: a Host header of one's own, nothing followed, nothing decoded. */
import { type IncomingHttpHeaders, request as send } from "node:http";

export interface SentOptions {
  method?: string;
  host?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface Sent {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  bytes: Buffer;
}

export function request(
  port: number,
  path: string,
  { method = "GET", host, headers, body }: SentOptions = {},
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const outgoing = send({
      ...{ host: "127.0.0.1", port, path, method },
      headers: { host: `${host ?? "127.0.0.1"}:${port}`, ...headers },
    });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: incoming.statusCode!, headers: incoming.headers, text: bytes.toString(), bytes });
      });
    });
    outgoing.end(body);
  });
}
