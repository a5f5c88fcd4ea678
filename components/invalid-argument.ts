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

/**
 * Refuses a number outside a range. Undefined passes: the default takes its place.
 *
 * @param step between the numbers that AWS takes; 0 takes fractions of any size. Whole numbers by default
 */
export function checkRange(
  component: string,
  argument: string,
  value: number | undefined,
  low: number,
  high: number,
  step = 1,
): void {
  if (value === undefined) return;
  if (!(Number.isFinite(value) && value >= low && value <= high)) {
    throw new InvalidArgumentError(component, argument, value, `it has to be a number from ${low} to ${high}`);
  }
  if (step === 0 || Number.isInteger(value / step)) return;
  throw new InvalidArgumentError(
    component,
    argument,
    value,
    step === 1 ? `it has to be a whole number from ${low} to ${high}` : `it comes in steps of ${step}`,
  );
}

/** What CloudWatch Logs takes, and no day between them. */
const RETENTION_DAYS = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545],
  ...[731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
];

/** Refuses days that CloudWatch Logs does not know, and names the next that it does. */
export function checkRetention(component: string, argument: string, days: number | undefined): void {
  const remedy = whyNoRetention(days);
  if (remedy) throw new InvalidArgumentError(component, argument, days, remedy);
}

/** What to do about days that CloudWatch Logs does not take; undefined where it does. */
export function whyNoRetention(days: number | undefined): string | undefined {
  if (days === undefined || RETENTION_DAYS.includes(days)) return undefined;
  const next = RETENTION_DAYS.find((each) => each > days) ?? RETENTION_DAYS.at(-1);
  return `CloudWatch Logs keeps 1, 3, 5, 7, 14, 30, 60, 90… 3653 days; the next it takes is ${next}`;
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

/** A KMS key by ARN, id or alias, plain or not yet known. Undefined passes: the default takes its place. */
export function checkedKey(
  component: string,
  argument: string,
  value: pulumi.Input<string> | undefined,
): pulumi.Output<string> | undefined {
  if (value === undefined) return undefined;
  const form = /^(alias\/[\w/-]+|(mrk-)?[0-9a-f-]{32,36}|arn:aws[a-z-]*:kms:.+)$/;
  return checked(value, (key) => checkForm(component, argument, key, form, "a key's ARN, id or alias/name"));
}
