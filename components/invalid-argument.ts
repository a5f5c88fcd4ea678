import * as pulumi from "@pulumi/pulumi";

/** An argument that a component refuses, in one line: which component, which argument, its value, the remedy. */
export class InvalidArgumentError extends Error {
  override readonly name = "InvalidArgumentError";
  readonly argument: string;
  constructor(component: string, argument: string, value: unknown, remedy: string) {
    // One line, whatever stands in names and keys.
    super(`${component}: ${argument} is ${shown(value)}; ${remedy}`.replace(/[\p{Cc}\u2028\u2029]+/gu, " "));
    this.argument = argument;
  }
}

const SHOWN_CHARACTERS = 200;

/** A value in one short line, whatever it is: what JSON has no words for too. */
function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (pulumi.Resource.isInstance(value)) return `a resource, ${(value as { __pulumiType?: string }).__pulumiType}`;
  if (pulumi.Output.isInstance(value)) return "an Output";
  if (["number", "bigint", "symbol"].includes(typeof value)) return String(value);
  if (typeof value === "function") return "a function";
  let text: string;
  try {
    text = JSON.stringify(value) ?? typeof value;
  } catch {
    text = "an object that JSON cannot hold";
  }
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
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

/** Refuses what is said of a thing that exists already and stays as it is. @param kept arguments that go with `existing` */
export function checkAdopted(component: string, thing: string, args: object, kept: readonly string[] = []): void {
  const known = ["existing", "tags", ...kept];
  const other = Object.entries(args).find(([key, value]) => value !== undefined && !known.includes(key));
  if (!other) return;
  throw new InvalidArgumentError(component, other[0], "given", `an existing ${thing} stays as it is; leave this out`);
}

/** Hands a value on once it was checked: at once when it is plain, else when it resolves, in a preview too where known. */
export function checked<T>(value: pulumi.Input<T>, check: (value: T) => void): pulumi.Output<T> {
  if (!pulumi.Output.isInstance(value) && !(value instanceof Promise)) check(value as T);
  return pulumi.output(value).apply((resolved) => {
    check(resolved as T);
    return resolved as T;
  }) as pulumi.Output<T>;
}

/** An ARN of one service, plain or not yet known. Undefined passes: the default takes its place. */
export function checkedArn<V extends pulumi.Input<string> | undefined>(
  component: string,
  argument: string,
  value: V,
  service: string,
): V extends undefined ? undefined : pulumi.Output<string> {
  type Checked = V extends undefined ? undefined : pulumi.Output<string>;
  if (value === undefined) return undefined as Checked;
  const form = new RegExp(`^arn:aws[a-z-]*:${service}:`);
  return checked<string>(value, (arn) =>
    checkForm(component, argument, arn, form, `an ARN such as arn:aws:${service}:…`),
  ) as Checked;
}

/** The ARN of a secret. What is given in its place may be the secret itself: the error does not repeat it. */
export function checkedSecretArn(
  component: string,
  argument: string,
  value: pulumi.Input<string> | undefined,
): pulumi.Output<string> | undefined {
  if (value === undefined) return undefined;
  return checked(value, (arn) => {
    if (/^arn:aws[a-z-]*:secretsmanager:/.test(arn)) return;
    throw new InvalidArgumentError(component, argument, "no ARN", "name the secret by its ARN in Secrets Manager");
  });
}
