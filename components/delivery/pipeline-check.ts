import type * as pulumi from "@pulumi/pulumi";
import { checked, checkForm, checkRange, checkRetention, InvalidArgumentError } from "../invalid-argument.ts";
import type { PipelineArgs } from "./pipeline.ts";

/** ARNs of managed policies, checked when they are known. */
export const policies = (component: string, argument: string, arns: pulumi.Input<string>[]): pulumi.Output<string>[] =>
  arns.map((arn, index) =>
    checked(arn, (plain) =>
      checkForm(
        component,
        `${argument}[${index}]`,
        plain,
        /^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\//,
        "a policy's ARN",
      ),
    ),
  );

/** @throws InvalidArgumentError naming the argument and the remedy. */
export function checkPipeline(component: string, name: string, args: PipelineArgs): void {
  // The longest child's name is that of a role, `<name>-preview-role`, in 64 characters with Pulumi's suffix.
  if (name.length > 40) throw new InvalidArgumentError(component, "name", name, "it may have 40 characters");
  const inCodeCommit = args.provider === "CodeCommit";
  const [form, words] = inCodeCommit ? [/^[\w.-]{1,100}$/, "a name"] : [/^[\w.-]+(\/[\w.-]+)+$/, "owner/name"];
  checkForm(component, "repository", args.repository ?? "", form, words);
  checkForm(component, "branch", args.branch, /^[\w./-]{1,255}$/, "the name of a branch");
  checkForm(component, "stack", args.stack ?? "", /^[\w./-]{1,300}$/, "the name of a Pulumi stack, such as prod");
  if (inCodeCommit && args.filePaths) {
    const remedy = "CodeCommit says which branch changed, and not which files; leave it out";
    throw new InvalidArgumentError(component, "filePaths", args.filePaths, remedy);
  }
  checkForm(component, "approval", args.approval, /^(manual|none)$/, "manual or none");
  checkForm(component, "nodeVersion", args.nodeVersion, /^\d{2}$/, "a major version such as 24");
  checkForm(component, "pulumiVersion", args.pulumiVersion, /^3\.\d+\.\d+$/, "a version such as 3.270.0");
  checkRange(component, "timeoutMinutes", args.timeoutMinutes, 5, 480);
  checkRetention(component, "logRetentionDays", args.logRetentionDays);
  if (args.filePaths && (args.filePaths.length < 1 || args.filePaths.length > 8)) {
    throw new InvalidArgumentError(
      component,
      "filePaths",
      args.filePaths,
      "CodePipeline takes 1 to 8; leave it out for all",
    );
  }
  if (!args.deployPolicyArns?.length) {
    throw new InvalidArgumentError(component, "deployPolicyArns", args.deployPolicyArns, "say what up may do");
  }
  if (args.approval === "none" && args.approvalTopicArn !== undefined) {
    throw new InvalidArgumentError(
      component,
      "approval",
      args.approval,
      "nobody has to approve; leave out approvalTopicArn",
    );
  }
  if (args.connectionArn !== undefined && args.provider !== undefined) {
    throw new InvalidArgumentError(
      component,
      "provider",
      args.provider,
      "the connection has one already; leave it out",
    );
  }
}
