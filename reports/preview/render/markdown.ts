/** A preview as the comment of a pull request: what is urgent stands open, the rest unfolds. */
import type { Preview } from "../preview.ts";
import { headline, type Line, sections } from "./sections.ts";

/** By this a workflow finds its own comment again. */
export const MARKER = "<!-- terrace-preview -->";

/** GitHub takes 65,536 characters. */
const LIMIT = 60_000;
/** A section as short as this needs no unfolding. */
const SHORT_LINES = 5;

export function markdown(preview: Preview): string {
  const parts = [`${MARKER}\n### Preview of ${escape(headline(preview))}`];
  for (const { title, urgent, lines } of sections(preview)) {
    const body = lines.map(item).join("\n");
    const size = lines.reduce((sum, { details = [] }) => sum + 1 + details.length, 0);
    if (urgent) parts.push(`#### ⚠️ ${title}\n\n${body}`);
    else if (size <= SHORT_LINES) parts.push(`**${title}**\n\n${body}`);
    else parts.push(`<details><summary><b>${title}</b> (${lines.length})</summary>\n\n${body}\n\n</details>`);
  }
  const whole = `${parts.join("\n\n")}\n`;
  if (whole.length <= LIMIT) return whole;
  const cut = whole.slice(0, whole.lastIndexOf("\n", LIMIT));
  const open = (cut.match(/<details>/g)?.length ?? 0) - (cut.match(/<\/details>/g)?.length ?? 0);
  return `${cut}\n${"\n</details>\n".repeat(open)}\n… cut here; \`npm run preview\` shows the rest.\n`;
}

function item({ text, details = [] }: Line): string {
  return [`- ${escape(text)}`, ...details.map((each) => `  - ${escape(each)}`)].join("\n");
}

/** Names and values are other people's: they are not to be read as markup, nor to call anybody. */
function escape(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>|#~]/g, "\\$&")
    .replace(/@/g, "@\u200b")
    .replaceAll("\n", " ");
}
