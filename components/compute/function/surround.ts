import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { FunctionArgs } from "../function.ts";
import { configureEvents } from "./asynchronous.ts";
import { releaseByCodeDeploy } from "./release.ts";

/** What stands around a function that is made: what becomes of its events, what is kept warm, how it is released. */
export function surround(
  parent: pulumi.Resource,
  name: string,
  fn: aws.lambda.Function,
  alias: aws.lambda.Alias | undefined,
  { asynchronous, provisionedConcurrency, recursion, release, tags }: FunctionArgs,
): void {
  const child = { parent };
  if (asynchronous) configureEvents(parent, name, fn, alias, asynchronous);
  if (recursion === "allow") {
    new aws.lambda.FunctionRecursionConfig(
      `${name}-recursion`,
      { functionName: fn.name, recursiveLoop: "Allow" },
      child,
    );
  }
  if (provisionedConcurrency) {
    new aws.lambda.ProvisionedConcurrencyConfig(
      `${name}-warm`,
      {
        functionName: fn.name,
        qualifier: alias!.name,
        provisionedConcurrentExecutions: provisionedConcurrency,
      },
      child,
    );
  }
  if (release) releaseByCodeDeploy(parent, name, release, { fn, alias: alias!, tags });
}
