/** An address of a function's own: HTTPS without an API in front of it. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { checkForm, InvalidArgumentError } from "../../invalid-argument.ts";

export interface FunctionUrlArgs {
  /** `none` answers everybody on the internet: the function then has to know by itself who asks. @default "iam" */
  authorization?: "iam" | "none";
  /** `stream` sends an answer while it is made (`awslambda.streamifyResponse`). @default "buffer" */
  response?: "buffer" | "stream";
  /** Browsers' origins; no `*`. @default none */
  allowedOrigins?: string[];
}

export function addressOf(
  parent: pulumi.Resource,
  name: string,
  fn: aws.lambda.Function,
  alias: aws.lambda.Alias | undefined,
  { authorization = "iam", response = "buffer", allowedOrigins = [] }: FunctionUrlArgs,
): aws.lambda.FunctionUrl {
  return new aws.lambda.FunctionUrl(
    `${name}-url`,
    {
      functionName: fn.name,
      qualifier: alias?.name,
      authorizationType: authorization === "iam" ? "AWS_IAM" : "NONE",
      invokeMode: response === "stream" ? "RESPONSE_STREAM" : "BUFFERED",
      cors:
        allowedOrigins.length > 0
          ? {
              allowOrigins: allowedOrigins,
              allowMethods: ["*"],
              allowHeaders: ["authorization", "content-type", "idempotency-key"],
              maxAge: 600,
            }
          : undefined,
    },
    { parent },
  );
}

export function checkAddress(component: string, url: FunctionUrlArgs | undefined, tenantIsolation?: boolean): void {
  if (!url) return;
  if (tenantIsolation) {
    const remedy = "only API Gateway says whose call it is; leave out one of the two";
    throw new InvalidArgumentError(component, "url", "given", remedy);
  }
  for (const [index, origin] of (url.allowedOrigins ?? []).entries()) {
    const words = "an origin such as https://app.example.com; * lets every site in";
    checkForm(component, `url.allowedOrigins[${index}]`, origin, /^https?:\/\/[\w.-]+(:\d+)?$/, words);
  }
}
