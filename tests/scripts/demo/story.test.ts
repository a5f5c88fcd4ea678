import { StoryBroken, story, until } from "../../../scripts/demo/story.ts";

describe("a story", () => {
  it("shows each claim that held, with what it found", async () => {
    const lines: string[] = [];
    const told = story((line) => lines.push(line), false);
    await told.step(
      "Two and two",
      async () => 4,
      (sum) => `${sum}`,
    );
    expect(lines[0]).toMatch(/^ {2}✓ Two and two: 4 \(\d+ ms\)$/);
    expect(told.summary()).toMatchObject({ held: 1, failed: 0 });
  });

  it("breaks off at a claim that did not hold, and says why", async () => {
    const lines: string[] = [];
    const told = story((line) => lines.push(line), false);
    const broken = told.step("The roof", async () => {
      throw new Error("it rains in");
    });
    await expect(broken).rejects.toBeInstanceOf(StoryBroken);
    expect(lines).toEqual(["  ✗ The roof: it rains in"]);
    expect(told.summary()).toMatchObject({ held: 0, failed: 1 });
  });
});

describe("waiting", () => {
  it("ends with the first answer", async () => {
    let asked = 0;
    expect(await until("An answer", async () => (++asked === 3 ? "yes" : undefined))).toBe("yes");
  });

  it("ends with an error that names what did not happen", async () => {
    await expect(until("Spring", async () => undefined, 0)).rejects.toThrow("Spring did not happen within 0 s");
  });
});
