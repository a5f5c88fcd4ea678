/**
 * Where the files of a function are: what is below `/tmp` is in a folder of its environment's own, and nothing else may be
 * written, as on Lambda. CommonJS, so that worker threads and forked processes load it before anything else, too.
 */
const { existsSync } = require("node:fs");
const { dirname, isAbsolute, join, normalize, resolve, sep } = require("node:path");
const { fileURLToPath } = require("node:url");

const TMP = "/tmp";
const UNTIDY = /\/(?:\/|\.\.?(?:\/|$))/;
const DEVICES = /^\/(?:dev\/(?:null|zero|full|u?random|tty|std(?:in|out|err)|fd\/\d+)|proc\/.+)$/;

/** A child process that was given none has the machine's. */
const own = process.env.TMPDIR ?? TMP;
/** `<project>/.terrace/<stack>/lambda/tmp/<environment>`, where nobody chose another folder. */
const state = join(own, "../../..");
/** What has to stay where it is, should it be below the machine's `/tmp`: the platform, the project and their packages. */
const kept = [
  ...[own, state, dirname(dirname(state)), process.env.LAMBDA_TASK_ROOT],
  ...[join(__dirname, "../../../../.."), __dirname.split(`${sep}node_modules${sep}`)[0]],
].filter((folder) => folder?.startsWith(`${TMP}/`));

const isBelow = (path, folder) => path === folder || path.startsWith(folder + sep);

/** Where a link in the code leads to, as `require` sees it. */
function keep(path) {
  if (typeof path === "string" && path.startsWith(`${TMP}/`)) kept.push(path);
  return path;
}

/** @returns What `path` stands for: the very same where that is itself. */
function real(path) {
  const text = textOf(path);
  if (text === undefined) return path;
  const found = realText(text);
  if (found === text) return path;
  return path instanceof Uint8Array ? Buffer.from(found) : found;
}

function realText(text) {
  if (text[0] !== "/") return isAbsolute(text) || !isBelow(process.cwd(), TMP) ? text : realText(resolve(text));
  const path = UNTIDY.test(text) ? normalize(text) : text;
  if (!path.startsWith(TMP) || (path.length > TMP.length && path[TMP.length] !== "/")) return text;
  return kept.some((folder) => isBelow(path, folder)) ? text : own + path.slice(TMP.length);
}

/** Of a path in any of its forms. Undefined: it is none (a descriptor, a handle, a mistake). */
function textOf(path) {
  if (typeof path === "string") return path;
  if (path instanceof Uint8Array) return Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString();
  if (!(path instanceof URL)) return undefined;
  try {
    return fileURLToPath(path);
  } catch {
    return undefined;
  }
}

/** What the function knows a file of its own as. */
function shown(path) {
  return isBelow(path, own) ? TMP + path.slice(own.length) : path;
}

const isOwn = (text) => isBelow(resolve(text), own);
const isRoot = (text) => resolve(text) === own;

/**
 * What Linux says to a change of a file system that is read-only. Undefined: it may be made, or fails anyway.
 *
 * @param text A path where it really is
 * @param creates Whether the file may be new
 */
function refusal(text, creates) {
  const path = resolve(text);
  if (isBelow(path, own) || DEVICES.test(path)) return undefined;
  if (existsSync(path)) return "EROFS";
  if (!creates) return undefined;
  return existsSync(dirname(path)) ? "EROFS" : "ENOENT";
}

module.exports = { own, keep, real, textOf, shown, isOwn, isRoot, refusal, exists: existsSync };
