/**
 * Lets all of node:fs see the environment's own files (see own-paths.cjs): calls with callbacks and promises, synchronous
 * ones, and through them the streams. What the system answers then names the paths that the function knows. It comes before
 * anything is imported, so that every module sees what is changed here.
 *
 * Not reached: native code and node:sqlite, other programs, sockets' paths, `import` and `require` of what is below `/tmp`.
 */
const fs = require("node:fs");
const { join } = require("node:path");
const { calls, prepare } = require("./own-calls.cjs");
const { own, keep, real, shown } = require("./own-paths.cjs");

/** Those that answer with paths. */
const ANSWERED = new Set(["mkdir", "mkdtemp", "mkdtempDisposable", "opendir", "readdir", "readlink", "realpath"]);
/** Those that write a file's content. */
const WRITING = new Set(["appendFile", "copyFile", "cp", "writeFile"]);
/** What they call is no answer. */
const WATCHING = new Set(["unwatchFile", "watch", "watchFile"]);
/** Only the runtime itself is told how much there may be: not its worker threads, nor what it forks. */
const isLimited = process.argv[1] === join(__dirname, "bootstrap.mjs");
/** Descriptors that the process has begun with. */
const LAST_GIVEN = 4;

for (const name of calls) {
  const sync = `${name}Sync`;
  if (name === "openAsBlob") fs[name] = promised(name, fs[name]);
  else if (WATCHING.has(name)) fs[name] = synchronous(name, fs[name]);
  else if (fs[name]) fs[name] = withCallback(name, fs[name]);
  if (fs[sync]) fs[sync] = synchronous(name, fs[sync]);
  if (fs.promises[name]) fs.promises[name] = promised(name, fs.promises[name]);
}
if (isLimited) limitStorage();
ownDirectory();

function synchronous(name, call) {
  const changed = (...args) => {
    if (!ready(name, args)) return name === "realpath" ? keep(call(...args)) : call(...args);
    try {
      return answer(name, call(...args));
    } catch (error) {
      throw renamed(error);
    }
  };
  if (call.native) changed.native = synchronous(name, call.native);
  return changed;
}

function withCallback(name, call) {
  const changed = (...args) => {
    const done = args.at(-1);
    let isMapped;
    try {
      isMapped = ready(name, args);
    } catch (error) {
      if (typeof done !== "function") throw error;
      process.nextTick(done, error);
      return;
    }
    if (isMapped && typeof done === "function") {
      args[args.length - 1] = (error, value) => done(renamed(error), answer(name, value));
    }
    call(...args);
  };
  if (call.native) changed.native = withCallback(name, call.native);
  for (const symbol of Object.getOwnPropertySymbols(call)) changed[symbol] = call[symbol];
  return changed;
}

function promised(name, call) {
  return (...args) => {
    let isMapped;
    try {
      isMapped = ready(name, args);
    } catch (error) {
      return Promise.reject(error);
    }
    const answered = call(...args);
    if (!isMapped || typeof answered?.then !== "function") return answered;
    return answered.then(
      (value) => answer(name, value),
      (error) => {
        throw renamed(error);
      },
    );
  };
}

function ready(name, args) {
  const isMapped = prepare(name, args);
  if (isLimited && WRITING.has(name)) storage().takeFor(name, args);
  return isMapped;
}

function answer(name, value) {
  if (!ANSWERED.has(name) || value === undefined) return value;
  if (typeof value === "string") return shown(value);
  if (Buffer.isBuffer(value)) return Buffer.from(shown(value.toString()));
  if (Array.isArray(value)) return value.map(entry);
  if (value instanceof fs.Dir) return directory(value);
  return Object.assign(value, { path: shown(value.path) });
}

/** Of a folder: a name, or more than that. */
function entry(found) {
  if (typeof found?.parentPath === "string") found.parentPath = shown(found.parentPath);
  return found;
}

function directory(dir) {
  const { read, readSync, entries } = dir;
  async function* shownEntries() {
    for await (const each of entries.call(dir)) yield entry(each);
  }
  return Object.defineProperties(dir, {
    path: { value: shown(dir.path) },
    readSync: { value: () => entry(readSync.call(dir)) },
    read: {
      value: (done) => (done ? read.call(dir, (error, each) => done(error, entry(each))) : read.call(dir).then(entry)),
    },
    entries: { value: shownEntries },
    [Symbol.asyncIterator]: { value: shownEntries },
  });
}

function renamed(error) {
  if (!(error instanceof Error)) return error;
  for (const member of ["message", "stack", "path", "dest"]) {
    if (typeof error[member] === "string") error[member] = error[member].replaceAll(own, "/tmp");
  }
  return error;
}

/** All that is open for writing is the function's own, or a device. */
function limitStorage() {
  for (const name of ["write", "writev"]) {
    const plain = fs[name];
    const plainSync = fs[`${name}Sync`];
    fs[name] = (descriptor, ...args) => {
      try {
        if (descriptor > LAST_GIVEN) storage().takeForPart(args);
      } catch (error) {
        process.nextTick(args.at(-1), error);
        return;
      }
      plain(descriptor, ...args);
    };
    for (const symbol of Object.getOwnPropertySymbols(plain)) fs[name][symbol] = plain[symbol];
    fs[`${name}Sync`] = (descriptor, ...args) => {
      if (descriptor > LAST_GIVEN) storage().takeForPart(args);
      return plainSync(descriptor, ...args);
    };
  }
  const open = fs.promises.open;
  let isDone = false;
  fs.promises.open = async (...args) => {
    const handle = await open(...args);
    if (!isDone) limitHandles(Object.getPrototypeOf(handle));
    isDone = true;
    return handle;
  };
}

/** Their class shows in them only. */
function limitHandles(prototype) {
  for (const name of ["write", "writev", "writeFile", "appendFile"]) {
    const plain = prototype[name];
    prototype[name] = async function (...args) {
      storage().takeForPart(args);
      return plain.apply(this, args);
    };
  }
}

function storage() {
  return require("./own-storage.cjs");
}

function ownDirectory() {
  const { chdir, cwd } = process;
  process.chdir = (folder) => {
    try {
      chdir.call(process, real(folder));
    } catch (error) {
      throw renamed(error);
    }
  };
  process.cwd = () => shown(cwd.call(process));
}
