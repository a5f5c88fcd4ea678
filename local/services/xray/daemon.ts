/** Stands in for X-Ray's daemon: takes the datagrams of tracers in functions. Its other half, the API on TCP, is X-Ray itself. */
import { createSocket } from "node:dgram";
import type { Cloud } from "../../service.ts";
import { emit, tracingOf } from "../../tracing.ts";

/** Resolves with its address; the same one for everybody who asks. */
export function daemonOf(cloud: Cloud): Promise<string> {
  const tracing = tracingOf(cloud);
  let address: Promise<string> | undefined;
  tracing.daemon ??= () => {
    address ??= new Promise((resolve, reject) => {
      const socket = createSocket("udp4");
      socket.unref();
      socket.on("message", (message) => {
        const document = segmentIn(message.toString("utf8"));
        if (document) emit(tracing, document);
      });
      socket.once("error", reject);
      socket.bind(0, "127.0.0.1", () => resolve(`127.0.0.1:${socket.address().port}`));
      tracing.stopDaemon = () => {
        tracing.stopDaemon = undefined;
        socket.close();
      };
    });
    return address;
  };
  return tracing.daemon();
}

/** `{"format":"json","version":1}`, a line's end, and the segment. */
function segmentIn(datagram: string): string | undefined {
  const end = datagram.indexOf("\n");
  if (end < 0 || !/"format"\s*:\s*"json"/.test(datagram.slice(0, end))) return undefined;
  return datagram.slice(end + 1);
}
