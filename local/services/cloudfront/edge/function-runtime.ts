/**
 * Runs CloudFront Functions (`cloudfront-js-2.0`; code for 1.0 runs too) in a context of their own for each call: no network,
 * files, timers, `eval` or anything kept between calls. What a function gets and gives back goes as JSON. A context keeps
 * mistakes in, not malice: this is the developer's own code.
 *
 * Not emulated: the measure of computing time (a function has 200 ms here), and the helpers that choose another origin.
 */
import { createHash, createHmac } from "node:crypto";
import { createContext, Script } from "node:vm";

export interface FunctionRun {
  /** What it returned, as JSON; undefined where it failed. */
  output?: string;
  error?: string;
  logs: string[];
}

export interface FunctionOptions {
  code: string;
  event: object;
  /** Of the key value store that the function is associated with. */
  values?: (key: string) => string | undefined;
}

/** By the clock on the wall: a busy machine keeps a function waiting that has hardly begun. */
const TIMEOUT_MS = 1_000;
const compiled = new Map<string, Script>();

export async function runFunction({ code, event, values }: FunctionOptions): Promise<FunctionRun> {
  const logs: string[] = [];
  try {
    const context = createContext(Object.create(null), {
      codeGeneration: { strings: false, wasm: false },
      microtaskMode: "afterEvaluate",
    });
    const host = {
      log: (line: string) => void logs.push(String(line)),
      digest: (algorithm: string, key: string | undefined, data: string, encoding: string) => {
        const hash = key === undefined ? createHash(algorithm) : createHmac(algorithm, key);
        return hash.update(data).digest(encoding as "hex");
      },
      value: (key: string) => values?.(String(key)),
      bytes: (text: string, from: BufferEncoding, to: BufferEncoding) => Buffer.from(text, from).toString(to),
      hasStore: values !== undefined,
    };
    const prepare = PRELUDE.runInContext(context) as (from: typeof host) => void;
    prepare(host);
    scriptOf(code).runInContext(context, { timeout: TIMEOUT_MS });
    const script = new Script(`__run(${JSON.stringify(JSON.stringify(event))})`);
    script.runInContext(context, { timeout: TIMEOUT_MS });
    // A promise that is not settled by now waits for something that is not there.
    const { output, error } = new Script("__settled").runInContext(context) as FunctionRun;
    if (error !== undefined) return { error: String(error), logs };
    if (output === undefined) return { error: "The function did not return", logs };
    return { output: String(output), logs };
  } catch (error) {
    const { name, message } = error as Error;
    return { error: `${name}: ${message}`, logs };
  }
}

function scriptOf(code: string): Script {
  const known = compiled.get(code);
  if (known) return known;
  // Modules are a matter of form: there are four, and they are at hand.
  const plain = code
    .replace(/^\s*import\s+(\w+)\s+from\s+(['"][\w-]+['"]);?/gm, "const $1 = require($2);")
    .replace(/^\s*import\s+\{([^}]*)\}\s+from\s+(['"][\w-]+['"]);?/gm, "const {$1} = require($2);");
  const script = new Script(plain, { filename: "function.js" });
  if (compiled.size > 200) compiled.clear();
  compiled.set(code, script);
  return script;
}

/** What a function finds in its context. Runs inside of it, so that nothing it makes belongs to the process around. */
const PRELUDE = new Script(`(host) => {
  const text = (value) => typeof value === "string" ? value : JSON.stringify(value);
  const log = (...parts) => host.log(parts.map(text).join(" "));
  const hash = (algorithm, key) => {
    let data = "";
    return { update(more) { data += more; return this; }, digest: (encoding) => host.digest(algorithm, key, data, encoding || "hex") };
  };
  const escape = encodeURIComponent;
  const querystring = {
    escape, unescape: decodeURIComponent,
    parse: (given) => Object.fromEntries(String(given).split("&").filter(Boolean).map((part) => part.split("=").map(decodeURIComponent))),
    stringify: (given) => Object.entries(given).map(([name, value]) => escape(name) + "=" + escape(value)).join("&"),
  };
  const store = {
    async get(key, options) {
      const value = host.value(key);
      if (value === undefined) throw new Error("KeyNotFound: " + key);
      return options && options.format === "json" ? JSON.parse(value) : value;
    },
    async exists(key) { return host.value(key) !== undefined; },
  };
  const kvs = () => {
    if (!host.hasStore) throw new Error("The function is associated with no key value store");
    return store;
  };
  const Buffer = { from: (given, from = "utf8") => ({ toString: (to = "utf8") => host.bytes(String(given), from, to) }) };
  const modules = {
    crypto: { createHash: (algorithm) => hash(algorithm), createHmac: (algorithm, key) => hash(algorithm, String(key)) },
    querystring, cloudfront: { kvs }, buffer: { Buffer },
  };
  globalThis.console = { log, error: log, warn: log, info: log };
  globalThis.Buffer = Buffer;
  globalThis.atob = (given) => host.bytes(String(given), "base64", "latin1");
  globalThis.btoa = (given) => host.bytes(String(given), "latin1", "base64");
  globalThis.require = (name) => {
    if (!Object.hasOwn(modules, name)) throw new Error("There is no module " + name);
    return modules[name];
  };
  globalThis.__settled = {};
  globalThis.__run = (event) => {
    const fail = (error) => { __settled.error = error && error.name ? error.name + ": " + error.message : String(error); };
    try {
      if (typeof handler !== "function") throw new Error("The function handler is missing");
      Promise.resolve(handler(JSON.parse(event))).then((value) => { __settled.output = JSON.stringify(value); }, fail);
    } catch (error) { fail(error); }
  };
}`);
