/** Mail addresses as they stand in headers: `"Acme" <no-reply@acme.example>`. */

/** The bare address, its domain in lower case; undefined where there is none. */
export function addressIn(text: string): string | undefined {
  const bare = (/<([^<>]*)>\s*$/.exec(text)?.[1] ?? text).trim();
  const at = bare.lastIndexOf("@");
  if (at < 1 || /[\s<>,;]/.test(bare) || !/^[^@\s.][^@\s]*\.[^@\s.]+$|^localhost$/.test(bare.slice(at + 1)))
    return undefined;
  return `${bare.slice(0, at)}@${bare.slice(at + 1).toLowerCase()}`;
}

/** A header's list: commas inside quotes and brackets do not part addresses. */
export function splitAddresses(header: string): string[] {
  const parts = header.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}
