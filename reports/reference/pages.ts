/** Every page of docs/components, by file name. */
import { resolve } from "node:path";
import { runExample } from "./example.ts";
import { indexPage, kebab, page } from "./page.ts";
import { readComponents } from "./read-components.ts";

export async function pages(onPage: (name: string) => void = () => {}): Promise<Map<string, string>> {
  const components = readComponents(resolve(import.meta.dirname, "../../components"));
  const made = new Map([["README.md", indexPage(components)]]);
  for (const component of components) {
    onPage(component.name);
    made.set(`${kebab(component.name)}.md`, page(component, await runExample(component.example)));
  }
  return made;
}
