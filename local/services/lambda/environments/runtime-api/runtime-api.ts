/**
 * Where the processes of all environments ask for their invocations: Lambda's Runtime API (version 2018-06-01) on one
 * loopback port, and the same without HTTP on a socket of its own for the runtime that is ours (see runtime-frames.ts).
 *
 * Not emulated: the Extensions, Telemetry and Logs APIs.
 */
import { randomUUID } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import type { RuntimeClient, RuntimeClients } from "./runtime-client.ts";
import { serveFrames } from "./runtime-frames.ts";
import { serveHttp } from "./runtime-http.ts";

export interface RuntimeApi {
  /** `127.0.0.1:<port>/<token>`: the value of `AWS_LAMBDA_RUNTIME_API`. */
  address(token: string): string;
  /** Where our runtime connects: the name of an abstract socket (Linux), half the cost of loopback TCP, else a port. */
  readonly frames: string;
  attach(token: string, client: RuntimeClient): void;
  detach(token: string): void;
  close(): Promise<void>;
}

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const clients: RuntimeClients = new Map();
  const sockets = new Set<Socket>();
  const serve = (converse: (socket: Socket, clients: RuntimeClients) => void): Server =>
    createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      converse(socket, clients);
    });
  const listening = (server: Server, ...where: [number, string] | [string]) =>
    new Promise<string>((resolve, reject) => {
      server.once("error", reject).listen(...(where as [number, string]), () => {
        resolve(String((server.address() as { port: number }).port));
      });
    });
  const http = serve(serveHttp);
  const port = await listening(http, 0, "127.0.0.1");
  const own = serve(serveFrames);
  // An abstract socket has no file that a killed process could leave behind.
  const name = process.platform === "linux" ? `terrace-${process.pid}-${randomUUID()}` : undefined;
  const frames = name === undefined ? await listening(own, 0, "127.0.0.1") : name;
  if (name !== undefined) await listening(own, `\0${name}`);
  return {
    frames,
    address: (token) => `127.0.0.1:${port}/${token}`,
    attach: (token, client) => void clients.set(token, client),
    detach: (token) => void clients.delete(token),
    async close() {
      const closed = [http, own].map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}
