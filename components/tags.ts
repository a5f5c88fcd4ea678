import { checkForm, InvalidArgumentError } from "./invalid-argument.ts";

/** Tags that every resource of a cell carries: who pays, who owns, where it belongs. */
export type Tags = Record<string, string>;

export interface TagSource {
  environment: string;
  cell?: string;
  tenant?: string;
}

export function tagsFor({ environment, cell, tenant }: TagSource): Tags {
  return {
    Platform: "terrace",
    Environment: environment,
    ...(cell ? { Cell: cell } : {}),
    ...(tenant ? { TenantId: tenant } : {}),
  };
}

const MOST_TAGS = 50;
const FORM = String.raw`[\p{L}\p{Z}\p{N}_.:/=+\-@]`;
const KEY = new RegExp(`^(?!aws:)${FORM}{1,128}$`, "iu");
const VALUE = new RegExp(`^${FORM}{0,256}$`, "u");

/** What most of AWS's services take. @throws InvalidArgumentError naming the tag */
export function checkTags(component: string, tags: Tags = {}): void {
  const count = Object.keys(tags).length;
  if (count > MOST_TAGS) {
    throw new InvalidArgumentError(component, "tags", `${count} tags`, `AWS keeps ${MOST_TAGS}; leave some out`);
  }
  for (const [key, value] of Object.entries(tags)) {
    const letters = "letters, digits, blanks and _ . : / = + - @";
    checkForm(component, `tags.${key}`, key, KEY, `a key of 1 to 128 ${letters}, not beginning with aws:`);
    checkForm(component, `tags.${key}`, value, VALUE, `at most 256 ${letters}`);
  }
}
