import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";

export interface ParametersArgs {
  /** Path all names stand below: `/terrace/prod/eu1`. */
  path: string;
  /** Plain settings by name. A secret is not declared here: who makes it puts it, and nobody's state holds it. */
  values: Record<string, pulumi.Input<string>>;
  tags?: Tags;
}

/**
 * Settings below one SSM path, readable by path at run time: a change needs no new deployment of who reads them.
 *
 * ```ts
 * new Parameters("settings", { path: "/shop/dev", values: { topicArn: topic.arn } });
 * ```
 */
export class Parameters extends pulumi.ComponentResource {
  readonly path: string;

  constructor(name: string, args: ParametersArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:data:Parameters", name, {}, options);
    const component = `Parameters "${name}"`;
    checkForm(component, "path", args.path, /^(\/[\w.-]+){1,14}$/, "a path such as /shop/dev");
    this.path = args.path;
    for (const [key, value] of Object.entries(args.values)) {
      checkForm(component, `values.${key}`, key, /^[\w.-]+$/, "a name of letters, digits, _, . and -");
      new aws.ssm.Parameter(
        `${name}-${key}`,
        { name: `${args.path}/${key}`, type: "String", value, tags: args.tags },
        { parent: this },
      );
    }
    this.registerOutputs({ path: this.path });
  }
}
