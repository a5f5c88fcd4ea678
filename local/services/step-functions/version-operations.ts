/** Operations on versions of a state machine, and on the aliases that share executions out among them. */
import { type Access, AwsError, type Cloud, type Operation } from "../../service.ts";
import type { Alias, Machine, Machines } from "./machines.ts";
import { page } from "./page.ts";

/** @returns the version's ARN: a new one only where something changed since the last */
export function publish(cloud: Cloud, machines: Machines, machine: Machine, description?: string): string {
  const last = machine.versions.at(-1);
  if (last && last.definition === machine.definition && last.roleArn === machine.roleArn) {
    return `${machine.arn}:${last.number}`;
  }
  const number = machine.lastVersion + 1;
  const { definition, roleArn } = machine;
  machine.versions.push({ number, definition, roleArn, description, createdAt: cloud.clock.now() });
  machine.lastVersion = number;
  machines.save(machine);
  return `${machine.arn}:${number}`;
}

type Route = { stateMachineVersionArn: string; weight: number };

const machineArn = (arn: string): string => String(arn).replace(/^((?:[^:]*:){6}[^:]*):.*$/, "$1");

export function versionOperations(cloud: Cloud, machines: Machines): Record<string, Operation> {
  const on =
    (action: string, key: string) =>
    (input: Record<string, string>): Access => ({
      action: `states:${action}`,
      resource: machineArn(input[key]!),
      context: qualified(input[key]!),
    });

  function readRoutes(routes: Route[]): Alias["routes"] {
    const total = routes.reduce((sum, { weight }) => sum + weight, 0);
    const owners = new Set(routes.map(({ stateMachineVersionArn }) => machineArn(stateMachineVersionArn)));
    if (routes.length < 1 || routes.length > 2 || total !== 100 || owners.size !== 1) {
      throw new AwsError(
        "ValidationException",
        "An alias routes to one or two versions of one state machine, with weights that add up to 100.",
      );
    }
    return routes.map(({ stateMachineVersionArn, weight }) => {
      machines.version(stateMachineVersionArn);
      return { versionArn: stateMachineVersionArn, weight };
    });
  }

  return {
    PublishStateMachineVersion: {
      authorize: on("PublishStateMachineVersion", "stateMachineArn"),
      run({ stateMachineArn, description, revisionId }) {
        const machine = machines.find(stateMachineArn);
        if (revisionId !== undefined && revisionId !== machine.revisionId) {
          throw new AwsError(
            "ConflictException",
            "Failed to publish the State Machine version: the revision is not the latest.",
          );
        }
        const arn = publish(cloud, machines, machine, description);
        return { stateMachineVersionArn: arn, creationDate: new Date(machines.version(arn).createdAt) };
      },
    },
    ListStateMachineVersions: {
      authorize: on("ListStateMachineVersions", "stateMachineArn"),
      run({ stateMachineArn, maxResults, nextToken }) {
        const { arn, versions } = machines.find(stateMachineArn);
        const found = page([...versions].reverse(), nextToken, maxResults);
        const stateMachineVersions = found.items.map(({ number, createdAt }) => ({
          stateMachineVersionArn: `${arn}:${number}`,
          creationDate: new Date(createdAt),
        }));
        return { stateMachineVersions, nextToken: found.nextToken };
      },
    },
    DeleteStateMachineVersion: {
      authorize: on("DeleteStateMachineVersion", "stateMachineVersionArn"),
      run({ stateMachineVersionArn: arn }) {
        const machine = machines.find(arn);
        const user = machine.aliases.find(({ routes }) => routes.some(({ versionArn }) => versionArn === arn));
        if (user) {
          const message = `Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [${user.name}]`;
          throw new AwsError("ConflictException", message);
        }
        machine.versions = machine.versions.filter(({ number }) => `${machine.arn}:${number}` !== arn);
        machines.save(machine);
        return {};
      },
    },
    CreateStateMachineAlias: {
      authorize: ({ routingConfiguration }) => ({
        action: "states:CreateStateMachineAlias",
        resource: machineArn(routingConfiguration[0]?.stateMachineVersionArn),
      }),
      run({ name, description, routingConfiguration }) {
        if (!/^(?!\d+$)[\w.-]{1,80}$/.test(name)) throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
        const routes = readRoutes(routingConfiguration);
        const machine = machines.find(routes[0]!.versionArn);
        const arn = `${machine.arn}:${name}`;
        const known = machine.aliases.find((each) => each.name === name);
        if (known && JSON.stringify(known.routes) !== JSON.stringify(routes)) {
          throw new AwsError(
            "ConflictException",
            "Failed to create alias because an alias with the same name and a different routing configuration already exists.",
          );
        }
        const now = cloud.clock.now();
        if (!known) machine.aliases.push({ name, description, routes, createdAt: now, updatedAt: now });
        machines.save(machine);
        return { stateMachineAliasArn: arn, creationDate: new Date(known?.createdAt ?? now) };
      },
    },
    UpdateStateMachineAlias: {
      authorize: on("UpdateStateMachineAlias", "stateMachineAliasArn"),
      run({ stateMachineAliasArn, description, routingConfiguration }) {
        const alias = machines.alias(stateMachineAliasArn);
        if (routingConfiguration) alias.routes = readRoutes(routingConfiguration);
        alias.description = description ?? alias.description;
        alias.updatedAt = cloud.clock.now();
        machines.save(machines.find(stateMachineAliasArn));
        return { updateDate: new Date(alias.updatedAt) };
      },
    },
    DescribeStateMachineAlias: {
      authorize: on("DescribeStateMachineAlias", "stateMachineAliasArn"),
      run({ stateMachineAliasArn }) {
        const { name, description, routes, createdAt, updatedAt } = machines.alias(stateMachineAliasArn);
        return {
          stateMachineAliasArn,
          name,
          description,
          routingConfiguration: routes.map(({ versionArn, weight }) => ({
            stateMachineVersionArn: versionArn,
            weight,
          })),
          creationDate: new Date(createdAt),
          updateDate: new Date(updatedAt),
        };
      },
    },
    ListStateMachineAliases: {
      authorize: on("ListStateMachineAliases", "stateMachineArn"),
      run({ stateMachineArn, maxResults, nextToken }) {
        const { arn, aliases } = machines.find(stateMachineArn);
        const found = page(aliases, nextToken, maxResults);
        const stateMachineAliases = found.items.map(({ name, createdAt }) => ({
          stateMachineAliasArn: `${arn}:${name}`,
          creationDate: new Date(createdAt),
        }));
        return { stateMachineAliases, nextToken: found.nextToken };
      },
    },
    DeleteStateMachineAlias: {
      authorize: on("DeleteStateMachineAlias", "stateMachineAliasArn"),
      run({ stateMachineAliasArn }) {
        const { name } = machines.alias(stateMachineAliasArn);
        const machine = machines.find(stateMachineAliasArn);
        machine.aliases = machine.aliases.filter((each) => each.name !== name);
        machines.save(machine);
        return {};
      },
    },
  };
}

/** IAM sees the machine, and what of it is meant as a condition key. */
export function qualified(arn: string): Record<string, string> | undefined {
  const qualifier = String(arn).split(":")[7];
  return qualifier === undefined ? undefined : { "states:StateMachineQualifier": qualifier };
}
