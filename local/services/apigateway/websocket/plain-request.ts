/** What comes to a WebSocket API without wanting to connect: calls of `@connections` go to the platform's AWS API. */
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Cloud } from "../../../service.ts";

export function answer(cloud: Cloud, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url = "/", headers } = incoming;
  const refuse = (status: number, message: string, type: string) => {
    const body = JSON.stringify({ message });
    outgoing.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type });
    outgoing.end(body);
  };
  const isCall = /\/(?:@|%40)connections\//i.test(url);
  if (!isCall || (!headers.authorization && !/[?&]X-Amz-Signature=/.test(url))) {
    if (isCall) refuse(403, "Missing Authentication Token", "MissingAuthenticationTokenException");
    else refuse(403, "Forbidden", "ForbiddenException");
    return;
  }
  // As it was signed: its host and path say which stage it means.
  const onward = request(`${cloud.endpoint}`, { method, path: url, headers }, (answered) => {
    outgoing.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
}
