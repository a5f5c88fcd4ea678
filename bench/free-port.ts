/** Ports for servers under test. */
import { createServer } from "node:net";

/** Asks the system for a port and the one after it (the platform takes two). */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await listenOnce(0);
    if (port < 65_535 && (await listenOnce(port + 1).catch(() => 0)) !== 0) return port;
  }
}

function listenOnce(port: number): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer()
      .once("error", fail)
      .listen(port, "127.0.0.1", () => {
        const { port: taken } = server.address() as { port: number };
        server.close(() => done(taken));
      });
  });
}
