/**
 * All that the control plane knows, in the shape of its own API and by the path that it has there: `/restapis/<id>/stages/v1`. The
 * same path is what IAM calls it. What the API makes is kept in the database; what the program declares is declared again at
 * each start.
 */
import type { Cloud } from "../../../service.ts";

// biome-ignore lint/suspicious/noExplicitAny: shapes are the SDK's, by path
export type Document = Record<string, any>;

export interface Documents {
  get(path: string): Document | undefined;
  /** @param isDeclared By the program: not kept. @default as the document was before, or kept */
  put(path: string, document: Document, isDeclared?: boolean): void;
  /** With everything below it. */
  remove(path: string): void;
  /** What the program declared below this path, which it is about to declare anew. */
  removeDeclared(path: string): void;
  /** The documents of a collection, in the order in which they were made: those right below the path. */
  children(collection: string): Document[];
  /** Everything below a path, with what follows that path. */
  below(path: string): [rest: string, Document][];
  /** Called with the root (`/restapis/<id>`) of whatever changes. */
  onChange(listener: (root: string) => void): void;
}

interface Entry {
  document: Document;
  isDeclared: boolean;
}

/** `/restapis/{restApiId}/models/{modelName}` with what a call names. */
export function pathOf(template: string, names: Document): string {
  return template.replace(/\{(\w+)\}/g, (_all, name: string) => segment(names[name]));
}

/** A name with a slash stays one segment. */
export function segment(name: unknown): string {
  return String(name).replaceAll("~", "~0").replaceAll("/", "~1");
}

export function documentStore({ database }: Cloud): Documents {
  database.exec(
    "CREATE TABLE IF NOT EXISTS apigateway_documents (path TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT",
  );
  const save = database.prepare(
    "INSERT INTO apigateway_documents VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET document = excluded.document",
  );
  const drop = database.prepare("DELETE FROM apigateway_documents WHERE path = ?");
  /** `/restapis/<id>` → path → what is there: an API's documents are found without those of others. */
  const roots = new Map<string, Map<string, Entry>>();
  const listeners: ((root: string) => void)[] = [];

  for (const row of database.prepare("SELECT path, document FROM apigateway_documents ORDER BY rowid").all()) {
    const path = String(row.path);
    entriesOf(path).set(path, { document: JSON.parse(String(row.document)), isDeclared: false });
  }

  function entriesOf(path: string): Map<string, Entry> {
    const root = rootOf(path);
    let entries = roots.get(root);
    if (!entries) {
      entries = new Map();
      roots.set(root, entries);
    }
    return entries;
  }

  function changed(path: string): void {
    const root = rootOf(path);
    if (roots.get(root)?.size === 0) roots.delete(root);
    for (const listener of listeners) listener(root);
  }

  function removeWhere(path: string, matches: (entry: Entry) => boolean): void {
    const entries = entriesOf(path);
    for (const [each, entry] of entries) {
      if ((each === path || each.startsWith(`${path}/`)) && matches(entry)) {
        entries.delete(each);
        drop.run(each);
      }
    }
    changed(path);
  }

  return {
    get: (path) => roots.get(rootOf(path))?.get(path)?.document,
    put(path, document, isDeclared) {
      const entries = entriesOf(path);
      const declared = isDeclared ?? entries.get(path)?.isDeclared ?? false;
      entries.set(path, { document, isDeclared: declared });
      if (!declared) save.run(path, JSON.stringify(document));
      changed(path);
    },
    remove: (path) => removeWhere(path, () => true),
    removeDeclared: (path) => removeWhere(path, ({ isDeclared }) => isDeclared),
    children(collection) {
      const found: Document[] = [];
      const isAmongRoots = collection.lastIndexOf("/") === 0;
      for (const entries of isAmongRoots ? roots.values() : [roots.get(rootOf(collection)) ?? []]) {
        for (const [path, { document }] of entries) {
          if (path.lastIndexOf("/") === collection.length && path.startsWith(collection)) found.push(document);
        }
      }
      return found;
    },
    below(path) {
      const found: [string, Document][] = [];
      for (const [each, { document }] of roots.get(rootOf(path)) ?? []) {
        if (each.startsWith(`${path}/`)) found.push([each.slice(path.length), document]);
      }
      return found;
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

function rootOf(path: string): string {
  const end = path.indexOf("/", path.indexOf("/", 1) + 1);
  return end < 0 ? path : path.slice(0, end);
}
