/**
 * Which of the invocations that wait inside an environment's process have begun. The process and the platform agree
 * through a file in memory that both hold open: the process writes what it begins, then reads what was taken back; the
 * platform writes what it takes back, then reads what was begun. Whichever comes second sees the other, so no
 * invocation runs twice, even where the process hangs and answers nothing.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";

/** Offsets in the file; `bootstrap.mjs` knows them too. Both are a number of 8 bytes, little endian. */
const BEGUN = 0;
const TAKEN_BACK = 8;

export interface Claims {
  /** For the process to inherit. */
  readonly descriptor: number;
  /** The claim that the process began last. */
  begun(): number;
  /** Takes back every claim from this one on; those that `begun()` then tells of were too late. 0: none is. */
  takeBack(from: number): void;
  close(): void;
}

/** @param file Path that no one else uses; it is open only, and leaves no name behind. */
export function claims(file: string): Claims {
  const descriptor = openSync(file, "w+", 0o600);
  unlinkSync(file);
  const bytes = Buffer.alloc(8);
  writeSync(descriptor, Buffer.alloc(16), 0, 16, 0);
  let closed = false;
  return {
    descriptor,
    begun() {
      if (!closed) readSync(descriptor, bytes, 0, 8, BEGUN);
      return bytes.readDoubleLE();
    },
    takeBack(from) {
      if (closed) return;
      bytes.writeDoubleLE(from);
      writeSync(descriptor, bytes, 0, 8, TAKEN_BACK);
    },
    close() {
      if (closed) return;
      readSync(descriptor, bytes, 0, 8, BEGUN);
      closed = true;
      closeSync(descriptor);
    },
  };
}
