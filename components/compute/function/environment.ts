/** What Lambda refuses of a function's variables, told before it is asked. */
import * as pulumi from "@pulumi/pulumi";
import { checkForm, InvalidArgumentError } from "../../invalid-argument.ts";

type Variables = Record<string, pulumi.Input<string>>;

/** Lambda sets these itself. */
const RESERVED =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_\w+|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_(TASK_ROOT|RUNTIME_DIR))$/;

const MOST_BYTES = 4096;

/** @throws InvalidArgumentError for a name that Lambda does not take. */
export function checkVariableNames(component: string, variables: Variables = {}): void {
  for (const name of Object.keys(variables)) {
    checkForm(
      component,
      `environment.${name}`,
      name,
      /^[A-Za-z]\w+$/,
      "a name of letters, digits and _, a letter first",
    );
    if (RESERVED.test(name)) {
      throw new InvalidArgumentError(component, `environment.${name}`, "given", "Lambda sets it itself; leave it out");
    }
  }
}

/**
 * Refuses, once their values are known, more than Lambda keeps. Beside them, not on their way: in a preview one value that is
 * not known yet would hide all the others. No error repeats a value.
 */
export function checkVariablesFit(component: string, variables: Variables): void {
  pulumi.output(variables).apply((resolved) => {
    const bytes = Buffer.byteLength(JSON.stringify(resolved));
    if (bytes <= MOST_BYTES) return;
    const remedy = `Lambda keeps ${MOST_BYTES} bytes in all; put what is long into a parameter, and name that`;
    throw new InvalidArgumentError(component, "environment", `${bytes} bytes`, remedy);
  });
}
