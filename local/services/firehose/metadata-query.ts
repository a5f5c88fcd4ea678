/**
 * The JQ queries that name partition keys: an object of paths, `{tenant: .tenantId, city: .address.city}`, and of paths with
 * a default (`.a // "none"`). Not emulated: any other JQ. Pure.
 */

export type MetadataQuery = Record<string, { path: string[]; otherwise?: string }>;

const MEMBER =
  /^\s*"?([A-Za-z_]\w*)"?\s*:\s*((?:\.\s*(?:[A-Za-z_]\w*|\["[^"]+"\]|\[\d+\]|"[^"]+"))+)\s*(?:\/\/\s*"([^"]*)")?\s*(?:\|\s*tostring\s*)?$/;

/** @returns undefined where the query is of another form */
export function readQuery(text: string): MetadataQuery | undefined {
  const inner = /^\s*\{([\s\S]*)\}\s*$/.exec(text)?.[1];
  if (inner === undefined) return undefined;
  const query: MetadataQuery = {};
  for (const member of inner.split(",")) {
    const match = MEMBER.exec(member);
    if (!match) return undefined;
    const path = [...match[2]!.matchAll(/\[?"([^"]+)"\]?|\[(\d+)\]|([A-Za-z_]\w*)/g)].map(
      ([, quoted, index, name]) => quoted ?? index ?? name!,
    );
    query[match[1]!] = { path, otherwise: match[3] };
  }
  return query;
}

/** @throws Error where a key is missing: the record can not be placed */
export function keysOf(query: MetadataQuery, data: Buffer): Record<string, string> {
  let record: unknown;
  try {
    record = JSON.parse(data.toString());
  } catch {
    throw new Error("Provided JSON is not valid, or is more than one object.");
  }
  const keys: Record<string, string> = {};
  for (const [name, { path, otherwise }] of Object.entries(query)) {
    let value: unknown = record;
    for (const step of path) value = (value as Record<string, unknown> | null | undefined)?.[step];
    value ??= otherwise;
    if (value === undefined || value === null || value === "") {
      throw new Error(`The partition key ${name} is null or empty.`);
    }
    keys[name] = typeof value === "object" ? JSON.stringify(value) : String(value);
  }
  return keys;
}
