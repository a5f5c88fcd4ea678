import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { discard } from "../../local/discard.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "discard-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Until the disk is as it should be: what is removed behind the caller's back has no end to wait for. */
async function becomes(names: string[]): Promise<void> {
  while (readdirSync(directory).join() !== names.join()) await new Promise(setImmediate);
}

describe("discard", () => {
  it("removes a folder at once, and what a killed run left of it", async () => {
    for (const name of ["code", "code.dropped-1", "codes"]) {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, "file"), "text");
    }
    discard(join(directory, "code"));
    expect(existsSync(join(directory, "code"))).toBe(false);
    mkdirSync(join(directory, "code"));
    await becomes(["code", "codes"]);
    expect(readdirSync(join(directory, "codes"))).toEqual(["file"]);
  });

  it("removes what took the place of one that is still being removed", async () => {
    for (const text of ["first", "second", "third"]) {
      mkdirSync(join(directory, "code"));
      writeFileSync(join(directory, "code", text), text);
      discard(join(directory, "code"));
      expect(existsSync(join(directory, "code"))).toBe(false);
    }
    await becomes([]);
  });

  it("does nothing where there is none", () => {
    discard(join(directory, "code"));
    discard(join(directory, "nowhere", "code"));
    expect(readdirSync(directory)).toEqual([]);
  });
});
