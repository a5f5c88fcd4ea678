/** CodePipeline, CodeBuild, CodeConnections. */
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
};
