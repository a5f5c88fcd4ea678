/** What the person at the terminal can mend: shown as one line, without a stack, and the process ends with status 1. */
export class Problem extends Error {
  override readonly name = "Problem";
}
