/** An argument that a component refuses, in one line: which component, which argument, its value, the remedy. */
export class InvalidArgumentError extends Error {
  override readonly name = "InvalidArgumentError";
  readonly argument: string;
  constructor(component: string, argument: string, value: unknown, remedy: string) {
    super(`${component}: ${argument} is ${JSON.stringify(value) ?? "missing"}; ${remedy}`);
    this.argument = argument;
  }
}

/** Refuses a number outside a range. Undefined passes: the default takes its place. */
export function checkRange(
  component: string,
  argument: string,
  value: number | undefined,
  low: number,
  high: number,
): void {
  if (value === undefined || (Number.isFinite(value) && value >= low && value <= high)) return;
  throw new InvalidArgumentError(component, argument, value, `it has to be a number from ${low} to ${high}`);
}

/** Refuses a text that does not have the form. */
export function checkForm(
  component: string,
  argument: string,
  value: string | undefined,
  form: RegExp,
  words: string,
): void {
  if (value === undefined || form.test(value)) return;
  throw new InvalidArgumentError(component, argument, value, `it has to be ${words}`);
}
