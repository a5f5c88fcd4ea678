/**
 * A second opinion on `evaluate`, written from AWS's prose and nothing else: slow, with no pattern language but a trailing
 * star and no operator but StringEquals.
 */
export interface NaiveStatement {
  Effect: "Allow" | "Deny";
  Action?: string[];
  NotAction?: string[];
  Resource?: string[];
  NotResource?: string[];
  Principal?: { AWS: string[] };
  Condition?: { StringEquals: Record<string, string[]> };
}

export interface NaiveQuestion {
  action: string;
  resource: string;
  context: Record<string, string>;
  names: { account: string; role: string; session: string };
  identity: NaiveStatement[][];
  session?: NaiveStatement[];
  boundary?: NaiveStatement[];
  resourcePolicy?: NaiveStatement[];
}

export function naive(question: NaiveQuestion): boolean {
  const { identity, session, boundary, resourcePolicy = [], names } = question;
  const own = [...identity, session ?? [], boundary ?? []].flat();
  const spoken = resourcePolicy.filter(({ Principal }) =>
    Principal!.AWS.some((name) => ["*", names.account, names.role, names.session].includes(name)),
  );
  if ([...own, ...spoken].some((statement) => statement.Effect === "Deny" && about(statement, question))) return false;

  const granting = (statements: NaiveStatement[]) =>
    statements.some((statement) => statement.Effect === "Allow" && about(statement, question));
  const grantedTo = (...who: string[]) =>
    granting(spoken.filter(({ Principal }) => Principal!.AWS.some((name) => who.includes(name))));

  if (grantedTo(names.session)) return true;
  const within = (boundary === undefined || granting(boundary)) && (session === undefined || granting(session));
  return within && (grantedTo("*", names.role) || identity.some(granting));
}

function about(statement: NaiveStatement, { action, resource, context }: NaiveQuestion): boolean {
  const { Action, NotAction, Resource, NotResource, Condition } = statement;
  const like = (text: string) => (pattern: string) =>
    pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
  if (Action && !Action.some(like(action))) return false;
  if (NotAction?.some(like(action))) return false;
  if (Resource && !Resource.some(like(resource))) return false;
  if (NotResource?.some(like(resource))) return false;
  return Object.entries(Condition?.StringEquals ?? {}).every(([key, wanted]) => wanted.includes(context[key] ?? "\0"));
}
