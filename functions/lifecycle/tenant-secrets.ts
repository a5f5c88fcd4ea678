/** What is secret of a tenant, where only its own session can read it: one secret, and parameters below its path. */

import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import {
  DeleteParameterCommand,
  GetParameterCommand,
  ParameterAlreadyExists,
  ParameterNotFound,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { environment } from "../shared/environment.ts";
import { tenantParameterPath } from "../shared/parameters.ts";
import type { LifecyclePorts } from "./ports.ts";

export function tenantSecrets(
  secrets = new SecretsManagerClient({}),
  ssm = new SSMClient({}),
): Pick<LifecyclePorts, "databaseSecret" | "parameter" | "setParameter"> {
  async function readParameter(Name: string): Promise<string | undefined> {
    try {
      return (await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }))).Parameter?.Value;
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  }

  return {
    async databaseSecret(tenantId, initial) {
      const name = `${environment("SECRETS_PREFIX")}/${tenantId}/database`;
      try {
        const { ARN, SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: name }));
        return { arn: ARN as string, ...JSON.parse(SecretString as string) };
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
      const value = initial();
      const { ARN } = await secrets.send(
        new CreateSecretCommand({
          Name: name,
          Description: `Database login of tenant ${tenantId}`,
          SecretString: JSON.stringify(value),
          // What IAM compares with the tag of the tenant's session.
          Tags: [{ Key: "TenantId", Value: tenantId }],
        }),
      );
      return { arn: ARN as string, ...value };
    },

    async parameter(tenantId, name, initial) {
      const path = tenantParameterPath(tenantId, name);
      const found = await readParameter(path);
      if (found !== undefined) return found;
      const value = initial();
      try {
        await ssm.send(new PutParameterCommand({ Name: path, Type: "SecureString", Value: value, Overwrite: false }));
        return value;
      } catch (error) {
        // Another run was faster: its value counts.
        if (error instanceof ParameterAlreadyExists) return (await readParameter(path)) as string;
        throw error;
      }
    },

    async setParameter(tenantId, name, value) {
      const path = tenantParameterPath(tenantId, name);
      if (value !== null) {
        await ssm.send(new PutParameterCommand({ Name: path, Type: "SecureString", Value: value, Overwrite: true }));
        return;
      }
      try {
        await ssm.send(new DeleteParameterCommand({ Name: path }));
      } catch (error) {
        if (!(error instanceof ParameterNotFound)) throw error;
      }
    },
  };
}
