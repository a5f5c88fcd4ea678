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
