/** The function's handler: found by its name, and refused in Lambda's words. */
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { existsSync } = process.getBuiltinModule("node:fs");

const { env } = process;
const streaming = Symbol.for("aws.lambda.runtime.handler.streaming");

export async function loadHandler() {
  const name = basename(env._HANDLER ?? "");
  const dot = name.indexOf(".");
  if (dot < 1) throw problem("Runtime.MalformedHandlerName", `Bad handler: ${env._HANDLER}`);
  const stem = resolve(env.LAMBDA_TASK_ROOT, join(dirname(env._HANDLER), name.slice(0, dot)));
  const file = [".js", ".mjs", ".cjs"].map((extension) => stem + extension).find((candidate) => existsSync(candidate));
  if (!file) {
    throw problem(
      "Runtime.ImportModuleError",
      `Error: Cannot find module '${name.slice(0, dot)}' in the function's code`,
    );
  }
  const loaded = await import(pathToFileURL(file).href).catch((error) => {
    if (error?.code === "ERR_MODULE_NOT_FOUND" || error?.code === "MODULE_NOT_FOUND") {
      throw problem("Runtime.ImportModuleError", `Error: ${error.message}`, error);
    }
    if (error instanceof SyntaxError) {
      throw problem("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`, error);
    }
    throw error;
  });
  const names = name.slice(dot + 1).split(".");
  const find = (root) => names.reduce((value, key) => value?.[key], root);
  const found = find(loaded) ?? find(loaded.default);
  if (typeof found !== "function") {
    throw problem("Runtime.HandlerNotFound", `${env._HANDLER} is undefined or not exported`);
  }
  if (found.length >= 3 && !found[streaming] && !supportsCallbacks()) {
    throw problem(
      "Runtime.CallbackHandlerDeprecated",
      `${env.AWS_EXECUTION_ENV} runs no callback-based handlers: make ${env._HANDLER} async, with two arguments`,
    );
  }
  return found;
}

function problem(errorType, errorMessage, cause) {
  return { errorType, errorMessage, trace: String(cause?.stack ?? `${errorType}: ${errorMessage}`).split("\n") };
}

/** Callbacks ended with nodejs22.x. */
export function supportsCallbacks() {
  const version = /nodejs(\d+)/.exec(env.AWS_EXECUTION_ENV ?? "")?.[1];
  return version !== undefined && Number(version) < 24;
}
