/** A pipeline's stages as CodePipeline writes them: source, preview, approval, up. */
import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { BuildProject } from "./build-project.ts";
import type { PipelineArgs } from "./pipeline.ts";

export interface StageParts {
  /** Undefined where the repository is CodeCommit's. */
  connectionArn: pulumi.Input<string> | undefined;
  topicArn: pulumi.Input<string> | undefined;
  preview: BuildProject;
  up: BuildProject;
}

export function pipelineStages(
  { repository, branch = "main", stack, approval = "manual", filePaths }: PipelineArgs,
  { connectionArn, topicArn, preview, up }: StageParts,
): Pick<aws.codepipeline.PipelineArgs, "stages" | "triggers"> {
  const common = { name: "Source", category: "Source", owner: "AWS", version: "1" };
  const fromCodeCommit = {
    ...common,
    provider: "CodeCommit",
    namespace: "Source",
    outputArtifacts: ["Source"],
    configuration: { RepositoryName: repository, BranchName: branch, PollForSourceChanges: "false" },
  };
  const fromHost = {
    ...common,
    provider: "CodeStarSourceConnection",
    namespace: "Source",
    outputArtifacts: ["Source"],
    configuration: {
      ConnectionArn: connectionArn!,
      FullRepositoryId: repository,
      BranchName: branch,
      OutputArtifactFormat: "CODE_ZIP",
    },
  };
  const build = ({ project }: BuildProject) => ({
    ...{ category: "Build", owner: "AWS", provider: "CodeBuild", version: "1" },
    configuration: { ProjectName: project.name, PrimarySource: "Source" },
  });
  const approve = {
    ...{ name: "Approval", category: "Approval", owner: "AWS", provider: "Manual", version: "1" },
    configuration: {
      CustomData: `Deploy #{Source.CommitId} to ${stack}: #{Source.CommitMessage}. The preview's log has the changes.`,
      ...(topicArn ? { NotificationArn: topicArn } : {}),
    },
  };
  return {
    stages: [
      { name: "Source", actions: [connectionArn ? fromHost : fromCodeCommit] },
      {
        name: "Preview",
        actions: [{ ...build(preview), name: "Preview", inputArtifacts: ["Source"], outputArtifacts: ["Plan"] }],
      },
      ...(approval === "manual" ? [{ name: "Approval", actions: [approve] }] : []),
      { name: "Up", actions: [{ ...build(up), name: "Up", inputArtifacts: ["Source", "Plan"] }] },
    ],
    triggers: filePaths && [
      {
        providerType: "CodeStarSourceConnection",
        gitConfiguration: {
          sourceActionName: "Source",
          pushes: [{ branches: { includes: [branch] }, filePaths: { includes: filePaths } }],
        },
      },
    ],
  };
}
