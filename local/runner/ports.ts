import { once } from "node:events";
import { createServer } from "node:net";
import { Problem } from "./problem.ts";

/** @throws Problem naming the first port that another process has. */
export async function checkPorts(ports: number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer();
    try {
      await once(server.listen(port, "127.0.0.1"), "listening");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = code === "EADDRINUSE" ? "taken by another process" : `not available (${code})`;
      throw new Problem(`port ${port} is ${why}: choose others with --port (it uses that one and the next)`);
    }
    server.close();
    await once(server, "close");
  }
}
