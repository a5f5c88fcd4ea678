/**
 * Pulumi's runtime loads a compiler and a package manager for the one case that a program serialises closures
 * (`CallbackFunction`, dynamic providers), the Automation API, and a network client although there is nobody to talk to:
 * most of the time that loading it takes. Here they load when something asks them for the first time.
 */
import { registerHooks } from "node:module";

const LAZY = new RegExp(
  `/node_modules/(?:${[
    "typescript/lib/typescript",
    "@npmcli/arborist/lib/index",
    "normalize-package-data/lib/normalize",
    "@pulumi/pulumi/automation/index",
    "@grpc/grpc-js/build/src/index",
    "@pulumi/pulumi/proto/\\w+_grpc_pb",
    "semver/index",
    "@opentelemetry/api/build/src/index",
  ].join("|")})\\.js$`,
);

/** It requires each of AWS's some 230 services; a program names a dozen. */
const AWS = "/node_modules/@pulumi/aws/index.js";

/** Call before Pulumi is imported. */
export function loadLazily(): void {
  const wanted = new Set<string>();
  Object.defineProperty(globalThis, Symbol.for("terrace.wanted"), { value: wanted });
  registerHooks({
    load(url, context, next) {
      if (url.endsWith(AWS)) return withoutServices(next(url, context));
      if (!LAZY.test(url) || wanted.has(url)) return next(url, context);
      return { format: "commonjs", source: standIn(url), shortCircuit: true };
    },
  });
}

/** Services are loaded as they are named. */
function withoutServices<T extends { source?: unknown }>(loaded: T): T {
  if (!loaded.source) return loaded;
  const source = String(loaded.source).replace(/__importStar\(require\(("\.\/\w+")\)\)/g, "__later(() => require($1))");
  return { ...loaded, source: `${source}\n${LATER}` };
}

const LATER = `
function __later(load) {
  return new Proxy({}, {
    get: (_target, key) => (key === "__esModule" ? true : load()[key]),
    has: (_target, key) => key in load(),
    ownKeys: () => Reflect.ownKeys(load()),
    getOwnPropertyDescriptor(_target, key) {
      const found = Reflect.getOwnPropertyDescriptor(load(), key);
      return found && { ...found, configurable: true };
    },
  });
}`;

/** A module that becomes the real one at the first look inside. */
function standIn(url: string): string {
  return `
    let real;
    const load = () => {
      if (!real) {
        globalThis[Symbol.for("terrace.wanted")].add(${JSON.stringify(url)});
        delete require.cache[__filename];
        real = require(__filename);
      }
      return real;
    };
    module.exports = new Proxy(function () {}, {
      get(_target, key) {
        if (key === "__esModule") return true;
        const loaded = load();
        return key === "default" && !loaded.__esModule ? loaded : loaded[key];
      },
      has: (_target, key) => key in load(),
      construct: (_target, args) => Reflect.construct(load(), args),
      apply: (_target, self, args) => Reflect.apply(load(), self, args),
    });`;
}
