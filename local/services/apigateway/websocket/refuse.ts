/** Ends an upgrade that does not come about, with an answer as API Gateway words it. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

export function refuse(socket: Duplex, status: number, body: object | string): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}
