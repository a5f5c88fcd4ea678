import { cachedParameters } from "../../../functions/shared/parameters.ts";

describe("a parameter", () => {
  it("is read once a minute, so that a rotated value is in use a minute later", async () => {
    let [now, value] = [0, "old"];
    let reads = 0;
    const read = cachedParameters(
      async () => {
        reads++;
        return value;
      },
      () => now,
    );
    expect([await read("/a"), await read("/a"), reads]).toEqual(["old", "old", 1]);
    value = "new";
    now = 59_999;
    expect(await read("/a")).toBe("old");
    now = 60_000;
    expect(await read("/a")).toBe("new");
  });

  it("that did not exist is seen five seconds after it was made", async () => {
    let now = 0;
    let value: string | undefined;
    const read = cachedParameters(
      async () => value,
      () => now,
    );
    expect(await read("/a")).toBeUndefined();
    value = "made";
    now = 5_000;
    expect(await read("/a")).toBe("made");
  });
});
