/** Which tables a query reads, and what it says of their columns that partitions can be chosen by. From DuckDB's own syntax tree. */

/** What holds of a column wherever the query reads the table. */
export interface Constraint {
  values?: string[];
  least?: string;
  most?: string;
}

export interface Reference {
  catalog: string;
  schema: string;
  table: string;
  /** Where it stands. */
  at: number;
  /** By lower-case column. */
  constraints: Record<string, Constraint>;
}

// biome-ignore lint/suspicious/noExplicitAny: DuckDB's syntax tree
type Node = any;

interface Scope {
  /** Names of common table expressions. */
  ctes: Set<string>;
  /** Conditions of this query and those around it. */
  conditions: Node[];
}

/** @param tree of `json_serialize_sql` */
export function referencesOf(tree: Node): Reference[] {
  const found: Reference[] = [];
  for (const { node } of tree.statements ?? []) visit(node, { ctes: new Set(), conditions: [] }, found);
  return found;
}

function visit(node: Node, scope: Scope, found: Reference[]): void {
  if (node === null || typeof node !== "object") return;
  if (Array.isArray(node)) {
    for (const each of node) visit(each, scope, found);
    return;
  }
  if (node.type === "BASE_TABLE") {
    const table = String(node.table_name);
    if (node.schema_name === "" && scope.ctes.has(table.toLowerCase())) return;
    const constraints = constraintsOf(scope.conditions, [node.alias || table, table]);
    found.push({ catalog: node.catalog_name, schema: node.schema_name, table, at: node.query_location, constraints });
    return;
  }
  let inner = scope;
  if (node.cte_map?.map?.length > 0) {
    const names = node.cte_map.map.map(({ key }: Node) => String(key).toLowerCase());
    inner = { ...inner, ctes: new Set([...inner.ctes, ...names]) };
  }
  if (node.type === "SELECT_NODE") {
    inner = { ...inner, conditions: [...conjuncts(node.where_clause), ...joins(node.from_table), ...inner.conditions] };
  }
  for (const value of Object.values(node)) visit(value, inner, found);
}

function joins(from: Node): Node[] {
  if (from?.type !== "JOIN") return [];
  const own = from.join_type === "INNER" ? conjuncts(from.condition) : [];
  return [...own, ...joins(from.left), ...joins(from.right)];
}

function conjuncts(condition: Node): Node[] {
  if (!condition) return [];
  return condition.type === "CONJUNCTION_AND" ? condition.children.flatMap(conjuncts) : [condition];
}

function constraintsOf(conditions: Node[], names: string[]): Record<string, Constraint> {
  const known: Record<string, Constraint> = {};
  for (const condition of conditions) {
    const said = read(condition, names);
    if (!said) continue;
    const { column } = said;
    const constraint = known[column] ?? {};
    known[column] = constraint;
    // The innermost condition comes first.
    constraint.values ??= said.values;
    if (said.least !== undefined && !(constraint.least! > said.least)) constraint.least = said.least;
    if (said.most !== undefined && !(constraint.most! < said.most)) constraint.most = said.most;
  }
  return known;
}

function read(condition: Node, names: string[]): (Constraint & { column: string }) | undefined {
  const { type } = condition;
  if (type === "COMPARE_IN") {
    const [subject, ...rest] = condition.children;
    const [column, values] = [columnOf(subject, names), rest.map(constantOf)];
    return column !== undefined && !values.includes(undefined) ? { column, values } : undefined;
  }
  if (type === "COMPARE_BETWEEN") {
    const column = columnOf(condition.input, names);
    return column === undefined
      ? undefined
      : { column, least: constantOf(condition.lower), most: constantOf(condition.upper) };
  }
  if (type === "CONJUNCTION_OR") {
    const each = condition.children.map((child: Node) => read(child, names));
    const column = each[0]?.column;
    const same = each.every((one: Constraint & { column: string }) => one?.column === column && one?.values);
    return column !== undefined && same
      ? { column, values: each.flatMap(({ values }: Constraint) => values) }
      : undefined;
  }
  if (!/^COMPARE_(EQUAL|(LESS|GREATER)THAN(OREQUALTO)?)$/.test(type ?? "")) return undefined;
  const [left, right] = [columnOf(condition.left, names), columnOf(condition.right, names)];
  const column = left ?? right;
  const value = constantOf(left === undefined ? condition.left : condition.right);
  if (column === undefined || value === undefined) return undefined;
  if (type === "COMPARE_EQUAL") return { column, values: [value] };
  const isMost = type.startsWith("COMPARE_LESS") === (left !== undefined);
  return isMost ? { column, most: value } : { column, least: value };
}

function columnOf(node: Node, names: string[]): string | undefined {
  if (node?.type !== "COLUMN_REF") return undefined;
  const path = node.column_names as string[];
  const owner = path.at(-2);
  if (owner !== undefined && !names.some((name) => name.toLowerCase() === owner.toLowerCase())) return undefined;
  return path.at(-1)?.toLowerCase();
}

function constantOf(node: Node): string | undefined {
  // DATE '2026-01-01' is a cast of text.
  if (node?.type === "OPERATOR_CAST") return constantOf(node.child);
  if (node?.type !== "VALUE_CONSTANT" || node.value.is_null) return undefined;
  return String(node.value.value);
}

/** Names that the query itself gives its results. */
export function aliasesOf(tree: Node): Set<string> {
  const names = new Set<string>();
  const collect = (node: Node): void => {
    for (const { alias } of node?.select_list ?? []) if (alias) names.add(alias);
    if (node?.left || node?.right) for (const side of [node.left, node.right]) collect(side?.node ?? side);
    for (const { value } of node?.cte_map?.map ?? []) collect(value?.query?.node);
    if (node?.from_table?.subquery) collect(node.from_table.subquery.node);
  };
  for (const { node } of tree.statements ?? []) collect(node);
  return names;
}
