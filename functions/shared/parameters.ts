/** Reads a tenant's SSM parameters and keeps them for a while: a rotated value is in use a minute later, without a deployment. */

import type { AwsCredentialIdentityProvider } from "@smithy/types";
import { environment } from "./environment.ts";

const KEPT_MS = 60_000;
/** Short: somebody who sets a parameter for the first time is waiting for what it does. */
const ABSENCE_KEPT_MS = 5_000;
const MAXIMUM_KEPT = 1000;

export type ReadParameter = (path: string) => Promise<string | undefined>;

/** @param read Undefined where there is no such parameter, which is remembered for five seconds. */
export function cachedParameters(read: ReadParameter, now: () => number = Date.now): ReadParameter {
  const known = new Map<string, { value: string | undefined; until: number }>();
  return async (path) => {
    const entry = known.get(path);
    if (entry && entry.until > now()) return entry.value;
    const value = await read(path);
    known.delete(path);
    known.set(path, { value, until: now() + (value === undefined ? ABSENCE_KEPT_MS : KEPT_MS) });
    if (known.size > MAXIMUM_KEPT) known.delete(known.keys().next().value as string);
    return value;
  };
}

/** `name` below the tenant's own path. `credentials` are the function's own unless given. */
export const tenantParameterPath = (tenantId: string, name: string) =>
  `${environment("PARAMETERS_PATH")}/${tenantId}/${name}`;

export function ssmParameters(credentials?: AwsCredentialIdentityProvider): ReadParameter {
  return async (path) => {
    const { GetParameterCommand, ParameterNotFound, SSMClient } = await import("@aws-sdk/client-ssm");
    const client = new SSMClient({ credentials });
    try {
      const { Parameter } = await client.send(new GetParameterCommand({ Name: path, WithDecryption: true }));
      return Parameter?.Value;
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  };
}
