/** Migrations of the two revisions: what is new, and whether the release that runs now survives it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";

export interface MigrationChange {
  name: string;
  change: "added" | "edited" | "removed";
  /** Why the running release, or a database that is already migrated, would break. */
  problems: string[];
}

const STEP = /^(\d{4}-[\w-]+)\.ts$/;

/** SQL that takes something away from who still runs on the old schema. */
const BREAKING: [sql: RegExp, why: string][] = [
  [/\bdrop table\b/i, "drops a table that the running release may read"],
  [/\bdrop column\b/i, "drops a column that the running release may read"],
  [/\brename (column|to)\b/i, "renames what the running release knows by its old name"],
  [/\balter column "?\w+"? (set data )?type\b/i, "changes a column's type under the running release"],
  [/\bset not null\b/i, "demands a column that the running release may leave empty"],
  [
    /\badd column (?:if not exists )?"?\w+"? (?!.*\bdefault\b).*\bnot null\b/i,
    "adds a column without a default that the running release does not fill",
  ],
  [/\bdrop (policy|view|function)\b/i, "drops what the running release may rely on"],
  [/\brevoke\b/i, "takes a privilege from roles of the running release"],
];

export async function compareMigrations(before: string, after: string): Promise<MigrationChange[]> {
  const [old, now] = [stepsIn(before), stepsIn(after)];
  const changes: MigrationChange[] = [];
  for (const name of [...new Set([...old, ...now])].sort()) {
    if (!old.includes(name)) {
      changes.push({ name, change: "added", problems: await problemsOf(join(after, "migrations", `${name}.ts`)) });
    } else if (!now.includes(name)) {
      changes.push({ name, change: "removed", problems: ["databases that have run it know a step that is gone"] });
    } else if (textOf(before, name) !== textOf(after, name)) {
      changes.push({
        name,
        change: "edited",
        problems: ["databases that have run it will not run it again: add a step instead"],
      });
    }
  }
  return changes;
}

function stepsIn(directory: string): string[] {
  const folder = join(directory, "migrations");
  return existsSync(folder) ? readdirSync(folder).flatMap((file) => STEP.exec(file)?.[1] ?? []) : [];
}

/** Comments and layout are no changes. */
function textOf(directory: string, name: string): string {
  const text = readFileSync(join(directory, "migrations", `${name}.ts`), "utf8");
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "").replace(/\s+/g, " ");
}

/** Runs the step against no database, and reads the SQL that it would have run. */
async function problemsOf(file: string): Promise<string[]> {
  const statements: string[] = [];
  const db = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => void statements.push(query.sql),
  });
  try {
    const { up } = await import(pathToFileURL(file).href);
    await up(db);
  } catch (error) {
    return [`could not be read without a database (${(error as Error).message}): look at it`];
  }
  return BREAKING.flatMap(([sql, why]) => {
    const found = statements.find((statement) => sql.test(statement));
    return found ? [`${why}: ${found.replace(/\s+/g, " ").slice(0, 100)}`] : [];
  });
}
