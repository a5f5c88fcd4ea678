/** Tells what happens line by line, counts what held and what did not. */

export interface Story {
  heading(text: string): void;
  /**
   * One claim: `✓ title  detail  (n ms)` once `act` is done, `✗ title: reason` where it throws.
   * @returns what `act` returned.
   */
  step<Result>(title: string, act: () => Promise<Result>, detail?: (result: Result) => string): Promise<Result>;
  /** A line that claims nothing. */
  say(text: string): void;
  /** How many claims held and how many did not. */
  summary(): { held: number; failed: number; ms: number };
}

/** A claim that did not hold; what the story has to say of it was said. */
export class StoryBroken extends Error {
  override readonly name = "StoryBroken";
}

export function story(print: (line: string) => void = console.log, colours = process.stdout.isTTY === true): Story {
  const started = performance.now();
  const paint = (code: number, text: string) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
  let held = 0;
  let failed = 0;
  return {
    heading: (text) => print(`\n${paint(1, text)}`),
    say: (text) => print(`  ${paint(2, text)}`),
    async step(title, act, detail = () => "") {
      const from = performance.now();
      try {
        const result = await act();
        const more = detail(result);
        const took = `${Math.round(performance.now() - from)} ms`;
        print(`  ${paint(32, "✓")} ${title}${more && `: ${more}`} ${paint(2, `(${took})`)}`);
        held++;
        return result;
      } catch (error) {
        if (error instanceof StoryBroken) throw error;
        print(`  ${paint(31, "✗")} ${title}: ${(error as Error).message}`);
        failed++;
        throw new StoryBroken(title);
      }
    },
    summary: () => ({ held, failed, ms: Math.round(performance.now() - started) }),
  };
}

/** Asks again until there is an answer, at growing intervals up to a quarter of a second. */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined>,
  deadlineMs = 60_000,
): Promise<Answer> {
  const end = performance.now() + deadlineMs;
  for (let waitMs = 25; ; waitMs = Math.min(waitMs * 1.5, 250)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`${what} did not happen within ${deadlineMs / 1000} s`);
    await new Promise((done) => setTimeout(done, waitMs));
  }
}
