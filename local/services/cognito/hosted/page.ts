/** How the pages look: plain HTML without scripts, readable on a phone and by a screen reader. */
import { escapeXml as escape } from "../../../protocols/xml.ts";
import type { AwsResponse } from "../../../service.ts";
import type { Visit } from "./exchange.ts";

export interface Field {
  name: string;
  label: string;
  /** @default "text" */
  type?: string;
  value?: string;
  autocomplete: string;
  inputmode?: string;
  hint?: string;
}

export interface Form {
  title: string;
  action: string;
  submit: string;
  fields: Field[];
  csrf: string;
  hidden?: Record<string, string>;
  problem?: string;
  notice?: string;
  /** A key to be copied. */
  secret?: string;
  links?: { href: string; label: string }[];
  /** Another button, which sends the hidden fields elsewhere. */
  second?: { action: string; label: string };
  /** Where the browser is sent in the end. */
  leadsTo?: string;
}

const STYLE = `
:root { color-scheme: light dark; --ground: #f4f5f7; --card: #fff; --text: #1b1f24; --muted: #57606a; --line: #8c959f;
  --accent: #0b5cad; --on-accent: #fff; --bad: #a40e26; --bad-ground: #ffebe9; --note-ground: #eaf3fc }
@media (prefers-color-scheme: dark) { :root { --ground: #12151a; --card: #1c2128; --text: #e6e9ed; --muted: #a5adb8;
  --line: #6b7480; --accent: #7ab8ff; --on-accent: #10233a; --bad: #ffa8a0; --bad-ground: #3d1f22; --note-ground: #1d2c3d } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem 1rem; background: var(--ground);
  color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif }
main { width: 100%; max-width: 26rem; background: var(--card); border-radius: 12px; padding: 2rem;
  box-shadow: 0 1px 3px #0003, 0 8px 24px #0001 }
@media (max-width: 30rem) { body { place-items: start center; padding: 0 } main { min-height: 100vh; border-radius: 0;
  padding: 2rem 1.25rem; box-shadow: none; max-width: none } }
.pool { margin: 0; color: var(--muted); font-size: .9rem; overflow-wrap: anywhere }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1.25rem }
label { display: block; font-weight: 600; margin-bottom: .25rem }
.field { margin-bottom: 1rem }
input { width: 100%; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line);
  border-radius: 8px; padding: .6rem .75rem }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.hint { margin: .25rem 0 0; color: var(--muted); font-size: .875rem }
button { width: 100%; font: inherit; font-weight: 600; border: 1px solid var(--accent); border-radius: 8px;
  padding: .65rem 1rem; background: var(--accent); color: var(--on-accent); cursor: pointer }
button.second { background: transparent; color: var(--accent); margin-top: .75rem }
.problem, .notice { border-radius: 8px; padding: .65rem .85rem; margin: 0 0 1rem; overflow-wrap: anywhere }
.problem { background: var(--bad-ground); color: var(--bad) }
.notice { background: var(--note-ground) }
code { display: block; overflow-wrap: anywhere; font: 15px/1.6 ui-monospace, monospace; padding: .65rem .85rem;
  border: 1px dashed var(--line); border-radius: 8px; margin-bottom: 1rem; user-select: all }
nav { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; justify-content: space-between; margin-top: 1.25rem }
a { color: var(--accent) }`;

export function formPage({ pool }: Visit, form: Form, status: number): AwsResponse {
  const hidden = Object.entries({ ...form.hidden, _csrf: form.csrf })
    .map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`)
    .join("");
  const links = (form.links ?? []).map(({ href, label }) => `<a href="${escape(href)}">${escape(label)}</a>`);
  const body = `
${form.problem ? `<p class="problem" role="alert">${escape(form.problem)}</p>` : ""}
${form.notice ? `<p class="notice" role="status">${escape(form.notice)}</p>` : ""}
${form.secret ? `<code>${escape(form.secret)}</code>` : ""}
<form method="post" action="${escape(form.action)}">${hidden}
${form.fields.map((field, index) => fieldOf(field, index === 0)).join("\n")}
<button type="submit">${escape(form.submit)}</button></form>
${form.second ? `<form method="post" action="${escape(form.second.action)}">${hidden}<button class="second" type="submit">${escape(form.second.label)}</button></form>` : ""}
${links.length > 0 ? `<nav aria-label="Other ways">${links.join("")}</nav>` : ""}`;
  return page(status, pool?.name, form.title, body, form.leadsTo);
}

export function messagePage({ pool }: Visit, status: number, title: string, message: string): AwsResponse {
  return page(status, pool?.name, title, `<p>${escape(message)}</p>`);
}

function fieldOf(
  { name, label, type = "text", value = "", autocomplete, inputmode, hint }: Field,
  isFirst: boolean,
): string {
  const id = escape(name);
  const attributes = [
    `id="${id}" name="${id}" type="${type}" autocomplete="${autocomplete}" required`,
    value === "" ? "" : `value="${escape(value)}"`,
    inputmode ? `inputmode="${inputmode}"` : "",
    hint ? `aria-describedby="${id}-hint"` : "",
    isFirst ? "autofocus" : "",
    'autocapitalize="none" spellcheck="false"',
  ].filter((each) => each !== "");
  return `<div class="field"><label for="${id}">${escape(label)}</label><input ${attributes.join(" ")}>${
    hint ? `<p class="hint" id="${id}-hint">${escape(hint)}</p>` : ""
  }</div>`;
}

/** A form may lead to the application: browsers hold the last redirect to `form-action` as well. */
function page(
  status: number,
  poolName: string | undefined,
  title: string,
  body: string,
  leadsTo?: string,
): AwsResponse {
  const target = leadsTo === undefined ? "" : ` ${originOf(leadsTo)}`;
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "content-security-policy": `default-src 'none'; style-src 'unsafe-inline'; form-action 'self'${target}; frame-ancestors 'none'; base-uri 'none'`,
    },
    body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>${STYLE}</style></head>
<body><main>${poolName ? `<p class="pool">${escape(poolName)}</p>` : ""}<h1>${escape(title)}</h1>${body}</main></body></html>
`,
  };
}

function originOf(url: string): string {
  const { origin, protocol } = new URL(url);
  return origin === "null" ? protocol : origin;
}
