/** What the terminal shows. */

export interface Progress {
  /** A step, timed: printed when it is done. */
  step<T>(what: string, task: () => Promise<T> | T): Promise<T>;
  line(text: string): void;
  /** Lines as they are. */
  text(text: string): void;
  problem(text: string): void;
}

/** Times count from the start of the process. */
export function progress(write = (text: string) => void process.stdout.write(text)): Progress {
  const elapsed = () => `${(performance.now() / 1000).toFixed(2)} s`.padStart(8);
  return {
    async step(what, task) {
      const began = performance.now();
      const result = await task();
      write(`${elapsed()}  ${what} (${Math.round(performance.now() - began)} ms)\n`);
      return result;
    },
    line: (text) => write(`${elapsed()}  ${text}\n`),
    text: write,
    problem: (text) => write(`${elapsed()}  ! ${text}\n`),
  };
}
