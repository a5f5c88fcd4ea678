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
  /** Gives back what is free, of all packs but the one that is appended to. */
  tidy(): void;
  /** Gives back what is free, of all packs: nothing is appended after this. */
  close(): void;
}

export function packs(folder: string, database: DatabaseSync): Packs {
  let current: { name: string; descriptor: number; size: number } | undefined;
  let released = 0;
  const named = database.prepare(
    `SELECT substr(file, 1, instr(file, ':') - 1) AS pack, sum(json_extract(detail, '$.size')) AS bytes
     FROM s3_objects WHERE file LIKE 'pack-%' GROUP BY pack`,
  );
  const inPack = database.prepare("SELECT sequence, file FROM s3_objects WHERE file LIKE ?");
  const move = database.prepare("UPDATE s3_objects SET file = ? WHERE sequence = ?");

  function append(bytes: Buffer): string {
    if (!current || current.size >= MAX_PACK_BYTES) {
      if (current) closeSync(current.descriptor);
      // One of this process's own: an earlier one that still runs may not come in between.
      const name = `pack-${randomBytes(8).toString("hex")}`;
      current = { name, descriptor: openSync(join(folder, name), "wx"), size: 0 };
    }
    const { name, descriptor, size } = current;
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(descriptor, bytes, done, bytes.length - done, size + done);
    }
    current.size += bytes.length;
    return `${name}:${size}:${bytes.length}`;
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

  function tidy(): void {
    released = 0;
    const live = new Map(named.all().map(({ pack, bytes }) => [String(pack), Number(bytes)]));
    for (const name of readdirSync(folder)) {
      if (!name.startsWith("pack-") || name === current?.name) continue;
      const bytes = live.get(name) ?? 0;
      if (bytes === 0) rmSync(join(folder, name), { force: true });
      else if (bytes < statSync(join(folder, name)).size / 2) empty(name);
    }
  }

  /** The pack itself stays until the next time: somebody may be about to read what a row said before. */
  function empty(name: string): void {
    for (const { sequence, file } of inPack.all(`${name}:%`)) {
      move.run(append(read(place(String(file))!)), Number(sequence));
    }
  }

  return {
    ...{ append, place, read, tidy },
    close() {
      if (current) closeSync(current.descriptor);
      current = undefined;
      tidy();
    },
    release(file) {
      released += place(file)?.length ?? 0;
      if (released >= TIDY_FROM_BYTES) tidy();
    },
  };
}
