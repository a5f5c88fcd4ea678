import { type DeployOptions, deploy } from "../../engine/testing.ts";

/** What a program is refused with; a test then names the whole line. */
export async function refused(make: () => unknown, options?: DeployOptions): Promise<string> {
  try {
    await deploy(make, options);
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was refused";
}

/** Cases of `it.each` that are titled by what they are refused with: an argument that is not known yet has no text. */
export const byMessage = <T>(cases: [args: T, message: string][]): [message: string, args: T][] =>
  cases.map(([args, message]) => [message, args]);
