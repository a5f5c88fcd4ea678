/** Policy documents as IAM reads them: of roles, of who takes them on, of what stands behind an ARN. */
import * as pulumi from "@pulumi/pulumi";
import type { Grant } from "./grants.ts";

/** A policy document (JSON) of grants, each said once. */
export function policyOf(grants: readonly Grant[]): pulumi.Output<string> {
  return pulumi.output(grants as unknown as pulumi.Unwrap<Grant>[]).apply((resolved) => {
    const statements = resolved.map(({ sid, actions, resources, conditions }) =>
      JSON.stringify({
        ...(sid ? { Sid: sid } : {}),
        Effect: "Allow",
        Action: actions,
        Resource: resources,
        ...(conditions ? { Condition: conditions } : {}),
      }),
    );
    return `{"Version":"2012-10-17","Statement":[${[...new Set(statements)].join(",")}]}`;
  });
}

type Conditions = Record<string, Record<string, pulumi.Input<string>>>;

const trust = (service: string, conditions?: Conditions): PolicyStatement => ({
  Effect: "Allow",
  Principal: { Service: service },
  Action: "sts:AssumeRole",
  ...(conditions ? { Condition: conditions } : {}),
});

/** The trust policy of a role that one AWS service takes on. */
export const trustOf = (service: string, conditions?: Record<string, Record<string, string>>): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [trust(service, conditions)] });

/**
 * The trust policy of a role that one AWS service takes on for resources of this account alone: nobody else's resource can
 * borrow it (AWS's "confused deputy").
 *
 * @param sourceArn pattern of the resource that the service acts for
 */
export function trustOfSource(
  service: string,
  account: pulumi.Input<string>,
  sourceArn: pulumi.Input<string>,
): pulumi.Output<string> {
  const conditions = { StringEquals: { "aws:SourceAccount": account }, ArnLike: { "aws:SourceArn": sourceArn } };
  return policyDocument([trust(service, conditions)]);
}

/** A statement as IAM writes it. */
export type PolicyStatement = Record<string, unknown>;

/** The policy of a queue, a topic, a bucket, a key; of a role, where grants do not say it. */
export const policyDocument = (statements: pulumi.Input<PolicyStatement>[]): pulumi.Output<string> =>
  pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements });

/** Nobody comes without TLS. */
export const tlsOnly = (
  actions: string | string[],
  resource: pulumi.Input<string> | pulumi.Input<string>[],
): PolicyStatement => ({
  Sid: "TlsOnly",
  Effect: "Deny",
  Principal: "*",
  Action: actions,
  Resource: resource,
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});

/** In a key's policy `*` is the key itself; there is no other way to write it. */
export const keyAdministration = (account: pulumi.Output<string>): PolicyStatement => ({
  Sid: "Administration",
  Effect: "Allow",
  Principal: { AWS: pulumi.interpolate`arn:aws:iam::${account}:root` },
  Action: "kms:*",
  Resource: "*",
});
