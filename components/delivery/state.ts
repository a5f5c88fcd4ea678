/** Where a stack's state is, and what preview and up need to read and write it. */
import type * as pulumi from "@pulumi/pulumi";
import { type Grant, grantDeleteObjects, grantListObjects, grantReadObjects, grantWriteObjects } from "../grants.ts";
import { checkedArn, checkedSecretArn, checkForm, InvalidArgumentError } from "../invalid-argument.ts";

export interface StateArgs {
  /** Secret with the token of Pulumi Cloud; this or `bucketName`. */
  accessTokenSecretArn?: pulumi.Input<string>;
  /** Bucket that holds the state; this or `accessTokenSecretArn`. */
  bucketName?: string;
  /** Secret with the passphrase of the stack's secrets, where that is how they are kept. @default none */
  passphraseSecretArn?: pulumi.Input<string>;
  /** KMS key of the stack's secrets, where that is how they are kept. @default none */
  secretsKeyArn?: pulumi.Input<string>;
}

export interface State {
  variables: Record<string, string>;
  secrets: Record<string, pulumi.Input<string>>;
  previewGrants: Grant[];
  upGrants: Grant[];
}

export function stateGrants(component: string, state: StateArgs, stack: string): State {
  validate(component, state);
  const token = checkedSecretArn(component, "state.accessTokenSecretArn", state.accessTokenSecretArn);
  const passphrase = checkedSecretArn(component, "state.passphraseSecretArn", state.passphraseSecretArn);
  const key = checkedArn(component, "state.secretsKeyArn", state.secretsKeyArn, "kms");
  const secrets = {
    ...(token ? { PULUMI_ACCESS_TOKEN: token } : {}),
    ...(passphrase ? { PULUMI_CONFIG_PASSPHRASE: passphrase } : {}),
  };
  const decrypt: Grant[] = key ? [{ actions: ["kms:Decrypt"], resources: [key] }] : [];
  const encrypt: Grant[] = key ? [{ actions: ["kms:Encrypt", "kms:Decrypt"], resources: [key] }] : [];
  const backend = state.bucketName ? `s3://${state.bucketName}` : "https://api.pulumi.com";
  const variables = { STACK: stack, PULUMI_BACKEND_URL: backend, PULUMI_EXPERIMENTAL: "true" };
  if (!state.bucketName) return { variables, secrets, previewGrants: decrypt, upGrants: encrypt };

  const bucket = `arn:aws:s3:::${state.bucketName}`;
  const read = [grantListObjects(bucket), grantReadObjects(bucket, ".pulumi/")];
  const write = (prefix: string) => [grantWriteObjects(bucket, prefix), grantDeleteObjects(bucket, prefix)];
  return {
    variables,
    secrets,
    // A preview locks the stack, and changes nothing of it.
    previewGrants: [...read, ...write(".pulumi/locks/"), ...decrypt],
    upGrants: [...read, ...write(".pulumi/"), ...encrypt],
  };
}

function validate(component: string, state: StateArgs): void {
  if ((state?.accessTokenSecretArn === undefined) === (state?.bucketName === undefined)) {
    throw new InvalidArgumentError(
      component,
      "state",
      Object.keys(state ?? {}),
      "give either accessTokenSecretArn, for Pulumi Cloud, or bucketName",
    );
  }
  const form = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
  checkForm(component, "state.bucketName", state.bucketName, form, "the name of a bucket");
}
