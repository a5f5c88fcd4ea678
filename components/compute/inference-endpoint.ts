import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm, checkRange, checkRetention } from "../invalid-argument.ts";
import { policyOf, trustOfSource } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";
import type { MadeModel } from "./inference.ts";

/** A container with a model, started when somebody asks. */
export interface EndpointArgs {
  /** Of ECR: `"123456789012.dkr.ecr.eu-west-1.amazonaws.com/captions:1.4"`. */
  image: string;
  /** The model's files: `"s3://models/captions/1.4/model.tar.gz"`. @default they are in the image */
  modelDataUrl?: string;
  /** 1024, 2048, 3072, 4096, 5120 or 6144. @default 2048 */
  memoryMb?: number;
  /** Requests at the same time, 1 to 200. @default 5 */
  maximumConcurrency?: number;
  /** @default {} */
  environment?: Record<string, pulumi.Input<string>>;
  /** @default 30 */
  logRetentionDays?: number;
}

const IMAGE = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([a-z0-9._/-]+)(?::[\w.-]+|@sha256:[0-9a-f]{64})$/;
const DATA = /^s3:\/\/([a-z0-9.-]{3,63})\/(.+)$/;

export function serverlessEndpoint(
  parent: pulumi.Resource,
  name: string,
  endpointName: string,
  args: EndpointArgs,
  tags: Tags,
): MadeModel {
  const child = { parent };
  const account = aws.getCallerIdentityOutput({}, child).accountId;
  const region = aws.getRegionOutput({}, child).region;
  const logs = new aws.cloudwatch.LogGroup(
    `${name}-logs`,
    // Where SageMaker writes, whatever it is told.
    { name: `/aws/sagemaker/Endpoints/${endpointName}`, retentionInDays: args.logRetentionDays ?? 30, tags },
    child,
  );
  const role = new aws.iam.Role(
    `${name}-role`,
    {
      assumeRolePolicy: trustOfSource(
        "sagemaker.amazonaws.com",
        account,
        pulumi.interpolate`arn:aws:sagemaker:${region}:${account}:*`,
      ),
      tags,
    },
    child,
  );
  const policy = new aws.iam.RolePolicy(
    `${name}-policy`,
    { role: role.name, policy: policyOf(grantsOf(args, logs.arn)) },
    child,
  );
  const model = new aws.sagemaker.Model(
    `${name}-model`,
    {
      executionRoleArn: role.arn,
      // The container answers and reaches nothing: neither the internet nor AWS.
      enableNetworkIsolation: true,
      primaryContainer: { image: args.image, modelDataUrl: args.modelDataUrl, environment: args.environment },
      tags,
    },
    { parent, dependsOn: [policy] },
  );
  const configuration = new aws.sagemaker.EndpointConfiguration(
    `${name}-configuration`,
    {
      productionVariants: [
        {
          variantName: "all",
          modelName: model.name,
          serverlessConfig: {
            memorySizeInMb: args.memoryMb ?? 2048,
            maxConcurrency: args.maximumConcurrency ?? 5,
          },
        },
      ],
      tags,
    },
    child,
  );
  const endpoint = new aws.sagemaker.Endpoint(
    name,
    { name: endpointName, endpointConfigName: configuration.name, tags },
    { parent, dependsOn: [logs] },
  );
  return { modelId: endpoint.name, arn: endpoint.arn, modelArns: [] };
}

/** What the container's host fetches and writes. */
function grantsOf({ image, modelDataUrl }: EndpointArgs, logs: pulumi.Output<string>) {
  const [, registry, region, repository] = IMAGE.exec(image)!;
  const data = DATA.exec(modelDataUrl ?? "");
  return [
    {
      actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      resources: [`arn:aws:ecr:${region}:${registry}:repository/${repository}`],
    },
    // A token is of a registry, for which IAM has no ARN.
    { sid: "RegistryToken", actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
    { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [pulumi.interpolate`${logs}:*`] },
    ...(data ? [{ actions: ["s3:GetObject"], resources: [`arn:aws:s3:::${data[1]}/${data[2]}`] }] : []),
  ];
}

export function checkEndpoint(component: string, args: EndpointArgs): void {
  checkForm(component, "endpoint.image", args.image ?? "", IMAGE, "an image of ECR with a tag or a digest");
  checkForm(
    component,
    "endpoint.modelDataUrl",
    args.modelDataUrl,
    DATA,
    "an object such as s3://models/captions.tar.gz",
  );
  checkRange(component, "endpoint.memoryMb", args.memoryMb, 1024, 6144, 1024);
  checkRange(component, "endpoint.maximumConcurrency", args.maximumConcurrency, 1, 200);
  checkRetention(component, "endpoint.logRetentionDays", args.logRetentionDays);
}
