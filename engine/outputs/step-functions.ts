/** Step Functions. */
import { arn, physicalName, type Table } from "./row.ts";

export const stepFunctions: Table = {
  "aws:sfn/stateMachine:StateMachine": (resource, context) => {
    const name = physicalName(resource);
    const machine = arn(context, "states", `stateMachine:${name}`);
    return {
      id: machine,
      name,
      arn: machine,
      status: "ACTIVE",
      creationDate: "2026-01-01T00:00:00Z",
      stateMachineVersionArn: resource.inputs.publish ? `${machine}:1` : "",
    };
  },
  "aws:sfn/activity:Activity": (resource, context) => {
    const name = physicalName(resource);
    const activity = arn(context, "states", `activity:${name}`);
    return { id: activity, name, arn: activity, creationDate: "2026-01-01T00:00:00Z" };
  },
  "aws:sfn/alias:Alias": (resource) => {
    const name = physicalName(resource);
    const version = String(resource.inputs.routingConfigurations[0].stateMachineVersionArn);
    const alias = `${version.replace(/:\d+$/, "")}:${name}`;
    return { id: alias, name, arn: alias, creationDate: "2026-01-01T00:00:00Z" };
  },
};
