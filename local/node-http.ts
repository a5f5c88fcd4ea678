/**
 * Node's HTTP server. An `import` of `node:http` reads every export it has, and one of them is a WebSocket client that takes
 * tens of milliseconds to load: more of a start than anything else that is imported.
 */
export const { createServer } = process.getBuiltinModule("node:http");
