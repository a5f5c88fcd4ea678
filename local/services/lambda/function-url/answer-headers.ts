/** Pairs as an object; of a name that comes several times, all values: cookies are set one by one. */
export function answerHeaders(pairs: string[]): Record<string, string> {
  const headers: Record<string, string | string[]> = {};
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i]!.toLowerCase();
    const known = headers[name];
    headers[name] = known === undefined ? pairs[i + 1]! : [known, pairs[i + 1]!].flat();
  }
  // The server writes lists as what they are.
  return headers as Record<string, string>;
}
