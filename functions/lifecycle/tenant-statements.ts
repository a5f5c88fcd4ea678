/**
 * The SQL that gives a tenant its place in the cluster. Ids are checked before they get here (`^[a-z][a-z0-9]{2,30}$`), so a
 * quoted identifier is safe; nothing else of a tenant stands in a statement.
 */

export interface DatabaseIdentity {
  role: string;
  database: string;
}

const quoted = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

export const databaseExists = ({ database }: DatabaseIdentity) =>
  `select 1 as found from pg_database where datname = ${literal(database)}`;

/** Can not run in a transaction, so it is a call of its own. */
export const createDatabase = ({ database }: DatabaseIdentity) => `create database ${quoted(database)}`;

export const roleExists = ({ role }: DatabaseIdentity) =>
  `select 1 as found from pg_roles where rolname = ${literal(role)}`;

export const createRole = ({ role }: DatabaseIdentity) => `create role ${quoted(role)} login`;

/** Statements that may be run again at any time, in this order. */
export function configureRole(
  { role, database }: DatabaseIdentity,
  { verifier, statementTimeoutMs }: { verifier: string; statementTimeoutMs: number },
): string[] {
  return [
    `alter role ${quoted(role)} with login inherit password ${literal(verifier)}`,
    `alter role ${quoted(role)} set statement_timeout = ${literal(`${statementTimeoutMs}ms`)}`,
    `alter role ${quoted(role)} set idle_in_transaction_session_timeout = '60s'`,
    `grant terrace_tenant to ${quoted(role)} with inherit true, set false`,
    // By default everybody may connect to every database of the cluster.
    `revoke connect, temporary on database ${quoted(database)} from public`,
    `grant connect on database ${quoted(database)} to ${quoted(role)}`,
  ];
}
