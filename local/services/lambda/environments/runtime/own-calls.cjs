/** What each call of node:fs does to the paths that it is given, and why it is refused. */
const { constants } = require("node:fs");
const { isAbsolute } = require("node:path");
const { real, textOf, isOwn, isRoot, refusal, exists } = require("./own-paths.cjs");

/**
 * Of each argument that is a path: r it is read, w changed, c created or changed, n the beginning of a new name, t what a
 * link leads to.
 */
const CALLS = {
  ...{ access: "r", exists: "r", lstat: "r", open: "r", openAsBlob: "r", opendir: "r", readFile: "r", readdir: "r" },
  ...{ readlink: "r", realpath: "r", stat: "r", statfs: "r", unwatchFile: "r", watch: "r", watchFile: "r" },
  ...{ chmod: "w", chown: "w", lchmod: "w", lchown: "w", lutimes: "w", rm: "w", rmdir: "w", truncate: "w" },
  ...{ unlink: "w", utimes: "w", appendFile: "c", mkdir: "c", writeFile: "c", mkdtemp: "n", mkdtempDisposable: "n" },
  ...{ copyFile: "rc", cp: "rc", link: "wc", rename: "wc", symlink: "tc" },
};
/** What errors call them, where that is something else. */
const SYSTEM_CALLS = {
  ...{ appendFile: "open", writeFile: "open", truncate: "open", copyFile: "copyfile", utimes: "utime" },
  ...{ lutimes: "lutime", mkdtempDisposable: "mkdtemp" },
};
const REASONS = {
  EBUSY: [-16, "resource busy or locked"],
  ENOENT: [-2, "no such file or directory"],
  ENOSPC: [-28, "no space left on device"],
  EROFS: [-30, "read-only file system"],
  EXDEV: [-18, "cross-device link not permitted"],
};
const { O_APPEND, O_CREAT, O_RDWR, O_TRUNC, O_WRONLY, W_OK } = constants;
const WRITING = O_APPEND | O_CREAT | O_RDWR | O_TRUNC | O_WRONLY;

/**
 * Puts the real paths into `args`.
 *
 * @returns Whether there were others
 * @throws What Linux says, where Lambda's file system is read-only
 */
function prepare(name, args) {
  const roles = CALLS[name];
  let given;
  for (let index = 0; index < roles.length; index++) {
    const path = args[index];
    // What is relative in a link stays so.
    if (roles[index] === "t" && !isAbsolute(textOf(path) ?? "")) continue;
    const found = real(path);
    if (found === path) continue;
    given ??= [...args];
    args[index] = found;
  }
  const reason = reasonOf(name, roles, args);
  if (reason)
    throw systemError(reason, SYSTEM_CALLS[name] ?? name, ...(given ?? args).slice(0, roles.length).map(textOf));
  return given !== undefined;
}

function reasonOf(name, roles, args) {
  if (roles === "r" && name !== "open" && name !== "access") return undefined;
  const paths = args.slice(0, roles.length).map(textOf);
  // A descriptor, or what node:fs refuses itself.
  if (paths.includes(undefined)) return undefined;
  const [first, second] = paths;
  if (name === "open") return reasonToOpen(first, args[1]);
  if (name === "access") return (args[1] & W_OK) === 0 ? undefined : refusal(first, false);
  if (name === "mkdir" && exists(first)) return undefined;
  if (name === "mkdir" && args[1]?.recursive) return refusal(first, true) && "EROFS";
  if ((name === "rm" || name === "rmdir" || name === "rename") && paths.some(isRoot)) return "EBUSY";
  if (roles === "wc" && isOwn(first) !== isOwn(second)) return exists(first) ? "EXDEV" : undefined;
  for (let index = 0; index < roles.length; index++) {
    const role = roles[index];
    if (role === "r" || role === "t") continue;
    const reason = refusal(role === "n" ? `${first}XXXXXX` : paths[index], role !== "w");
    if (reason) return reason;
  }
  return undefined;
}

function reasonToOpen(path, flags) {
  if (typeof flags !== "string") {
    const bits = typeof flags === "number" ? flags : 0;
    return (bits & WRITING) === 0 ? undefined : refusal(path, (bits & O_CREAT) !== 0);
  }
  const isReading = flags === "r" || flags === "rs" || flags === "sr";
  return isReading ? undefined : refusal(path, !flags.includes("r"));
}

/** As node:fs makes them. */
function systemError(code, syscall, path, dest) {
  const [errno, text] = REASONS[code];
  const places = path === undefined ? "" : dest === undefined ? ` '${path}'` : ` '${path}' -> '${dest}'`;
  const error = Object.assign(new Error(`${code}: ${text}, ${syscall}${places}`), { errno, code, syscall });
  if (path !== undefined) error.path = path;
  if (dest !== undefined) error.dest = dest;
  return error;
}

module.exports = { calls: Object.keys(CALLS), prepare, systemError };
