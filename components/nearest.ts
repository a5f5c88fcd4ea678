/** The one of the known names that a typing mistake, or half a name, most likely meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = plain(name);
  const candidates = known.map((each) => [each, plain(each)] as const);
  return (candidates.find(([, each]) => each === wanted) ??
    candidates.find(([, each]) => distance(each, wanted) <= 2) ??
    candidates.find(
      ([, each]) => wanted.length > 3 && each.length > 3 && (each.startsWith(wanted) || wanted.startsWith(each)),
    ))?.[0];
}

const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Letters to change, add or leave out (Levenshtein). */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(change, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
