/** What each value of a query is compared with or stored in: noted on the way down, asked for where the value is written. */

import {
  AliasNode,
  AndNode,
  type BinaryOperationNode,
  CaseNode,
  FunctionNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  PrimitiveValueListNode,
  RawNode,
  SelectQueryNode,
  TupleNode,
  ValueListNode,
  ValueNode,
} from "kysely";
import { firstType, SAME_TYPE_FUNCTIONS } from "./expression-type.ts";
import type { Found } from "./scope.ts";

type Target = Found | undefined;

/** Operators between two values of one type. For the others, like `->`, the left side says nothing of the right. */
const COMPARISONS = new Set([
  ...["=", "==", "!=", "<>", "<", "<=", ">", ">=", "in", "not in", "is", "is not", "between", "between symmetric"],
  ...["is distinct from", "is not distinct from", "@>", "<@", "&&"],
]);
const ARITHMETIC = new Set(["+", "-", "*", "/", "%"]);
const NUMBERS = /^(int[248]|numeric|float[48])$/;
/** `any (…)`: the value is an array of what it is compared with. */
const QUANTIFIER = /^\s*(?:any|all|some)\s*\(\s*$/i;

export class Targets {
  readonly #typeOf: (node: OperationNode) => Target;
  #targets: Map<OperationNode, Target | Target[]> | undefined;

  constructor(typeOf: (node: OperationNode) => Target) {
    this.#typeOf = typeOf;
  }

  /** @param index of an item, for a list node */
  of(node: OperationNode, index = 0): Target {
    const targets = this.#targets?.get(node);
    return Array.isArray(targets) ? targets[index] : targets;
  }

  aimOperands({ leftOperand, operator, rightOperand }: BinaryOperationNode): void {
    if (!OperatorNode.is(operator)) return;
    const name = operator.operator;
    if (COMPARISONS.has(name)) {
      this.aim(rightOperand, this.#targetOf(leftOperand));
      this.aim(leftOperand, this.#targetOf(rightOperand));
    } else if (ARITHMETIC.has(name)) {
      this.#aimNumber(rightOperand, this.#typeOf(leftOperand));
      this.#aimNumber(leftOperand, this.#typeOf(rightOperand));
    } else if (name === "||") {
      this.#aimPart(rightOperand, this.#typeOf(leftOperand));
      this.#aimPart(leftOperand, this.#typeOf(rightOperand));
    }
  }

  aimBranches({ value, when, else: otherwise }: CaseNode): void {
    const results = [...(when ?? []).flatMap(({ result }) => result ?? []), ...(otherwise ? [otherwise] : [])];
    this.aimTogether(results);
    if (value) this.aimTogether([value, ...(when ?? []).map(({ condition }) => condition)]);
  }

  /** The nodes have one type, which one of them may tell. */
  aimTogether(nodes: readonly OperationNode[]): void {
    const target = firstType(nodes, this.#typeOf);
    for (const node of nodes) if (!this.#targets?.has(node)) this.aim(node, target);
  }

  /** Notes the target of every value directly below `node`; a list of targets goes to its items in order. */
  aim(node: OperationNode, target: Target | Target[]): void {
    if (target === undefined) return;
    if (ValueNode.is(node) || PrimitiveValueListNode.is(node)) {
      this.#targets ??= new Map();
      this.#targets.set(node, target);
    } else if (ParensNode.is(node) || AliasNode.is(node)) {
      this.aim(node.node, target);
    } else if (AndNode.is(node)) {
      // The bounds of a BETWEEN.
      this.aim(node.left, target);
      this.aim(node.right, target);
    } else if (ValueListNode.is(node) || TupleNode.is(node)) {
      node.values.forEach((value, index) => {
        // A row of values, or a list of rows: `(a, b) in ((1, 2), (3, 4))`.
        const isRow = TupleNode.is(value) || ValueListNode.is(value) || PrimitiveValueListNode.is(value);
        this.aim(value, Array.isArray(target) && !isRow ? target[index] : target);
      });
    } else if (SelectQueryNode.is(node)) {
      this.#aimSelections(node, target);
    } else if (!Array.isArray(target)) {
      this.#aimWithin(node, target);
    }
  }

  #aimWithin(node: OperationNode, target: Found): void {
    if (CaseNode.is(node)) {
      for (const { result } of node.when ?? []) if (result) this.aim(result, target);
      if (node.else) this.aim(node.else, target);
    } else if (FunctionNode.is(node)) {
      if (SAME_TYPE_FUNCTIONS.has(node.func.toLowerCase())) for (const part of node.arguments) this.aim(part, target);
      else if (/^(any|all|some)$/i.test(node.func)) this.#aimArray(node.arguments[0]!, target);
    } else if (RawNode.is(node) && node.parameters.length === 1) {
      const [before = "", after = ""] = node.sqlFragments;
      if (QUANTIFIER.test(before)) this.#aimArray(node.parameters[0]!, target);
      else if (!before.trim() && !after.trim()) this.aim(node.parameters[0]!, target);
    }
  }

  #aimArray(node: OperationNode, { type, ...found }: Found): void {
    this.aim(node, { ...found, type: `${type}[]` });
  }

  /** The columns of an INSERT … SELECT are its values. */
  #aimSelections({ selections, setOperations }: SelectQueryNode, target: Target | Target[]): void {
    const targets = Array.isArray(target) ? target : [target];
    if (selections?.length === targets.length) {
      selections.forEach(({ selection }, index) => {
        this.aim(selection, targets[index]);
      });
    }
    for (const { expression } of setOperations ?? []) this.aim(expression, target);
  }

  /** A number of JavaScript's goes as what it is, so that `integer + 1.5` is no integer; digits need the column's type. */
  #aimNumber(node: OperationNode, target: Target): void {
    if (!target || !NUMBERS.test(target.type) || !ValueNode.is(node)) return;
    if (target.type === "numeric" || typeof node.value === "string") this.aim(node, target);
  }

  /** `||` appends a document to a document, and an array or an element to an array. */
  #aimPart(node: OperationNode, target: Target): void {
    if (!target || !ValueNode.is(node)) return;
    if (target.type === "jsonb" || Array.isArray(node.value)) this.aim(node, target);
    else if (target.type.endsWith("[]")) this.aim(node, { ...target, type: target.type.slice(0, -2) });
  }

  #targetOf(node: OperationNode): Target | Target[] {
    return TupleNode.is(node) ? node.values.map((value) => this.#typeOf(value)) : this.#typeOf(node);
  }
}
