/**
 * How new versions of a function take over: behind an alias, a part of the calls first, by CodeDeploy, which goes back by itself
 * when an alarm says so. Pulumi has no resource for a deployment: a function starts one for each new version.
 */
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Grant } from "../../grants.ts";
import { checkForm, checkRange, InvalidArgumentError } from "../../invalid-argument.ts";
import { stackNameOf } from "../../names.ts";
import { policyOf, trustOfSource } from "../../policy-documents.ts";
import type { Tags } from "../../tags.ts";
import { Function } from "../function.ts";

/** CodeDeploy's own ways: a tenth of the calls for some minutes, or a tenth more each few minutes. */
const STRATEGIES = [
  ...["Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes", "Canary10Percent30Minutes"],
  ...["Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes", "Linear10PercentEvery3Minutes"],
  ...["Linear10PercentEvery10Minutes", "AllAtOnce"],
];

export interface ReleaseArgs {
  /** `Canary10Percent5Minutes`, `Linear10PercentEvery1Minute`, `AllAtOnce` and the others that CodeDeploy has. @default "Canary10Percent5Minutes" */
  strategy?: string;
  /** Names of CloudWatch alarms that turn a release back, besides its own on errors; at most 9. @default none */
  alarmNames?: pulumi.Input<string>[];
  /** Failed invocations within a minute that turn a release back. @default 1 */
  errors?: number;
}

/** Calls that stay with an earlier version while the rest try the new one. */
export interface PreviousFunctionVersion {
  /** A published version: `"41"`. */
  version: string;
  /** Percent of the calls, 1 to 99. */
  weight: number;
}

/** The alias that callers name. Where CodeDeploy moves it, Pulumi leaves it where it is. */
export function publishedAs(
  parent: pulumi.Resource,
  name: string,
  fn: aws.lambda.Function,
  { release, previous }: { release?: ReleaseArgs; previous?: PreviousFunctionVersion },
  dependsOn: pulumi.Resource[],
): aws.lambda.Alias {
  return new aws.lambda.Alias(
    `${name}-live`,
    {
      name: "live",
      functionName: fn.name,
      functionVersion: fn.version,
      ...(previous
        ? { routingConfig: { additionalVersionWeights: { [previous.version]: previous.weight / 100 } } }
        : {}),
    },
    { parent, dependsOn, ...(release ? { ignoreChanges: ["functionVersion", "routingConfig"] } : {}) },
  );
}

export interface ReleaseParts {
  fn: aws.lambda.Function;
  alias: aws.lambda.Alias;
  tags: Tags | undefined;
}

export function releaseByCodeDeploy(
  parent: pulumi.Resource,
  name: string,
  { strategy = "Canary10Percent5Minutes", alarmNames = [], errors = 1 }: ReleaseArgs,
  { fn, alias, tags }: ReleaseParts,
): void {
  const child = { parent };
  const account = aws.getCallerIdentityOutput({}, child).accountId;
  const region = aws.getRegionOutput({}, child).region;
  const codedeploy = (path: pulumi.Input<string>) =>
    pulumi.interpolate`arn:aws:codedeploy:${region}:${account}:${path}`;

  const failing = new aws.cloudwatch.MetricAlarm(
    `${name}-release-errors`,
    {
      alarmDescription: `A new version of ${name} fails: its release is turned back.`,
      namespace: "AWS/Lambda",
      metricName: "Errors",
      dimensions: { FunctionName: fn.name, Resource: pulumi.interpolate`${fn.name}:${alias.name}` },
      statistic: "Sum",
      period: 60,
      evaluationPeriods: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: errors,
      treatMissingData: "notBreaching",
      tags,
    },
    child,
  );
  const application = new aws.codedeploy.Application(`${name}-release`, { computePlatform: "Lambda", tags }, child);
  const groupName = stackNameOf("deploymentGroup", [name]);
  const groupArn = codedeploy(pulumi.interpolate`deploymentgroup:${application.name}/${groupName}`);
  const role = new aws.iam.Role(
    `${name}-release-role`,
    { assumeRolePolicy: trustOfSource("codedeploy.amazonaws.com", account, groupArn), tags },
    child,
  );
  const policy = new aws.iam.RolePolicy(
    `${name}-release-policy`,
    { role: role.name, policy: policyOf(movingGrants(alias, [failing.name, ...alarmNames], region, account)) },
    child,
  );
  const group = new aws.codedeploy.DeploymentGroup(
    `${name}-release-group`,
    {
      appName: application.name,
      deploymentGroupName: groupName,
      deploymentConfigName: `CodeDeployDefault.Lambda${strategy}`,
      deploymentStyle: { deploymentType: "BLUE_GREEN", deploymentOption: "WITH_TRAFFIC_CONTROL" },
      serviceRoleArn: role.arn,
      alarmConfiguration: { enabled: true, alarms: [failing.name, ...alarmNames] },
      autoRollbackConfiguration: { enabled: true, events: ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"] },
      tags,
    },
    { parent, dependsOn: [policy] },
  );
  const starter = new Function(
    `${name}-release-starter`,
    {
      entry: join(import.meta.dirname, "../../../functions/release"),
      description: "Starts the release of a new version",
      grants: [
        { actions: ["lambda:GetAlias"], resources: [fn.arn] },
        { actions: ["codedeploy:CreateDeployment"], resources: [groupArn] },
        {
          actions: ["codedeploy:GetApplicationRevision", "codedeploy:RegisterApplicationRevision"],
          resources: [codedeploy(pulumi.interpolate`application:${application.name}`)],
        },
        {
          actions: ["codedeploy:GetDeploymentConfig"],
          resources: [codedeploy(`deploymentconfig:CodeDeployDefault.Lambda${strategy}`)],
        },
      ],
      timeoutSeconds: 30,
      tags,
    },
    child,
  );
  new aws.lambda.Invocation(
    `${name}-released`,
    {
      functionName: starter.functionName,
      input: pulumi.jsonStringify({
        application: application.name,
        deploymentGroup: group.deploymentGroupName,
        functionName: fn.name,
        alias: alias.name,
        version: fn.version,
      }),
    },
    { parent, dependsOn: [starter, group] },
  );
}

const movingGrants = (
  alias: aws.lambda.Alias,
  alarms: pulumi.Input<string>[],
  region: pulumi.Output<string>,
  account: pulumi.Output<string>,
): Grant[] => [
  {
    actions: ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"],
    resources: [alias.arn],
  },
  {
    actions: ["cloudwatch:DescribeAlarms"],
    resources: alarms.map((alarm) => pulumi.interpolate`arn:aws:cloudwatch:${region}:${account}:alarm:${alarm}`),
  },
];

export function checkRelease(
  component: string,
  { release, previous }: { release?: ReleaseArgs; previous?: PreviousFunctionVersion },
): void {
  checkForm(component, "previous.version", previous?.version, /^[1-9]\d*$/, "the number of a published version");
  checkRange(component, "previous.weight", previous?.weight, 1, 99);
  if (!release) return;
  if (previous) {
    const remedy = "CodeDeploy says which version gets how many calls; leave out one of the two";
    throw new InvalidArgumentError(component, "previous", previous, remedy);
  }
  const { strategy = STRATEGIES[0]!, alarmNames = [] } = release;
  if (!STRATEGIES.includes(strategy)) {
    throw new InvalidArgumentError(component, "release.strategy", strategy, `there are ${STRATEGIES.join(", ")}`);
  }
  if (alarmNames.length > 9) {
    const remedy = "with the release's own CodeDeploy takes 10; combine some in a composite alarm";
    throw new InvalidArgumentError(component, "release.alarmNames", alarmNames.length, remedy);
  }
  checkRange(component, "release.errors", release.errors, 1, 1_000_000);
}
