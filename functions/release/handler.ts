/**
 * Starts the release of a function's new version by CodeDeploy: invoked by a deployment once the version is published. CodeDeploy
 * then moves the alias, and turns it back when an alarm says so; nobody waits for it here.
 */
import {
  CodeDeployClient,
  CreateDeploymentCommand,
  DeploymentLimitExceededException,
} from "@aws-sdk/client-codedeploy";
import { GetAliasCommand, LambdaClient } from "@aws-sdk/client-lambda";

export interface ReleaseRequest {
  application: string;
  deploymentGroup: string;
  functionName: string;
  alias: string;
  /** The new one. */
  version: string;
}

export interface Release {
  version: string;
  /** Nothing where the alias has the version already, as after the first deployment. */
  deploymentId?: string;
}

interface Clients {
  lambda: Pick<LambdaClient, "send">;
  codeDeploy: Pick<CodeDeployClient, "send">;
}

const real = (): Clients => ({ lambda: new LambdaClient({}), codeDeploy: new CodeDeployClient({}) });

export async function handler(
  request: ReleaseRequest,
  _context?: unknown,
  clients: Clients = real(),
): Promise<Release> {
  const { application, deploymentGroup, functionName, alias, version } = request;
  const { FunctionVersion: current } = await clients.lambda.send(
    new GetAliasCommand({ FunctionName: functionName, Name: alias }),
  );
  if (current === version) return { version };
  const content = JSON.stringify(appSpec(functionName, alias, current!, version));
  try {
    const { deploymentId } = await clients.codeDeploy.send(
      new CreateDeploymentCommand({
        applicationName: application,
        deploymentGroupName: deploymentGroup,
        description: `${functionName}: version ${current} to ${version}`,
        revision: { revisionType: "AppSpecContent", appSpecContent: { content } },
      }),
    );
    return { version, deploymentId };
  } catch (error) {
    if (!(error instanceof DeploymentLimitExceededException)) throw error;
    throw new Error(
      `The release before this one of ${functionName} is still under way: deploy again when CodeDeploy has ended it`,
      { cause: error },
    );
  }
}

/** What is to happen, in CodeDeploy's own form. */
const appSpec = (Name: string, Alias: string, CurrentVersion: string, TargetVersion: string) => ({
  version: "0.0",
  Resources: [
    { [Name]: { Type: "AWS::Lambda::Function", Properties: { Name, Alias, CurrentVersion, TargetVersion } } },
  ],
});
