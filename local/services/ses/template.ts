/**
 * Templates as SES renders them: Handlebars with `{{name}}`, `{{a.b}}`, `{{#if}}`, `{{#unless}}`, `{{#each}}`, `{{else}}`.
 * Not emulated: partials and `{{#with}}`.
 */
type Data = Record<string, unknown>;

/** An attribute that the data does not have: SES drops the message. */
export class MissingAttribute extends Error {
  override readonly name = "MissingAttribute";
}

/** @param isHtml values are escaped, as in the body; `{{{name}}}` never is */
export function renderTemplate(template: string, data: Data, isHtml = false): string {
  return render(template, [data], isHtml);
}

function render(template: string, scopes: Data[], isHtml: boolean): string {
  let output = "";
  let rest = template;
  for (let tag = nextTag(rest); tag; tag = nextTag(rest)) {
    output += rest.slice(0, tag.start);
    rest = rest.slice(tag.end);
    if (tag.block === undefined) {
      const value = String(lookUp(tag.name, scopes));
      output += isHtml && !tag.raw ? escape(value) : value;
      continue;
    }
    const { body, otherwise, after } = blockOf(rest, tag.block);
    rest = after;
    output += renderBlock(tag.block, tag.name, body, otherwise, scopes, isHtml);
  }
  return output + rest;
}

function renderBlock(
  block: string,
  name: string,
  body: string,
  otherwise: string,
  scopes: Data[],
  isHtml: boolean,
): string {
  const value = lookUp(name, scopes, true);
  const isEmpty = !value || (Array.isArray(value) && value.length === 0);
  if (block !== "each") return render(isEmpty === (block === "unless") ? body : otherwise, scopes, isHtml);
  if (isEmpty || !Array.isArray(value)) return render(otherwise, scopes, isHtml);
  const scopeOf = (item: unknown): Data => ({ ...(isObject(item) ? item : {}), this: item });
  return value.map((item) => render(body, [scopeOf(item), ...scopes], isHtml)).join("");
}

function nextTag(text: string) {
  const match = /\{\{(\{?)\s*(?:#(if|unless|each)\s+)?([\w.@-]+)\s*\}?\}\}/.exec(text);
  if (!match) return undefined;
  const [whole, brace, block, name] = match;
  return { start: match.index, end: match.index + whole.length, raw: brace === "{", block, name: name! };
}

/** Up to the end that belongs to the block, whose own blocks have ends of theirs. */
function blockOf(text: string, block: string): { body: string; otherwise: string; after: string } {
  let depth = 0;
  let alternative: [start: number, end: number] | undefined;
  for (const match of text.matchAll(/\{\{\s*(?:#(?:if|unless|each)\s|(\/)(?:if|unless|each)\s*\}\}|(else)\s*\}\})/g)) {
    const end = match.index + match[0].length;
    if (match[2] && depth === 0) alternative = [match.index, end];
    else if (match[1] && depth-- === 0) {
      const bodyEnd = alternative?.[0] ?? match.index;
      const otherwise = alternative ? text.slice(alternative[1], match.index) : "";
      return { body: text.slice(0, bodyEnd), otherwise, after: text.slice(end) };
    } else if (!match[1] && !match[2]) depth++;
  }
  throw new MissingAttribute(`The block {{#${block}}} has no end`);
}

function lookUp(path: string, scopes: Data[], mayMiss = false): unknown {
  const [first, ...more] = path.split(".");
  const scope = scopes.find((each) => Object.hasOwn(each, first!));
  let value: unknown = scope?.[first!];
  for (const key of more) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  if (value !== undefined && value !== null) return value;
  if (mayMiss) return undefined;
  throw new MissingAttribute(`Attribute '${path}' is not present in the rendering data.`);
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

function isObject(value: unknown): value is Data {
  return typeof value === "object" && value !== null;
}
