/** What a workflow's role may do beyond what its tasks say. */
import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Grant, grantStart } from "../grants.ts";

/** Vended logs: AWS gives these actions no resource to name. */
export const DELIVER_LOGS: Grant = {
  sid: "LogDeliveriesHaveNoArn",
  actions: [
    ...["Create", "Get", "Update", "Delete"].map((verb) => `logs:${verb}LogDelivery`),
    ...["logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"],
  ],
  resources: ["*"],
};

export const useKey = (key: pulumi.Input<string>, machines: pulumi.Input<string>): Grant => ({
  actions: ["kms:Decrypt", "kms:GenerateDataKey"],
  resources: [key],
  conditions: { StringLike: { "kms:EncryptionContext:aws:states:stateMachineArn": machines } },
});

type Text = pulumi.Output<string>;

export const executionsOf = (machine: aws.sfn.StateMachine, region: Text, account: Text): Text =>
  pulumi.interpolate`arn:aws:states:${region}:${account}:execution:${machine.name}:*`;

/** A distributed map runs its items as executions of the same workflow. */
export const runChildren = (machine: aws.sfn.StateMachine, region: Text, account: Text): Grant[] => [
  grantStart(machine.arn),
  {
    actions: ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
    resources: [
      executionsOf(machine, region, account),
      pulumi.interpolate`arn:aws:states:${region}:${account}:execution:${machine.name}/*:*`,
    ],
  },
];
