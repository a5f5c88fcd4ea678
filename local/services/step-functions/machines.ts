/** State machines, their versions and aliases: found by ARN, and kept where the program does not declare them. */
import { AwsError, type Cloud } from "../../service.ts";
import type { Logging } from "./execution-store.ts";

export interface Version {
  number: number;
  definition: string;
  roleArn: string;
  description?: string;
  createdAt: number;
}

export interface Alias {
  name: string;
  description?: string;
  /** Weights add up to 100. */
  routes: { versionArn: string; weight: number }[];
  createdAt: number;
  updatedAt: number;
}

export interface Machine {
  arn: string;
  name: string;
  type: "STANDARD" | "EXPRESS";
  definition: string;
  roleArn: string;
  logging: Logging;
  isTraced: boolean;
  createdAt: number;
  updatedAt: number;
  revisionId: string;
  tags: Record<string, string>;
  versions: Version[];
  /** Versions are never numbered anew. */
  lastVersion: number;
  aliases: Alias[];
  /** By the program, at every start. */
  isDeclared: boolean;
}

/** What runs when an ARN of any kind is started. */
export interface Target {
  machine: Machine;
  definition: string;
  roleArn: string;
  versionArn?: string;
  aliasArn?: string;
}

export interface Machines {
  all(): Machine[];
  arnOf(name: string): string;
  /** @param arn of the machine, a version or an alias @throws AwsError StateMachineDoesNotExist, InvalidArn */
  find(arn: string): Machine;
  get(name: string): Machine | undefined;
  alias(arn: string): Alias;
  version(arn: string): Version;
  target(arn: string): Target;
  save(machine: Machine): void;
  remove(machine: Machine): void;
}

export function machinesOf(cloud: Cloud): Machines {
  const machines = new Map<string, Machine>();
  cloud.database.exec("CREATE TABLE IF NOT EXISTS states_machines (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");
  const put = cloud.database.prepare("INSERT OR REPLACE INTO states_machines VALUES (?, ?)");
  const drop = cloud.database.prepare("DELETE FROM states_machines WHERE name = ?");
  for (const { value } of cloud.database.prepare("SELECT value FROM states_machines").all()) {
    const machine = JSON.parse(String(value)) as Machine;
    machines.set(machine.name, machine);
  }
  const arnOf = (name: string) => `arn:aws:states:${cloud.region}:${cloud.account}:stateMachine:${name}`;

  function parse(arn: string): { name: string; qualifier?: string } {
    const match = /^arn:aws:states:[\w-]+:\d{12}:stateMachine:([^:]{1,80})(?::([^:]{1,80}))?$/.exec(arn ?? "");
    if (!match) throw new AwsError("InvalidArn", `Invalid Arn: '${arn}'`);
    return { name: match[1]!, qualifier: match[2] };
  }

  const missing = (arn: string) => new AwsError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);

  const self: Machines = {
    all: () => [...machines.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    arnOf,
    find(arn) {
      const machine = machines.get(parse(arn).name);
      if (!machine || !arn.startsWith(machine.arn)) throw missing(arn);
      return machine;
    },
    get: (name) => machines.get(name),
    alias(arn) {
      const alias = self.find(arn).aliases.find(({ name }) => name === parse(arn).qualifier);
      if (!alias)
        throw new AwsError("ResourceNotFound", `Request references a resource that does not exist: '${arn}'`, 400, {
          resourceName: arn,
        });
      return alias;
    },
    version(arn) {
      const version = self.find(arn).versions.find(({ number }) => String(number) === parse(arn).qualifier);
      if (!version) throw missing(arn);
      return version;
    },
    target(arn) {
      const machine = self.find(arn);
      const { qualifier } = parse(arn);
      if (qualifier === undefined) return { machine, definition: machine.definition, roleArn: machine.roleArn };
      const alias = machine.aliases.find(({ name }) => name === qualifier);
      const versionArn = alias ? choose(alias) : arn;
      // Of a declared machine there is the version of today only: whatever its number
      const known = machine.versions.find(({ number }) => versionArn === `${machine.arn}:${number}`);
      if (!known && !(machine.isDeclared && alias)) throw missing(arn);
      const { definition, roleArn } = known ?? machine;
      return { machine, definition, roleArn, versionArn, aliasArn: alias && arn };
    },
    save(machine) {
      machines.set(machine.name, machine);
      if (machine.isDeclared) drop.run(machine.name);
      else put.run(machine.name, JSON.stringify(machine));
    },
    remove({ name }) {
      machines.delete(name);
      drop.run(name);
    },
  };
  return self;
}

function choose({ routes }: Alias): string {
  let left = Math.random() * 100;
  for (const { versionArn, weight } of routes) {
    left -= weight;
    if (left < 0) return versionArn;
  }
  return routes.at(-1)!.versionArn;
}
