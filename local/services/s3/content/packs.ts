/**
 * Small objects, many in a file: to make a file costs more than all the rest of an upload. A pack is only ever appended to,
 * and what was appended is named by a row of the database afterwards: a killed process leaves bytes that nobody names, and
 * loses nothing. Packs that hold little that is still named are emptied into the current one, and go the time after that.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";

/** Larger objects are files of their own. */
export const MAX_PACKED_BYTES = 256 * 1024;
const MAX_PACK_BYTES = 64 * 1024 * 1024;
/** So much has to be free before packs are looked through. */
const TIDY_FROM_BYTES = 16 * 1024 * 1024;

export interface Packed {
  path: string;
  offset: number;
  length: number;
}

export interface Packs {
  /** @returns the name that the bytes are found by: `pack-<id>:<offset>:<length>` */
  append(bytes: Buffer): string;
  /** Undefined for a file that is no pack. */
  place(file: string): Packed | undefined;
  read(place: Packed): Buffer;
  /** Something in a pack is named by no row any more. */
  release(file: string): void;
  /** Gives back what is free, of all packs: nothing is appended after this. */
  close(): void;
}

export function packs(folder: string, database: DatabaseSync): Packs {
  let current: { name: string; descriptor: number; size: number } | undefined;
  let released = 0;
  /** Bytes of each pack that rows name: counted once something goes, and from then on kept up to date. */
  let live: Map<string, number> | undefined;
  const named = database.prepare(
    `SELECT substr(file, 1, instr(file, ':') - 1) AS pack, sum(json_extract(detail, '$.size')) AS bytes
     FROM s3_objects WHERE file LIKE 'pack-%' GROUP BY pack`,
  );
  const inPack = database.prepare("SELECT sequence, file FROM s3_objects WHERE file LIKE ?");
  const move = database.prepare("UPDATE s3_objects SET file = ? WHERE sequence = ?");

  function append(bytes: Buffer): string {
    if (!current || current.size >= MAX_PACK_BYTES) {
      seal();
      // One of this process's own: an earlier one that still runs may not come in between.
      const name = `pack-${randomBytes(8).toString("hex")}`;
      current = { name, descriptor: openSync(join(folder, name), "wx"), size: 0 };
    }
    const { name, descriptor, size } = current;
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(descriptor, bytes, done, bytes.length - done, size + done);
    }
    current.size += bytes.length;
    live?.set(name, (live.get(name) ?? 0) + bytes.length);
    return `${name}:${size}:${bytes.length}`;
  }

  function seal(): void {
    if (current) closeSync(current.descriptor);
    current = undefined;
  }

  function place(file: string): Packed | undefined {
    if (!file.startsWith("pack-")) return undefined;
    const [name = "", offset, length] = file.split(":");
    return { path: join(folder, name), offset: Number(offset), length: Number(length) };
  }

  function read({ path, offset, length }: Packed): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    const descriptor = openSync(path, "r");
    try {
      for (let done = 0; done < length; ) {
        const count = readSync(descriptor, bytes, done, length - done, offset + done);
        if (count === 0) throw new Error(`${path} ends before byte ${offset + length}`);
        done += count;
      }
    } finally {
      closeSync(descriptor);
    }
    return bytes;
  }

  function count(): Map<string, number> {
    const packs = readdirSync(folder).filter((name) => name.startsWith("pack-"));
    const found = new Map(packs.map((name) => [name, 0]));
    for (const { pack, bytes } of named.all()) found.set(String(pack), Number(bytes));
    return found;
  }

  /** All packs but the one that is appended to. */
  function tidy(counted: Map<string, number>): void {
    released = 0;
    for (const [name, bytes] of counted) {
      if (name === current?.name) continue;
      const path = join(folder, name);
      if (bytes <= 0) {
        rmSync(path, { force: true });
        counted.delete(name);
      } else if (bytes < (statSync(path, { throwIfNoEntry: false })?.size ?? 0) / 2) {
        empty(name);
        counted.set(name, 0);
      }
    }
  }

  /** The pack itself stays until the next time: somebody may be about to read what a row said before. */
  function empty(name: string): void {
    for (const { sequence, file } of inPack.all(`${name}:%`)) {
      move.run(append(read(place(String(file))!)), Number(sequence));
    }
  }

  return {
    ...{ append, place, read },
    close() {
      seal();
      tidy(count());
      seal();
    },
    release(file) {
      const [name = "", , length] = file.split(":");
      // The row that named it is gone by now.
      if (live) live.set(name, (live.get(name) ?? 0) - Number(length));
      else live = count();
      released += Number(length);
      if (released >= TIDY_FROM_BYTES) tidy(live);
    },
  };
}
