/**
 * `npm run args`: writes components/args-shapes.ts, what every component takes, from the interfaces of their arguments. Types are
 * gone when a program runs, and Outputs, JavaScript and configuration files pass by them: the components check against this.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import type { Shape } from "../components/check-args.ts";

const root = resolve(import.meta.dirname, "..");
export const SHAPES_FILE = join(root, "components/args-shapes.ts");
const HEAD = `/** Written by \`npm run args\` from the components' interfaces: do not edit. */
import type { Shape } from "./check-args.ts";

export const SHAPES: Record<string, Shape> = `;

/** Languages of their own, with checks of their own: patterns, states, what flows through a workflow. */
const OPAQUE = new Set(["Pattern", "EventPattern", "Flow", "State", "Data", "Integration"]);
/** Arguments of methods: no constructor leads to them. */
const OF_METHODS = ["ConsumerArgs", "StreamConsumerArgs", "SubscriptionArgs", "RuleArgs"];

/** The text of components/args-shapes.ts as it should be. */
export function generateShapes(): string {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram([join(root, "components/index.ts")], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const shapes: Record<string, Shape> = {};
  const reader = new Reader(checker, shapes);
  const index = checker.getSymbolAtLocation(program.getSourceFile(join(root, "components/index.ts"))!)!;
  for (const exported of checker.getExportsOfModule(index)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const declaration = symbol.declarations?.[0];
    if (OF_METHODS.includes(symbol.name)) reader.shapeOf(checker.getDeclaredTypeOfSymbol(symbol));
    if (!declaration || !ts.isClassDeclaration(declaration) || !isComponent(declaration)) continue;
    const args = declaration.members.find(ts.isConstructorDeclaration)?.parameters[1]?.type;
    if (args) shapes[`${symbol.name}Args`] ??= reader.fieldsOf(checker.getTypeFromTypeNode(args));
  }
  const sorted = Object.fromEntries(Object.entries(shapes).sort(([a], [b]) => (a < b ? -1 : 1)));
  return formatted(`${HEAD}${JSON.stringify(sorted, null, 2)};\n`);
}

const isComponent = (declaration: ts.ClassDeclaration): boolean =>
  declaration.heritageClauses?.some(({ types }) => /ComponentResource$/.test(types[0]!.expression.getText())) ?? false;

class Reader {
  readonly #checker: ts.TypeChecker;
  readonly #shapes: Record<string, Shape>;
  readonly #open = new Set<ts.Type>();

  constructor(checker: ts.TypeChecker, shapes: Record<string, Shape>) {
    this.#checker = checker;
    this.#shapes = shapes;
  }

  shapeOf(type: ts.Type): Shape {
    const { flags } = type;
    const name = (type.aliasSymbol ?? type.getSymbol())?.name ?? "";
    if (OPAQUE.has(name)) return "object";
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return "any";
    if (flags & ts.TypeFlags.Null) return "null";
    if (flags & ts.TypeFlags.Never) return { any: [] };
    if (type.isStringLiteral() || type.isNumberLiteral()) return { oneOf: [type.value] };
    if (flags & ts.TypeFlags.BooleanLiteral) return { oneOf: [this.#checker.typeToString(type) === "true"] };
    if (flags & ts.TypeFlags.StringLike) return "string";
    if (flags & ts.TypeFlags.NumberLike) return "number";
    if (flags & ts.TypeFlags.Boolean) return "boolean";
    if (flags & ts.TypeFlags.NonPrimitive) return "object";
    if (type.isUnion()) return this.#unionOf(type.types);
    if (isOutput(type)) return { input: "any" };
    if (this.#checker.isArrayType(type) || this.#checker.isTupleType(type)) {
      const [item] = this.#checker.getTypeArguments(type as ts.TypeReference);
      return { list: item ? this.shapeOf(item) : "any" };
    }
    if (type.getCallSignatures().length > 0) return "function";
    const declaration = type.getSymbol()?.declarations?.[0];
    if (declaration && ts.isClassDeclaration(declaration)) {
      return isComponent(declaration) ? { resource: name } : "object";
    }
    const isNamed = declaration && ts.isInterfaceDeclaration(declaration) && !type.aliasSymbol;
    if (!isNamed) return this.#open.has(type) ? "object" : this.fieldsOf(type);
    if (!this.#shapes[name]) {
      this.#shapes[name] = "object";
      this.#shapes[name] = this.fieldsOf(type);
    }
    return { ref: name };
  }

  fieldsOf(type: ts.Type): Shape {
    const values = this.#checker.getIndexTypeOfType(type, ts.IndexKind.String);
    this.#open.add(type);
    const fields = type.getProperties().map((property): [string, Shape] => {
      const optional = property.flags & ts.SymbolFlags.Optional ? "?" : "";
      return [`${property.name}${optional}`, this.shapeOf(this.#checker.getTypeOfSymbol(property))];
    });
    const shape: Shape =
      values && fields.length === 0 ? { record: this.shapeOf(values) } : { fields: Object.fromEntries(fields) };
    this.#open.delete(type);
    return shape;
  }

  #unionOf(types: readonly ts.Type[]): Shape {
    const present = types.filter((type) => !(type.flags & ts.TypeFlags.Undefined));
    const plain = present.filter((type) => !isOutput(type));
    const literals = plain.filter((type) => type.isStringLiteral() || type.isNumberLiteral()) as ts.LiteralType[];
    const isBoolean = plain.filter(({ flags }) => flags & ts.TypeFlags.BooleanLiteral).length === 2;
    const rest = plain.filter(
      (type) => !literals.includes(type as never) && !(isBoolean && type.flags & ts.TypeFlags.BooleanLiteral),
    );
    const shapes = [
      ...(literals.length > 0 ? [{ oneOf: literals.map((type) => type.value as string) }] : []),
      ...(isBoolean ? ["boolean" as const] : []),
      ...rest.map((type) => this.shapeOf(type)),
    ];
    const distinct = [...new Map(shapes.map((shape) => [JSON.stringify(shape), shape])).values()];
    const shape: Shape = distinct.length === 1 ? distinct[0]! : { any: distinct };
    return plain.length < present.length ? { input: shape } : shape;
  }
}

/** Output and Promise: known later. */
const isOutput = (type: ts.Type): boolean =>
  ["OutputInstance", "Output", "Promise"].includes(type.getSymbol()?.name ?? type.aliasSymbol?.name ?? "") ||
  (type.isIntersection() && type.types.some((part) => part.getSymbol()?.name === "OutputInstance"));

function formatted(text: string): string {
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const args = [biome, "check", "--write", `--stdin-file-path=${SHAPES_FILE}`];
  return execFileSync(process.execPath, args, { input: text, encoding: "utf8", cwd: root });
}

if (import.meta.main) {
  writeFileSync(SHAPES_FILE, generateShapes());
  console.log("Wrote components/args-shapes.ts");
}
