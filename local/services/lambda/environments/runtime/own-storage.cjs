/**
 * A function's ephemeral storage: what it writes through node:fs is counted, and measured whenever there could be too much of
 * it. So what it has removed since counts no more, and what others wrote there (native code, child processes) counts as well.
 * Loaded with the first write.
 */
const { lstatSync, readdirSync } = require("node:fs");
const { join } = require("node:path");
const { systemError } = require("./own-calls.cjs");
const { own, textOf } = require("./own-paths.cjs");

const BLOCK_BYTES = 512;
const PAGE_BYTES = 4096;

const limit = Number(process.argv[5]) * 1024 * 1024;
let room = limit;

/**
 * Before a call writes a whole file, or a tree of them.
 *
 * @param args Real paths
 * @throws ENOSPC
 */
function takeFor(name, args) {
  const isCopy = name === "copyFile" || name === "cp";
  const bytes = isCopy ? bytesIn(textOf(args[0]), (stats) => stats.size) : bytesOf(args[1]);
  // Its old content makes room.
  if (bytes > 0) take(bytes, name === "appendFile" ? undefined : textOf(args[isCopy ? 1 : 0]));
}

/**
 * Before a call writes to what is open.
 *
 * @param args As `fs.write` or `fs.writev` gets them, without the descriptor
 * @throws ENOSPC
 */
function takeForPart([data, second, third]) {
  if (Array.isArray(data)) return take(data.reduce((sum, each) => sum + bytesOf(each), 0));
  if (!ArrayBuffer.isView(data)) return take(bytesOf(data));
  const { offset, length } = typeof second === "object" && second !== null ? second : { offset: second, length: third };
  return take(typeof length === "number" ? length : data.byteLength - (typeof offset === "number" ? offset : 0));
}

function take(bytes, replaced) {
  if (bytes > room) {
    room = limit - bytesIn(own);
    if (bytes > room + (replaced === undefined ? 0 : bytesIn(replaced))) throw systemError("ENOSPC", "write");
  }
  room -= bytes;
}

/** 0 of what comes piece by piece: it counts once it is there. */
function bytesOf(data) {
  if (typeof data === "string") return Buffer.byteLength(data);
  return ArrayBuffer.isView(data) ? data.byteLength : 0;
}

/** Of a file or a folder, links not followed; 0 where there is none. */
function bytesIn(path, sizeOf = taken) {
  try {
    const stats = lstatSync(path);
    if (!stats.isDirectory()) return sizeOf(stats);
    return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name), sizeOf), 0);
  } catch {
    return 0;
  }
}

/** Holes take nothing, and what a file system holds ready for more is not the function's. */
function taken({ size, blocks = Number.POSITIVE_INFINITY }) {
  return Math.min(Math.ceil(size / PAGE_BYTES) * PAGE_BYTES, blocks * BLOCK_BYTES);
}

module.exports = { takeFor, takeForPart };
