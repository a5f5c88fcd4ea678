import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import type { Function } from "../compute/function.ts";
import { InvalidArgumentError } from "../invalid-argument.ts";
import type { Database } from "./database.ts";

export interface MigrationArgs {
  database: Database;
  /** Applies the steps that are missing: it is invoked with `{ operation: "migrate", databases }`, and fails where one fails. */
  function: Function;
  /** Folder of the steps: when one of its files changes, the function is invoked again. */
  folder: string;
  /** Names of the databases in the cluster. @default the one made with it */
  databases?: string[];
}

/**
 * Brings a database's schema up to date as a part of the deployment: what depends on the migration waits for it, and does not
 * happen when it fails. The function gets the time that a paused cluster takes to wake.
 *
 * ```ts
 * const migrate = new Function("migrate", { entry: "functions/migrate", timeoutSeconds: 300, link: { db: database.query() } });
 * const migrated = new Migration("schema", { database, function: migrate, folder: "migrations" });
 * ```
 */
export class Migration extends pulumi.ComponentResource {
  /** Hash of the folder that the databases are at. */
  readonly version: string;

  constructor(name: string, args: MigrationArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:data:Migration", name, {}, options);
    checkArgs("Migration", name, args);
    const component = `Migration "${name}"`;
    validate(component, args);
    this.version = hashOf(component, args.folder);
    new aws.lambda.Invocation(
      name,
      {
        functionName: args.function.functionName,
        input: JSON.stringify({ operation: "migrate", databases: args.databases ?? [args.database.databaseName] }),
        triggers: { migrations: this.version },
      },
      { parent: this, dependsOn: [args.function, args.database] },
    );
    this.registerOutputs({ version: this.version });
  }
}

/** Aurora needs about fifteen seconds to wake; a cluster that was just made, or paused for more than a day, up to a minute. */
const WAKING_SECONDS = 60;

function validate(component: string, args: MigrationArgs): void {
  const { timeoutSeconds } = args.function;
  if (timeoutSeconds < WAKING_SECONDS) {
    const remedy = `a paused cluster may take ${WAKING_SECONDS} s to wake; give the function a longer timeoutSeconds`;
    throw new InvalidArgumentError(component, "function.timeoutSeconds", timeoutSeconds, remedy);
  }
  args.function.checkTrigger(component);
  if (args.databases?.length === 0) {
    throw new InvalidArgumentError(component, "databases", [], "name at least one, or leave it out");
  }
}

/** Changes when any file of the folder does. */
function hashOf(component: string, folder: string): string {
  const root = resolve(folder);
  const hash = createHash("sha256");
  let files: string[];
  try {
    files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
      .sort();
  } catch (error) {
    throw new InvalidArgumentError(component, "folder", folder, `it has to be a folder (${(error as Error).message})`);
  }
  if (files.length === 0)
    throw new InvalidArgumentError(component, "folder", folder, "it is empty; put the steps there");
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex").slice(0, 16);
}
