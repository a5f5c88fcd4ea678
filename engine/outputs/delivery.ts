/** CodePipeline, CodeBuild, CodeConnections, CodeDeploy, Signer. */
import { arn, hex, physicalName, type Table } from "./row.ts";

export const delivery: Table = {
  "aws:codeconnections/connection:Connection": (resource, context) => {
    const uuid = hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    const connection = arn(context, "codeconnections", `connection/${uuid}`);
    // Until somebody accepts it in the console.
    return { id: connection, arn: connection, name: physicalName(resource), connectionStatus: "PENDING" };
  },
  "aws:codebuild/project:Project": (resource, context) => {
    const name = physicalName(resource);
    const project = arn(context, "codebuild", `project/${name}`);
    return { id: project, arn: project, name };
  },
  "aws:codepipeline/pipeline:Pipeline": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "codepipeline", name) };
  },
  "aws:codedeploy/application:Application": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "codedeploy", `application:${name}`) };
  },
  "aws:codedeploy/deploymentGroup:DeploymentGroup": ({ inputs, ...resource }, context) => ({
    id: `${inputs.appName}:${inputs.deploymentGroupName}`,
    deploymentGroupId: hex(resource, 32),
    arn: arn(context, "codedeploy", `deploymentgroup:${inputs.appName}/${inputs.deploymentGroupName}`),
  }),
  "aws:signer/signingJob:SigningJob": (resource) => {
    const jobId = hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    const { s3 } = resource.inputs.destination as { s3: { bucket: string; prefix?: string } };
    const object = { bucket: s3.bucket, key: `${s3.prefix ?? ""}${jobId}.zip` };
    return { id: jobId, jobId, status: "Succeeded", signedObjects: [{ s3s: [object] }] };
  },
};
