/** Measures operations around their run: how long, how they ended. What that means is each service's own. */
import { AwsError, type Call, type Operation } from "./service.ts";

export interface Ended {
  /** The operation's name. */
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: an operation's shapes come from the SDK client's schema at run time
  input: any;
  /** Where it succeeded. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  output?: any;
  error?: AwsError;
  /** ms */
  took: number;
}

export function measured(
  operations: Record<string, Operation>,
  names: string[],
  ended: (what: Ended) => void,
): Record<string, Operation> {
  const wrapped = names.map((name) => {
    const { run, ...rest } = operations[name]!;
    return [name, { ...rest, run: (input: unknown, call: Call) => measure(name, run, input, call, ended) }];
  });
  return { ...operations, ...Object.fromEntries(wrapped) };
}

/** A run that answers at once is not made to wait. */
function measure(
  name: string,
  run: Operation["run"],
  input: unknown,
  call: Call,
  ended: (what: Ended) => void,
): unknown {
  const start = performance.now();
  const done = (output: unknown) => {
    ended({ name, input, output, took: performance.now() - start });
    return output;
  };
  const failed = (error: unknown): never => {
    if (error instanceof AwsError) ended({ name, input, error, took: performance.now() - start });
    throw error;
  };
  let output: unknown;
  try {
    output = run(input, call);
  } catch (error) {
    failed(error);
  }
  return output instanceof Promise ? output.then(done, failed) : done(output);
}
