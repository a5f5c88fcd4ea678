/** `./components/index.ts` → its types and its code. */
export function compiledExports(exports: Record<string, string>): Record<string, { types: string; default: string }> {
  return Object.fromEntries(
    Object.entries(exports).map(([name, path]) => {
      const stem = path.replace(/\.ts$/, "");
      return [name, { types: `${stem}.d.ts`, default: `${stem}.js` }];
    }),
  );
}
