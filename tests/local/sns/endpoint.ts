/** An HTTP endpoint that keeps what it is sent, and answers as a test says. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface Endpoint {
  url: string;
  requests: { headers: IncomingHttpHeaders; body: string }[];
  /** What it answers next, one status after the other; 200 after the last. */
  statuses: number[];
  /** Resolves with the next request's body. */
  next(): Promise<string>;
  close(): void;
}

export async function endpoint(): Promise<Endpoint> {
  const waiting: ((body: string) => void)[] = [];
  const made: Endpoint = {
    ...{ url: "", requests: [], statuses: [] },
    next: () => new Promise((resolve) => waiting.push(resolve)),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    made.requests.push({ headers: request.headers, body });
    response.writeHead(made.statuses.shift() ?? 200).end();
    for (const resolve of waiting.splice(0)) resolve(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return made;
}
