/** Results as they stand in S3: every value in quotes, NULL as nothing at all. */

export function csvOf(rows: (string | undefined)[][]): string {
  const lines = rows.map((row) =>
    row.map((value) => (value === undefined ? "" : `"${value.replaceAll('"', '""')}"`)).join(","),
  );
  return `${lines.join("\n")}\n`;
}

export function rowsOf(csv: string): (string | undefined)[][] {
  const rows: (string | undefined)[][] = [];
  let row: (string | undefined)[] = [];
  const value = /"((?:[^"]|"")*)"|([^",\n]*)/y;
  for (let at = 0; at < csv.length; at++) {
    value.lastIndex = at;
    const found = value.exec(csv)!;
    row.push(found[1] === undefined ? found[2] || undefined : found[1].replaceAll('""', '"'));
    at += found[0].length;
    if (csv[at] === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
