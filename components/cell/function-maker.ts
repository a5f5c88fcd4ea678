import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { Function, type FunctionArgs } from "../compute/function.ts";
import type { Grant } from "../grants.ts";
import { nameOf } from "../names.ts";
import type { Settings } from "../settings.ts";
import type { Tags } from "../tags.ts";

/** This library's own folder, wherever the program that uses it stands. */
export const HERE = join(import.meta.dirname, "../..");

export type Environment = Record<string, pulumi.Input<string>>;

/** Makes a function of the cell, from `functions/<id>`. */
export type Make = (id: string, variables: Environment, grants: Grant[], more?: Partial<FunctionArgs>) => Function;

export interface FunctionMaker {
  make: Make;
  /** Those that were made, by id. */
  functions: Record<string, Function>;
}

/** What all functions of a cell have in common: names, logs, what Powertools is told. */
export function functionMaker(
  parent: pulumi.ComponentResource,
  name: string,
  { environment, logRetentionDays }: Settings,
  tags: Tags,
): FunctionMaker {
  const functions: Record<string, Function> = {};
  return {
    functions,
    make(id, variables, grants, more = {}) {
      const made = new Function(
        `${name}-${id}`,
        {
          entry: join(HERE, "functions", id),
          functionName: nameOf("function", ["terrace", environment, name, id]),
          logRetentionDays,
          environment: {
            TERRACE_ENVIRONMENT: environment,
            TERRACE_CELL: name,
            POWERTOOLS_SERVICE_NAME: id,
            POWERTOOLS_METRICS_NAMESPACE: "Terrace",
            POWERTOOLS_LOG_LEVEL: "INFO",
            ...variables,
          },
          grants,
          tags,
          ...more,
        },
        { parent },
      );
      functions[id] = made;
      return made;
    },
  };
}
