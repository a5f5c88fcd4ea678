/** What the source says of each component: its arguments, outputs, methods and example. Read as syntax, without types. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

export interface Argument {
  name: string;
  type: string;
  required: boolean;
  description: string;
  /** As the doc comment states it; undefined where it states none. */
  byDefault?: string;
}

export interface Member {
  name: string;
  type: string;
  description: string;
}

export interface Component {
  name: string;
  /** Below components/. */
  file: string;
  /** Its Pulumi type, `terrace:data:Table`. */
  token: string;
  description: string;
  example: string;
  arguments: Argument[];
  /** What the arguments' types name, in the order in which they do. */
  types: ArgumentType[];
  outputs: Member[];
  methods: Member[];
}

export interface ArgumentType {
  name: string;
  description: string;
  /** Of an interface. */
  members?: Argument[];
  /** Of an alias. */
  alias?: string;
}

type Aliases = Map<string, { node: ts.TypeAliasDeclaration; source: ts.SourceFile }>;

interface Declared {
  node: ts.InterfaceDeclaration;
  source: ts.SourceFile;
}

/** @param directory components/ */
export function readComponents(directory: string): Component[] {
  const interfaces = new Map<string, Declared>();
  const aliases: Aliases = new Map();
  const classes: { node: ts.ClassDeclaration; source: ts.SourceFile; file: string }[] = [];
  for (const file of readdirSync(directory, { recursive: true, encoding: "utf8" }).sort()) {
    if (!file.endsWith(".ts")) continue;
    const text = readFileSync(join(directory, file), "utf8");
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    source.forEachChild((node) => {
      if (ts.isInterfaceDeclaration(node)) interfaces.set(node.name.text, { node, source });
      if (ts.isTypeAliasDeclaration(node)) aliases.set(node.name.text, { node, source });
      if (ts.isClassDeclaration(node) && /ComponentResource$/.test(parentOf(node)))
        classes.push({ node, source, file });
    });
  }
  const exported = namesOf(join(directory, "index.ts"));
  return classes
    .filter(({ node }) => exported.has(node.name!.text))
    .map(({ node, source, file }) => componentOf(node, source, file, interfaces, aliases))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every name that the library exports. */
export function namesOf(index: string): Set<string> {
  const names = new Set<string>();
  const source = ts.createSourceFile(index, readFileSync(index, "utf8"), ts.ScriptTarget.Latest, true);
  source.forEachChild((node) => {
    const isExported =
      ts.canHaveModifiers(node) && node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (isExported && ts.isFunctionDeclaration(node)) names.add(node.name!.text);
    if (isExported && ts.isVariableStatement(node)) {
      for (const { name } of node.declarationList.declarations) names.add(name.getText(source));
    }
    if (!ts.isExportDeclaration(node)) return;
    if (!node.exportClause) {
      const from = (node.moduleSpecifier as ts.StringLiteral).text;
      for (const name of namesOf(join(dirname(index), from))) names.add(name);
    } else if (ts.isNamespaceExport(node.exportClause)) names.add(node.exportClause.name.text);
    else for (const { name } of node.exportClause.elements) names.add(name.text);
  });
  return names;
}

function componentOf(
  node: ts.ClassDeclaration,
  source: ts.SourceFile,
  file: string,
  interfaces: Map<string, Declared>,
  aliases: Aliases,
): Component {
  const create = node.members.find(ts.isConstructorDeclaration)!;
  const args = create.parameters[1]?.type?.getText(source);
  const { text, example } = docOf(node, source);
  const taken = args && interfaces.has(args) ? argumentsOf(interfaces.get(args)!, interfaces) : [];
  return {
    name: node.name!.text,
    file: file.replaceAll("\\", "/"),
    token: /super\(\s*"([^"]+)"/.exec(create.getText(source))?.[1] ?? "",
    description: text,
    example,
    arguments: taken,
    types: typesOf(taken, interfaces, aliases),
    outputs: node.members.flatMap((member) => outputOf(member, source)),
    methods: node.members.flatMap((member) => methodOf(member, source)),
  };
}

function argumentsOf({ node, source }: Declared, interfaces: Map<string, Declared>): Argument[] {
  const inherited = (node.heritageClauses ?? []).flatMap(({ types }) =>
    types.flatMap(({ expression }) => {
      const parent = interfaces.get(expression.getText());
      return parent ? argumentsOf(parent, interfaces) : [];
    }),
  );
  const own = node.members.filter(ts.isPropertySignature).map((member): Argument => {
    const { text, byDefault } = docOf(member, source);
    return {
      name: member.name.getText(source),
      type: typeText(member.type, source),
      required: member.questionToken === undefined,
      description: text,
      ...(byDefault !== undefined && { byDefault }),
    };
  });
  return [...inherited, ...own];
}

function typesOf(args: readonly Argument[], interfaces: Map<string, Declared>, aliases: Aliases): ArgumentType[] {
  const found = new Map<string, ArgumentType>();
  const visit = (text: string) => {
    for (const [name] of text.replace(/"[^"]*"/g, "").matchAll(/(?<![.\w])[A-Z]\w*/g)) {
      const declared = interfaces.get(name);
      const alias = aliases.get(name);
      if (found.has(name) || !(declared || alias)) continue;
      const { node, source } = (declared ?? alias)!;
      const described = { name, description: docOf(node, source).text };
      if (declared) {
        const members = argumentsOf(declared, interfaces);
        found.set(name, { ...described, members });
        for (const { type } of members) visit(type);
      } else {
        const text = typeText(alias!.node.type, source);
        found.set(name, { ...described, alias: text });
        visit(text);
      }
    }
  };
  for (const { type } of args) visit(type);
  return [...found.values()];
}

function outputOf(member: ts.ClassElement, source: ts.SourceFile): Member[] {
  const isRead = ts.isPropertyDeclaration(member) || ts.isGetAccessorDeclaration(member);
  if (!isRead || !isPublic(member) || !member.type) return [];
  return [
    { name: member.name.getText(source), type: typeText(member.type, source), description: docOf(member, source).text },
  ];
}

function methodOf(member: ts.ClassElement, source: ts.SourceFile): Member[] {
  if (!ts.isMethodDeclaration(member) || !isPublic(member)) return [];
  const parameters = member.parameters.map((parameter) => parameter.getText(source)).join(", ");
  const isStatic = member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword);
  const name = `${isStatic ? "static " : ""}${member.name.getText(source)}(${parameters})`;
  return [{ name, type: typeText(member.type, source), description: docOf(member, source).text }];
}

function isPublic(member: ts.ClassElement & { modifiers?: ts.NodeArray<ts.ModifierLike> }): boolean {
  const hidden = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword];
  return !ts.isPrivateIdentifier(member.name!) && !member.modifiers?.some(({ kind }) => hidden.includes(kind));
}

function docOf(node: ts.Node, source: ts.SourceFile): { text: string; example: string; byDefault?: string } {
  const comments = ts.getLeadingCommentRanges(source.text, node.getFullStart()) ?? [];
  const last = comments.at(-1);
  const raw = last ? source.text.slice(last.pos, last.end) : "";
  if (!raw.startsWith("/**")) return { text: "", example: "" };
  const body = raw
    .slice(3, -2)
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();
  const example = /```ts\n([\s\S]*?)\n```/.exec(body)?.[1] ?? "";
  const [text = "", ...tags] = body.replace(/```ts[\s\S]*?```/g, "").split(/(?:^|\s)@(?=[a-z]+\s)/);
  const byDefault = tags.find((tag) => tag.startsWith("default "))?.slice("default ".length);
  const line = (part: string) => part.replace(/\s+/g, " ").trim();
  return { text: line(text), example, ...(byDefault !== undefined && { byDefault: line(byDefault) }) };
}

const typeText = (type: ts.TypeNode | undefined, source: ts.SourceFile): string =>
  (type?.getText(source) ?? "void").replace(/\s+/g, " ").replaceAll("pulumi.", "");

const parentOf = (node: ts.ClassDeclaration): string => node.heritageClauses?.[0]?.types[0]?.expression.getText() ?? "";
