/** A preview for the terminal. */
import type { Preview } from "../preview.ts";
import { headline, sections } from "./sections.ts";

export function text(preview: Preview): string {
  const lines = [headline(preview)];
  for (const { title, urgent, lines: said } of sections(preview)) {
    lines.push("", `${urgent ? "! " : ""}${title}`);
    for (const { text: line, details = [] } of said) lines.push(`  ${line}`, ...details.map((each) => `      ${each}`));
  }
  return `${lines.join("\n")}\n`;
}
