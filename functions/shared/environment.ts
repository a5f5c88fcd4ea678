/**
 * A variable that the cell sets for this function.
 * @throws Error naming the variable when it is missing: a wiring mistake, found at the first use.
 */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`The environment variable ${name} is not set`);
  return value;
}
