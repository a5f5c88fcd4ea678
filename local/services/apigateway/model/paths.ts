/** Finds the route of a path: literal segments before `{parameters}` before `{greedy+}` ones. */

export interface PathMatch<Route> {
  route: Route;
  /** Decoded; undefined where the path has none. */
  parameters?: Record<string, string>;
}

export interface PathNode<Route> {
  /** `ANY` takes every method that the same path does not name. */
  add(method: string, path: string, route: Route): void;
  /** @param backtracks Whether a path without the method gives way to a less specific one that has it. */
  find(method: string, path: string, backtracks: boolean): PathMatch<Route> | undefined;
}

interface Node<Route> {
  literals: Map<string, Node<Route>>;
  parameter?: Node<Route>;
  greedy?: Node<Route>;
  methods: Map<string, { route: Route; names: string[] }>;
}

export function pathNode<Route>(): PathNode<Route> {
  const root = empty<Route>();
  return {
    add(method, path, route) {
      const names: string[] = [];
      let node = root;
      for (const segment of segmentsOf(path)) {
        const name = /^\{([^}+]+)(\+?)\}$/.exec(segment);
        if (!name) {
          let next = node.literals.get(segment);
          if (!next) {
            next = empty();
            node.literals.set(segment, next);
          }
          node = next;
          continue;
        }
        names.push(name[1]!);
        if (name[2]) node = node.greedy ??= empty();
        else node = node.parameter ??= empty();
      }
      node.methods.set(method, { route, names });
    },
    find(method, path, backtracks) {
      const values: string[] = [];
      const found = search(root, segmentsOf(path), 0, method, values, backtracks);
      if (!found) return undefined;
      if (found.names.length === 0) return { route: found.route };
      const parameters: Record<string, string> = {};
      for (const [index, name] of found.names.entries()) parameters[name] = decoded(values[index]!);
      return { route: found.route, parameters };
    },
  };
}

type Found<Route> = { route: Route; names: string[] } | undefined;
/** The path is known, the method is not, and nothing less specific may take it. */
const REFUSED = Symbol("refused");

function search<Route>(
  root: Node<Route>,
  segments: string[],
  start: number,
  method: string,
  values: string[],
  backtracks: boolean,
): Found<Route> {
  const visit = (node: Node<Route>, index: number): Found<Route> | typeof REFUSED => {
    if (index === segments.length) {
      if (node.methods.size === 0) return undefined;
      return node.methods.get(method) ?? node.methods.get("ANY") ?? (backtracks ? undefined : REFUSED);
    }
    const segment = segments[index]!;
    const literal = node.literals.get(segment);
    const found = literal && visit(literal, index + 1);
    if (found) return found;
    if (node.parameter) {
      values.push(segment);
      const below = visit(node.parameter, index + 1);
      if (below) return below;
      values.pop();
    }
    if (!node.greedy) return undefined;
    values.push(segments.slice(index).join("/"));
    const rest = visit(node.greedy, segments.length);
    if (!rest) values.pop();
    return rest;
  };
  const found = visit(root, start);
  return found === REFUSED ? undefined : found;
}

function empty<Route>(): Node<Route> {
  return { literals: new Map(), methods: new Map() };
}

/** A slash at the end is not a segment. */
function segmentsOf(path: string): string[] {
  const end = path.length > 1 && path.endsWith("/") ? path.length - 1 : path.length;
  return end <= 1 ? [] : path.slice(1, end).split("/");
}

function decoded(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
