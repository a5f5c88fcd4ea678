/** Makes or updates the bootstrap's CloudFormation stack: what would change is shown first, and only then done. */
import {
  type Change,
  type CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  type Stack,
} from "@aws-sdk/client-cloudformation";
import type { Template } from "./template.ts";

export interface ApplyOptions {
  client: Pick<CloudFormationClient, "send">;
  /** Of CloudFormation. */
  stackName: string;
  template: Template;
  say(line: string): void;
  /** Waits between two looks. */
  pause(): Promise<void>;
}

/** A stack's body in the request itself may have so many bytes. */
const BODY_LIMIT_BYTES = 51_200;

/**
 * @returns the stack's outputs
 * @throws Error where the template is too large, or with CloudFormation's reasons
 */
export async function apply({
  client,
  stackName,
  template,
  say,
  pause,
}: ApplyOptions): Promise<Record<string, string>> {
  const body = JSON.stringify(template);
  if (Buffer.byteLength(body) > BODY_LIMIT_BYTES) {
    throw new Error(
      `the template has ${Buffer.byteLength(body)} bytes, CloudFormation takes ${BODY_LIMIT_BYTES}: give fewer stacks at once, under different --name`,
    );
  }
  const known = await stackOf(client, stackName);
  // A stack whose first change set was never executed counts as new.
  const isNew = known === undefined || known.StackStatus === "REVIEW_IN_PROGRESS";
  const { Id: ChangeSetName } = await client.send(
    new CreateChangeSetCommand({
      StackName: stackName,
      ChangeSetName: `bootstrap-${Date.now()}`,
      ChangeSetType: isNew ? "CREATE" : "UPDATE",
      TemplateBody: body,
      Capabilities: ["CAPABILITY_NAMED_IAM"],
    }),
  );
  for (;;) {
    const set = await client.send(new DescribeChangeSetCommand({ StackName: stackName, ChangeSetName }));
    if (set.Status === "FAILED") {
      await client.send(new DeleteChangeSetCommand({ StackName: stackName, ChangeSetName }));
      if (/didn't contain changes|No updates are to be performed/.test(set.StatusReason ?? "")) {
        say("nothing to change");
        return outputsOf(known);
      }
      throw new Error(`CloudFormation refuses the template: ${set.StatusReason}`);
    }
    if (set.Status === "CREATE_COMPLETE") {
      for (const change of set.Changes ?? []) say(lineOf(change));
      break;
    }
    await pause();
  }
  await client.send(new ExecuteChangeSetCommand({ StackName: stackName, ChangeSetName }));
  for (;;) {
    const stack = await stackOf(client, stackName);
    const status = stack?.StackStatus ?? "";
    if (status === "CREATE_COMPLETE" || status === "UPDATE_COMPLETE") return outputsOf(stack);
    if (/ROLLBACK_COMPLETE|_FAILED$/.test(status)) {
      throw new Error(`${stackName} ended as ${status}: ${(await reasons(client, stackName)).join("; ")}`);
    }
    await pause();
  }
}

async function stackOf(client: ApplyOptions["client"], StackName: string): Promise<Stack | undefined> {
  try {
    return (await client.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];
  } catch (error) {
    // CloudFormation has no error of its own for it.
    if (/does not exist/.test((error as Error).message)) return undefined;
    throw error;
  }
}

function outputsOf(stack: Stack | undefined): Record<string, string> {
  return Object.fromEntries((stack?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey!, OutputValue!]));
}

function lineOf({ ResourceChange: change }: Change): string {
  const replaced = change?.Replacement === "True" ? " (replaced)" : "";
  return `${change?.Action?.toLowerCase()} ${change?.LogicalResourceId} ${change?.ResourceType}${replaced}`;
}

async function reasons(client: ApplyOptions["client"], StackName: string): Promise<string[]> {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents.filter(({ ResourceStatus }) => /FAILED$/.test(ResourceStatus ?? ""))
    .slice(0, 5)
    .map(({ LogicalResourceId, ResourceStatusReason }) => `${LogicalResourceId}: ${ResourceStatusReason}`);
}
