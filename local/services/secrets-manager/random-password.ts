import { randomInt } from "node:crypto";
import { AwsError } from "../../service.ts";

export interface RandomPasswordInput {
  /** @default 32 */
  PasswordLength?: number;
  ExcludeCharacters?: string;
  ExcludeNumbers?: boolean;
  ExcludePunctuation?: boolean;
  ExcludeUppercase?: boolean;
  ExcludeLowercase?: boolean;
  IncludeSpace?: boolean;
  /** @default true */
  RequireEachIncludedType?: boolean;
}

const UPPERCASE = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/** A password as GetRandomPassword makes it. */
export function randomPassword(input: RandomPasswordInput): string {
  const length = input.PasswordLength ?? 32;
  const excluded = new Set(input.ExcludeCharacters ?? "");
  const classes = [
    input.ExcludeUppercase ? "" : UPPERCASE,
    input.ExcludeLowercase ? "" : UPPERCASE.toLowerCase(),
    input.ExcludeNumbers ? "" : "0123456789",
    input.ExcludePunctuation ? "" : PUNCTUATION,
    input.IncludeSpace ? " " : "",
  ]
    .map((characters) => [...characters].filter((character) => !excluded.has(character)))
    .filter((characters) => characters.length > 0);
  const required = input.RequireEachIncludedType === false ? [] : classes;
  if (length < 1 || length > 4096 || length < required.length) {
    throw new AwsError(
      "InvalidParameterException",
      "The password length is not valid for the included character types.",
    );
  }
  if (classes.length === 0) throw new AwsError("InvalidParameterException", "No characters are left to choose from.");
  const all = classes.flat();
  const password = required.map(pick);
  while (password.length < length) password.push(pick(all));
  for (let last = password.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [password[last], password[other]] = [password[other]!, password[last]!];
  }
  return password.join("");
}

function pick(characters: string[]): string {
  return characters[randomInt(characters.length)]!;
}
