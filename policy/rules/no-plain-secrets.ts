import type { Rule } from "../rule.ts";

/** A property or variable by its name. What names or points to a secret (`…Arn`, `…Name`) is none. */
const SECRET_NAME = /(password|passwd|secret|api_?key|private_?key|access_?key|token|credential)s?$/i;
/** A value by its look: access keys, private keys, JSON Web Tokens, GitHub's and Slack's tokens, URLs with a password. */
const SECRET_VALUE =
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.|\bgh[pousr]_\w{36}\b|\bxox[abp]-[\w-]{10,}|:\/\/[^/\s:@]+:[^/\s:@]{3,}@/;
/** Switches and lifetimes that only sound like one. */
const HARMLESS = /^(true|false|\d+|days|hours|minutes|seconds|arn:.*|\/[\w/.-]+|https:\/\/[^@]*)$/;

export const noPlainSecrets: Rule = {
  name: "no-plain-secrets",
  description: "No secret stands in plain text in what Pulumi is told, and so in its state.",
  remedy:
    "Keep it in Secrets Manager or as a SecureString parameter and hand on its name, or mark it with pulumi.secret.",
  level: "mandatory",
  *check({ properties, secrets }) {
    for (const [key, value] of Object.entries(properties)) {
      if (!secrets.includes(key)) yield* within(key, value, key);
    }
  },
};

function* within(key: string, value: unknown, path: string): Iterable<string> {
  if (typeof value === "string") {
    if (SECRET_VALUE.test(value)) yield `${path} looks like a secret`;
    else if (SECRET_NAME.test(key) && value !== "" && !HARMLESS.test(value)) yield `${path} stands in plain text`;
  } else if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) yield* within(key, each, `${path}[${index}]`);
  } else if (value !== null && typeof value === "object") {
    for (const [name, each] of Object.entries(value)) yield* within(name, each, `${path}.${name}`);
  }
}
