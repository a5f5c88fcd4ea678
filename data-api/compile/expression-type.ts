/** The types of the expressions whose type follows from their operands': PostgreSQL's own rules, for the common ones. */

import {
  AggregateFunctionNode,
  AliasNode,
  CastNode,
  DataTypeNode,
  FunctionNode,
  JSONOperatorChainNode,
  JSONReferenceNode,
  type OperationNode,
  ParensNode,
} from "kysely";
import type { Found } from "./scope.ts";

type TypeOf = (node: OperationNode) => Found | undefined;

/** Functions all of whose arguments, and whose value, have one type. */
export const SAME_TYPE_FUNCTIONS = new Set(["coalesce", "nullif", "greatest", "least"]);

const SUMS: Record<string, string> = {
  int2: "int8",
  int4: "int8",
  int8: "numeric",
  numeric: "numeric",
  float4: "float4",
  float8: "float8",
  interval: "interval",
};
const AVERAGES: Record<string, string> = { ...SUMS, int2: "numeric", int4: "numeric", float4: "float8" };

/** What kysely calls types that PostgreSQL has short names for. */
const SHORT_NAMES: Record<string, string> = {
  boolean: "bool",
  smallint: "int2",
  integer: "int4",
  bigint: "int8",
  decimal: "numeric",
  "double precision": "float8",
  real: "float4",
};

const PLAIN =
  /^(text|varchar|uuid|date|timestamp|timestamptz|interval|timetz|json|jsonb|bytea|numeric|int[248]|float[48])$/;

export function typeOfExpression(node: OperationNode, typeOf: TypeOf): Found | undefined {
  if (AliasNode.is(node) || ParensNode.is(node)) return typeOf(node.node);
  if (FunctionNode.is(node)) {
    return SAME_TYPE_FUNCTIONS.has(node.func.toLowerCase()) ? firstType(node.arguments, typeOf) : undefined;
  }
  if (AggregateFunctionNode.is(node)) return typeOfAggregate(node, typeOf);
  if (JSONReferenceNode.is(node)) {
    const isText = JSONOperatorChainNode.is(node.traversal) && node.traversal.operator.operator === "->>";
    const { column = "a JSON value" } = typeOf(node.reference) ?? {};
    return isText ? { type: "text", column, isLoose: true } : { type: "jsonb", column };
  }
  if (CastNode.is(node) && DataTypeNode.is(node.dataType)) {
    const name = node.dataType.dataType;
    const type = SHORT_NAMES[name] ?? (PLAIN.test(name) ? name : undefined);
    return type === undefined ? undefined : { type, column: `cast(… as ${name})` };
  }
  return undefined;
}

export function firstType(nodes: readonly OperationNode[], typeOf: TypeOf): Found | undefined {
  for (const node of nodes) {
    const found = typeOf(node);
    if (found) return found;
  }
  return undefined;
}

function typeOfAggregate({ func, aggregated }: AggregateFunctionNode, typeOf: TypeOf): Found | undefined {
  if (func === "count") return { type: "int8", column: "count" };
  const operand = aggregated[0] && typeOf(aggregated[0]);
  if (!operand) return undefined;
  const column = `${func}(${operand.column})`;
  if (func === "min" || func === "max") return { type: operand.type, column };
  const type = func === "sum" ? SUMS[operand.type] : func === "avg" ? AVERAGES[operand.type] : undefined;
  return type === undefined ? undefined : { type, column };
}
