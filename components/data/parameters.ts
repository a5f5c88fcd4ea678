import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import type { Link } from "../compute/link.ts";
import { type Grant, grantDecrypt, grantReadParameters, grantReadSecret } from "../grants.ts";
import { checked, checkedArn, checkedSecretArn, checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";

export interface ParametersArgs {
  /** Path all names stand below: `/terrace/prod/eu1`. */
  path: string;
  /** Plain settings by name. A secret is not declared here: who makes it puts it, and nobody's state holds it. */
  values: Record<string, pulumi.Input<string>>;
  /** ARNs of secrets by name: what stands below the path says where a secret is, and who may read it does. @default none */
  secrets?: Record<string, pulumi.Input<string>>;
  /** Names of SecureStrings: each is made with `-`, and then put by who has the secret. No program and no state ever has it. @default none */
  secureStrings?: string[];
  /** KMS key of the SecureStrings. @default AWS's own key for SSM */
  kmsKeyArn?: pulumi.Input<string>;
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
  /** What it takes to read all of them, and the secrets they name. */
  readonly readGrants: Grant[];

  constructor(name: string, args: ParametersArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:data:Parameters", name, {}, options);
    checkArgs("Parameters", name, args);
    const component = `Parameters "${name}"`;
    checkForm(component, "path", args.path, /^(\/[\w.-]+){1,14}$/, "a path such as /shop/dev");
    this.path = args.path;
    for (const [key, value] of Object.entries(args.values)) {
      checkForm(component, `values.${key}`, key, NAME, NAME_WORDS);
      this.#put(name, key, fitting(component, `values.${key}`, value), args.tags);
    }
    const secrets = Object.entries(args.secrets ?? {}).map(([key, secret]) => {
      checkForm(component, `secrets.${key}`, key, NAME, NAME_WORDS);
      if (key in args.values) {
        throw new InvalidArgumentError(
          component,
          `secrets.${key}`,
          key,
          "there is a value of this name; call it otherwise",
        );
      }
      const arn = checkedSecretArn(component, `secrets.${key}`, secret)!;
      this.#put(name, key, arn, args.tags);
      return arn;
    });
    for (const [index, key] of (args.secureStrings ?? []).entries()) {
      checkForm(component, `secureStrings[${index}]`, key, NAME, NAME_WORDS);
      if (key in args.values || key in (args.secrets ?? {})) {
        throw new InvalidArgumentError(component, `secureStrings[${index}]`, key, "there is another of this name");
      }
    }
    const kmsKeyArn = checkedArn(component, "kmsKeyArn", args.kmsKeyArn, "kms");
    for (const key of args.secureStrings ?? []) this.#declareSecure(name, key, kmsKeyArn, args.tags);
    const child = { parent: this };
    const account = aws.getCallerIdentityOutput({}, child).accountId;
    const region = aws.getRegionOutput({}, child).region;
    this.readGrants = [
      grantReadParameters(this.path, region, account),
      ...secrets.map(grantReadSecret),
      ...(kmsKeyArn ? [grantDecrypt(kmsKeyArn, "ssm", region)] : []),
    ];
    this.registerOutputs({ path: this.path });
  }

  /** For `link`: read them, with `terrace/parameters`. */
  read(): Link {
    return { values: { path: this.path }, grants: this.readGrants };
  }

  /** Write-only: what is put later is neither read into the state nor put back. */
  #declareSecure(name: string, key: string, keyId: pulumi.Input<string> | undefined, tags: Tags | undefined): void {
    new aws.ssm.Parameter(
      `${name}-${key}`,
      { name: `${this.path}/${key}`, type: "SecureString", valueWo: "-", valueWoVersion: 1, keyId, tags },
      { parent: this },
    );
  }

  #put(name: string, key: string, value: pulumi.Input<string>, tags: Tags | undefined): void {
    new aws.ssm.Parameter(
      `${name}-${key}`,
      { name: `${this.path}/${key}`, type: "String", value, tags },
      { parent: this },
    );
  }
}

const NAME = /^[\w.-]+$/;
const NAME_WORDS = "a name of letters, digits, _, . and -";

/** What SSM keeps without a charge. The error does not repeat the value: it is long, and may be of somebody's. */
function fitting(component: string, argument: string, value: pulumi.Input<string>): pulumi.Output<string> {
  return checked(value, (text) => {
    if (text.length >= 1 && text.length <= 4096) return;
    throw new InvalidArgumentError(component, argument, `${text.length} characters`, "SSM keeps 1 to 4096 of them");
  });
}
