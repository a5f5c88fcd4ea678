/** Where a pipeline's program comes from: a host that a connection leads to, or CodeCommit in the same account. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Grant } from "../grants.ts";
import { policyOf, trustOfSource } from "../policy-documents.ts";
import type { PipelineArgs } from "./pipeline.ts";

interface Place {
  account: pulumi.Output<string>;
  region: pulumi.Output<string>;
}

const repositoryArn = (repository: string, { account, region }: Place): pulumi.Output<string> =>
  pulumi.interpolate`arn:aws:codecommit:${region}:${account}:${repository}`;

/** What fetching a commit takes. */
export function sourceGrant(connectionArn: pulumi.Output<string> | undefined, repository: string, place: Place): Grant {
  if (connectionArn) {
    // The service has two names, and which one an ARN bears depends on when it was made.
    const actions = ["codeconnections:UseConnection", "codestar-connections:UseConnection"];
    return { actions, resources: [connectionArn] };
  }
  const actions = [
    "GetBranch",
    "GetCommit",
    "GetRepository",
    "UploadArchive",
    "GetUploadArchiveStatus",
    "CancelUploadArchive",
  ];
  return { actions: actions.map((action) => `codecommit:${action}`), resources: [repositoryArn(repository, place)] };
}

/** CodeCommit tells EventBridge of a push, which starts the pipeline: nothing asks it every minute. */
export function startOnPush(
  parent: pulumi.Resource,
  name: string,
  pipeline: aws.codepipeline.Pipeline,
  { repository, branch = "main", tags }: Pick<PipelineArgs, "repository" | "branch" | "tags">,
  place: Place,
): void {
  const rule = new aws.cloudwatch.EventRule(
    `${name}-push`,
    {
      description: `A push to ${branch} of ${repository}`,
      eventPattern: pulumi.jsonStringify({
        source: ["aws.codecommit"],
        "detail-type": ["CodeCommit Repository State Change"],
        resources: [repositoryArn(repository, place)],
        detail: { event: ["referenceCreated", "referenceUpdated"], referenceType: ["branch"], referenceName: [branch] },
      }),
      tags,
    },
    { parent },
  );
  const assumeRolePolicy = trustOfSource("events.amazonaws.com", place.account, rule.arn);
  const role = new aws.iam.Role(`${name}-push-role`, { assumeRolePolicy, tags }, { parent });
  const grants = [{ actions: ["codepipeline:StartPipelineExecution"], resources: [pipeline.arn] }];
  const policy = new aws.iam.RolePolicy(
    `${name}-push-policy`,
    { role: role.name, policy: policyOf(grants) },
    { parent },
  );
  new aws.cloudwatch.EventTarget(
    `${name}-push-target`,
    { rule: rule.name, arn: pipeline.arn, roleArn: role.arn },
    { parent, dependsOn: [policy] },
  );
}
