/**
 * An API's own host is this machine's: `https://<api>.execute-api.<region>.amazonaws.com/<stage>/@connections/…` goes to the
 * platform, which speaks no TLS. To load node:https for that would cost every cold start more than all the rest, so this waits
 * until the function has loaded it.
 */

const { connect, Socket } = process.getBuiltinModule("node:net");

const API_HOST = /\.execute-api\.[\w-]+\.amazonaws\.com$/;
const plain = Socket.prototype.connect;
let endpoint;
let isDone = false;

/** @param url where the platform is */
export function reachApis(url) {
  endpoint = new URL(url);
  Socket.prototype.connect = function (...args) {
    const { host } = (Array.isArray(args[0]) ? args[0][0] : args[0]) ?? {};
    if (isDone || !API_HOST.test(host)) return plain.apply(this, args);
    // node:https came later than the function's first look: the client's next attempt finds the way.
    redirect();
    const reset = Object.assign(new Error("The connection was reset"), { code: "ECONNRESET" });
    process.nextTick(() => this.destroy(reset));
    return this;
  };
  if (process.moduleLoadList.includes("NativeModule https")) redirect();
}

function redirect() {
  isDone = true;
  Socket.prototype.connect = plain;
  const { Agent } = process.getBuiltinModule("node:https");
  const secured = Agent.prototype.createConnection;
  Agent.prototype.createConnection = function (options, ready) {
    if (!API_HOST.test(options.host)) return secured.call(this, options, ready);
    return connect({ host: endpoint.hostname, port: Number(endpoint.port) });
  };
}
