/** Parameter names, paths and the ARNs that IAM sees. */
import { AwsError, type Cloud } from "../../service.ts";

/** `/a/b` and `b` both stand behind `parameter/`, with one slash. */
export function parameterArn({ region, account }: Cloud, name: string): string {
  return `arn:aws:ssm:${region}:${account}:parameter/${name.replace(/^\//, "")}`;
}

/** A name or an ARN, with the version or label that may follow: `/db/password:3`. */
export function parseName(text: string): { name: string; selector?: string } {
  const plain = /^arn:aws:ssm:[^:]*:\d*:parameter(\/.*)$/.exec(text)?.[1] ?? text;
  const [name = "", selector] = plain.split(":");
  return { name, selector };
}

const LEVELS = 15;

/** Throws what AWS says of a name that it does not take. */
export function validateName(name: string): void {
  if (!/^[A-Za-z0-9_./-]{1,1011}$/.test(name)) {
    throw invalid(
      'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_',
    );
  }
  if (name.includes("/") && !name.startsWith("/")) throw invalid("Parameter name must be a fully qualified name.");
  if (name.endsWith("/") || name.includes("//")) throw invalid("Parameter name must not have empty sub-paths.");
  if (/^\/?(aws|ssm)/i.test(name)) throw invalid(`Parameter name: can't be prefixed with "aws" or "ssm".`);
  if (name.split("/").length - 1 > LEVELS) {
    throw new AwsError("HierarchyLevelLimitExceededException", `A hierarchy can have a maximum of ${LEVELS} levels.`);
  }
}

export function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
