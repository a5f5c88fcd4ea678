/** The CloudFormation template of what an empty account needs before the first `pulumi up`. Pure. */
import type { Graph } from "../../engine/graph.ts";
import { packed, type Statement, statementsFor } from "./policies.ts";

export interface BootstrapOptions {
  graphs: readonly Graph[];
  /** `organization/repository` on GitHub, whose workflows assume the roles. */
  repository: string;
  /** Where Pulumi keeps state: a bucket and a key of the account's own, or Pulumi Cloud. */
  backend: "s3" | "pulumi-cloud";
  /** False where the account has GitHub's OIDC provider already: there can be one only. */
  createsOidcProvider: boolean;
}

export interface Template {
  AWSTemplateFormatVersion: "2010-09-09";
  Description: string;
  Resources: Record<string, { Type: string; Properties: object; [attribute: string]: unknown }>;
  Outputs: Record<string, { Description: string; Value: unknown }>;
}

const GITHUB = "token.actions.githubusercontent.com";
const sub = (text: string) => ({ "Fn::Sub": text });
const attribute = (resource: string, name: string) => ({ "Fn::GetAtt": [resource, name] });

/** @throws Error where a stack has a type whose permissions are not known */
export function template(options: BootstrapOptions): Template {
  const { graphs, repository, backend, createsOidcProvider } = options;
  const project = graphs[0]!.project;
  const stacks = graphs.map(({ stack }) => stack);
  const ownsState = backend === "s3";
  const roles = {
    // Environments of .github/workflows: who may run there is said in GitHub.
    Preview: {
      environments: ["preview"],
      statements: statementsFor(graphs, false),
      state: READ_STATE,
      keys: ["kms:Decrypt"],
    },
    Deploy: {
      environments: stacks,
      statements: statementsFor(graphs, true),
      state: [...READ_STATE, "s3:PutObject", "s3:DeleteObject"],
      keys: ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
    },
  };
  const resources: Template["Resources"] = {
    ...(ownsState && stateResources(project)),
    ...(createsOidcProvider && {
      GitHubProvider: {
        Type: "AWS::IAM::OIDCProvider",
        Properties: { Url: `https://${GITHUB}`, ClientIdList: ["sts.amazonaws.com"] },
      },
    }),
  };
  for (const [name, { environments, statements, state, keys }] of Object.entries(roles)) {
    const policies = packed(ownsState ? [...statements, ...stateStatements(state, keys)] : statements);
    const references = policies.map((Statement, index) => {
      const policy = `${name}Policy${index + 1}`;
      resources[policy] = {
        Type: "AWS::IAM::ManagedPolicy",
        Properties: {
          Description: `${name === "Preview" ? "Reads" : "Reads and changes"} ${project} (${stacks.join(", ")})`,
          PolicyDocument: { Version: "2012-10-17", Statement: Statement.map(substituted) },
        },
      };
      return { Ref: policy };
    });
    resources[`${name}Role`] = {
      Type: "AWS::IAM::Role",
      Properties: {
        RoleName: `${project}-${name.toLowerCase()}`,
        Description: `${project}: ${name.toLowerCase()} from GitHub Actions of ${repository}`,
        MaxSessionDuration: 7200,
        AssumeRolePolicyDocument: trust(repository, environments),
        ManagedPolicyArns: references,
      },
    };
  }
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `What ${project} (${stacks.join(", ")}) needs first: ${ownsState ? "Pulumi's state and key, " : ""}roles for GitHub Actions`,
    Resources: resources,
    Outputs: {
      PreviewRole: {
        Description: "Variable AWS_PREVIEW_ROLE of the repository",
        Value: attribute("PreviewRole", "Arn"),
      },
      DeployRole: { Description: "Variable AWS_DEPLOY_ROLE of the repository", Value: attribute("DeployRole", "Arn") },
      ...(ownsState && {
        Backend: {
          Description: "Variable PULUMI_BACKEND_URL of the repository",
          Value: sub("s3://${StateBucket}?region=${AWS::Region}"),
        },
        SecretsProvider: {
          Description: "For `pulumi stack init --secrets-provider`",
          Value: sub(`awskms://alias/${project}-state?region=\${AWS::Region}`),
        },
      }),
    },
  };
}

const READ_STATE = ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"];
const BUCKET = "arn:${AWS::Partition}:s3:::${StateBucket}";

function stateStatements(state: string[], keys: string[]): Statement[] {
  return [
    { Effect: "Allow", Action: state, Resource: [BUCKET, `${BUCKET}/*`] },
    { Effect: "Allow", Action: keys, Resource: ["${StateKey.Arn}"] },
  ];
}

function stateResources(project: string): Template["Resources"] {
  const kept = { DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" };
  return {
    StateKey: {
      Type: "AWS::KMS::Key",
      ...kept,
      Properties: {
        Description: `Secrets and state of ${project}`,
        EnableKeyRotation: true,
        KeyPolicy: {
          Version: "2012-10-17",
          // The account decides by IAM policies; a key's policy speaks of its own key only, which it calls *.
          Statement: [
            {
              Effect: "Allow",
              Principal: { AWS: sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root") },
              Action: "kms:*",
              Resource: "*",
            },
          ],
        },
      },
    },
    StateKeyAlias: {
      Type: "AWS::KMS::Alias",
      Properties: { AliasName: `alias/${project}-state`, TargetKeyId: { Ref: "StateKey" } },
    },
    StateBucket: {
      Type: "AWS::S3::Bucket",
      ...kept,
      Properties: {
        BucketName: sub(`${project}-state-\${AWS::AccountId}-\${AWS::Region}`),
        VersioningConfiguration: { Status: "Enabled" },
        OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: attribute("StateKey", "Arn") },
            },
          ],
        },
        LifecycleConfiguration: {
          Rules: [
            {
              Id: "old-versions",
              Status: "Enabled",
              NoncurrentVersionExpiration: { NoncurrentDays: 365, NewerNoncurrentVersions: 100 },
            },
          ],
        },
      },
    },
    StateBucketPolicy: {
      Type: "AWS::S3::BucketPolicy",
      Properties: {
        Bucket: { Ref: "StateBucket" },
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Sid: "TlsOnly",
              Effect: "Deny",
              Principal: "*",
              Action: "s3:*",
              Resource: [sub(BUCKET), sub(`${BUCKET}/*`)],
              Condition: { Bool: { "aws:SecureTransport": "false" } },
            },
          ],
        },
      },
    },
  };
}

function trust(repository: string, environments: readonly string[]): object {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: sub(`arn:\${AWS::Partition}:iam::\${AWS::AccountId}:oidc-provider/${GITHUB}`) },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            [`${GITHUB}:aud`]: "sts.amazonaws.com",
            [`${GITHUB}:sub`]: environments.map((environment) => `repo:${repository}:environment:${environment}`),
          },
        },
      },
    ],
  };
}

function substituted({ Resource, ...statement }: Statement): object {
  return { ...statement, Resource: Resource.map((arn) => (arn.includes("${") ? sub(arn) : arn)) };
}
