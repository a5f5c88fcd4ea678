/** What IAM is asked about a secret: its ARN, and its tags as condition keys. */
import type { Access, Cloud } from "../../service.ts";
import type { SecretStore } from "./store.ts";

export interface Tag {
  Key: string;
  Value: string;
}

export interface SecretAccess {
  /** An operation on the secret that `SecretId` names. */
  on(action: string): (input: { SecretId: string; VersionStage?: string; Tags?: Tag[]; TagKeys?: string[] }) => Access;
  create(input: { Name: string; Tags?: Tag[] }): Access;
  any(action: string): () => Access;
}

export function secretAccess(cloud: Cloud, store: SecretStore): SecretAccess {
  const arnPrefix = `arn:aws:secretsmanager:${cloud.region}:${cloud.account}:secret:`;
  return {
    on: (action) => (input) => {
      const id = String(input.SecretId);
      const secret = store.find(id);
      const context: Record<string, string | string[]> = { "secretsmanager:SecretId": secret?.arn ?? id };
      for (const [key, value] of Object.entries(secret?.tags ?? {})) {
        context[`secretsmanager:ResourceTag/${key}`] = value;
        context[`aws:ResourceTag/${key}`] = value;
      }
      if (action === "GetSecretValue") context["secretsmanager:VersionStage"] = input.VersionStage ?? "AWSCURRENT";
      return {
        action: `secretsmanager:${action}`,
        resource: secret?.arn ?? (id.startsWith("arn:") ? id : arnPrefix + id),
        context: { ...context, ...requestTags(input.Tags, input.TagKeys) },
        resourcePolicy: secret?.policy,
      };
    },
    create: (input) => ({
      action: "secretsmanager:CreateSecret",
      resource: store.arnOf(String(input.Name)),
      context: { "secretsmanager:Name": String(input.Name), ...requestTags(input.Tags) },
    }),
    any: (action) => () => ({ action: `secretsmanager:${action}`, resource: "*" }),
  };
}

function requestTags(tags: Tag[] = [], keys = tags.map(({ Key }) => Key)): Record<string, string | string[]> {
  if (keys.length === 0) return {};
  return { ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])), "aws:TagKeys": keys };
}
