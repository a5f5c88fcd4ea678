import { checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import type { Projection, ReplicaArgs, TableArgs } from "./table.ts";

/** @throws InvalidArgumentError naming the argument and the remedy. */
export function checkTable(component: string, args: TableArgs): void {
  checkForm(component, "tableName", args.tableName, /^[\w.-]{3,255}$/, "3 to 255 letters, digits, _, . or -");
  const { indexes = {}, localIndexes = {}, attributes = {} } = args;
  const locals = Object.values(localIndexes).map(({ rangeKey }) => ({ hashKey: args.hashKey, rangeKey }));
  const keys = [args, ...Object.values(indexes), ...locals].flatMap(({ hashKey, rangeKey }) => [hashKey, rangeKey]);
  for (const key of keys) {
    if (key !== undefined && !attributes[key]) {
      const remedy = `a key or index names "${key}", so give its type`;
      throw new InvalidArgumentError(component, `attributes.${key}`, undefined, remedy);
    }
  }
  const unused = Object.keys(attributes).find((attribute) => !keys.includes(attribute));
  if (unused) {
    const remedy = "DynamoDB takes only attributes of keys and indexes; remove it";
    throw new InvalidArgumentError(component, `attributes.${unused}`, attributes[unused], remedy);
  }
  checkIndexes(component, "indexes", indexes, 20);
  checkIndexes(component, "localIndexes", localIndexes, 5);
  if (args.localIndexes && !args.rangeKey) {
    throw new InvalidArgumentError(component, "rangeKey", undefined, "a table with localIndexes has one; name it");
  }
  checkRange(component, "recoveryDays", args.recoveryDays, 1, 35);
  checkRange(component, "maximumThroughput.read", args.maximumThroughput?.read, 1, 1_000_000);
  checkRange(component, "maximumThroughput.write", args.maximumThroughput?.write, 1, 1_000_000);
  if (args.replicas) checkReplicas(component, args.replicas, args);
}

function checkIndexes(
  component: string,
  argument: string,
  indexes: Record<string, { projection?: Projection }>,
  most: number,
) {
  const names = Object.keys(indexes);
  if (names.length > most) {
    throw new InvalidArgumentError(component, argument, names.length, `DynamoDB takes at most ${most}`);
  }
  for (const [name, { projection }] of Object.entries(indexes)) {
    checkForm(
      component,
      `${argument}.${name}`,
      name,
      /^[\w.-]{3,255}$/,
      "a name of 3 to 255 letters, digits, _, . or -",
    );
    if (projection?.length === 0) {
      throw new InvalidArgumentError(
        component,
        `${argument}.${name}.projection`,
        projection,
        'name attributes, or say "keys"',
      );
    }
  }
}

function checkReplicas(
  component: string,
  replicas: Record<string, ReplicaArgs>,
  { stream, kmsKeyArn }: TableArgs,
): void {
  if (Object.keys(replicas).length === 0) {
    throw new InvalidArgumentError(component, "replicas", {}, "name at least one region, or leave it out");
  }
  if (stream && stream !== "NEW_AND_OLD_IMAGES") {
    throw new InvalidArgumentError(
      component,
      "stream",
      stream,
      "replicas are fed by it: it has to be NEW_AND_OLD_IMAGES",
    );
  }
  for (const [region, replica] of Object.entries(replicas)) {
    checkForm(component, `replicas.${region}`, region, /^[a-z]{2}(-[a-z]+)+-\d$/, "a region such as eu-central-1");
    if (kmsKeyArn !== undefined && replica.kmsKeyArn === undefined) {
      const remedy = "the table has a key of its own, so each replica needs one of its region";
      throw new InvalidArgumentError(component, `replicas.${region}.kmsKeyArn`, undefined, remedy);
    }
  }
}
