/** Published versions of functions, and the aliases that name them: what a qualifier stands for. */
import { AwsError } from "../../service.ts";
import type { LambdaFunction } from "./functions.ts";

export interface Alias {
  name: string;
  version: string;
  description: string;
  /** Share of invocations, 0 to 1, that another version gets. */
  weights: Record<string, number>;
  revision: string;
}

export interface Versions {
  of(functionName: string): LambdaFunction[];
  get(functionName: string, version: string): LambdaFunction | undefined;
  put(functionName: string, version: LambdaFunction): void;
  /** The number that the next one gets: numbers are never used again. */
  next(functionName: string): number;
  /** A version that was deleted had this number. */
  used(functionName: string, version: string): void;
  remove(functionName: string, version?: string): void;
  aliases(functionName: string): Alias[];
  alias(functionName: string, name: string): Alias | undefined;
  putAlias(functionName: string, alias: Alias): void;
  removeAlias(functionName: string, name: string): void;
  /** What a qualifier stands for now: with weights, another version every now and then. */
  resolve(latest: LambdaFunction, qualifier: string | undefined): LambdaFunction | undefined;
}

export function versionsOf(): Versions {
  const published = new Map<string, Map<string, LambdaFunction>>();
  const aliases = new Map<string, Map<string, Alias>>();
  const counts = new Map<string, number>();

  function version(latest: LambdaFunction, number: string): LambdaFunction | undefined {
    const found = published.get(latest.config.name)?.get(number);
    // What the program publishes is the only version of it there is.
    return found ?? (number === "$LATEST" || (number === "1" && latest.config.publishes) ? latest : undefined);
  }

  return {
    of: (name) => [...(published.get(name)?.values() ?? [])],
    get: (name, number) => published.get(name)?.get(number),
    put(name, target) {
      const own = published.get(name) ?? new Map<string, LambdaFunction>();
      published.set(name, own.set(target.config.version, target));
      counts.set(name, Math.max(counts.get(name) ?? 0, Number(target.config.version)));
    },
    used: (name, number) => void counts.set(name, Math.max(counts.get(name) ?? 0, Number(number) || 0)),
    next: (name) => (counts.get(name) ?? 0) + 1,
    remove(name, number) {
      if (number !== undefined) published.get(name)?.delete(number);
      else for (const map of [published, aliases, counts]) map.delete(name);
    },
    aliases: (name) => [...(aliases.get(name)?.values() ?? [])],
    alias: (name, alias) => aliases.get(name)?.get(alias),
    putAlias(name, alias) {
      const own = aliases.get(name) ?? new Map<string, Alias>();
      aliases.set(name, own.set(alias.name, alias));
    },
    removeAlias: (name, alias) => void aliases.get(name)?.delete(alias),
    resolve(latest, qualifier = "$LATEST") {
      const alias = aliases.get(latest.config.name)?.get(qualifier);
      return version(latest, alias ? drawn(alias) : qualifier);
    },
  };
}

function drawn({ version, weights }: Alias): string {
  let left = Math.random();
  for (const [other, weight] of Object.entries(weights)) {
    left -= weight;
    if (left < 0) return other;
  }
  return version;
}

/** @throws AwsError where an alias may not be set to this */
export function checkAlias(latest: LambdaFunction, alias: Alias, versions: Versions): void {
  if (!/^(?!^[0-9]+$)[a-zA-Z0-9-_]{1,128}$/.test(alias.name)) {
    throw new AwsError(
      "ValidationException",
      `1 validation error detected: Value '${alias.name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)`,
    );
  }
  const others = Object.keys(alias.weights);
  for (const number of [alias.version, ...others]) {
    const found = versions.get(latest.config.name, number);
    if (found || (number !== "$LATEST" ? number === "1" && latest.config.publishes : others.length === 0)) continue;
    if (number === "$LATEST") throw invalid("$LATEST is not supported for an alias pointing to more than 1 version");
    throw new AwsError("ResourceNotFoundException", `Function not found: ${latest.config.arn}:${number}`, 404, {
      Type: "User",
    });
  }
  if (others.length > 1) throw invalid("Number of items in AdditionalVersionWeights cannot be greater than 1");
  if (others.includes(alias.version)) {
    throw invalid("Invalid function version. Function version in alias routing config is the same as the primary.");
  }
  for (const weight of Object.values(alias.weights)) {
    if (!(weight >= 0 && weight <= 1)) throw invalid(`The weight ${weight} of an alias is not between 0 and 1`);
  }
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message, 400, { Type: "User" });
}
