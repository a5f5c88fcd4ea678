/** Functions, workflows, APIs and what calls them. From the Service Authorization Reference, 2026-11. */
import { type ActionRow, regional } from "./row.ts";

const apis = (...paths: string[]) => paths.map((path) => `arn:\${AWS::Partition}:apigateway:{region}::${path}`);
const API_VERBS = { service: "apigateway", read: "GET", write: "POST PUT PATCH DELETE" };

export const compute: ActionRow[] = [
  {
    types: ["aws:lambda/function:Function", "aws:lambda/functionRecursionConfig:", "aws:lambda/permission:Permission"],
    service: "lambda",
    on: regional("lambda", "function:{name}"),
    read: "GetFunction GetFunctionConfiguration GetFunctionCodeSigningConfig GetFunctionConcurrency GetFunctionRecursionConfig GetPolicy ListVersionsByFunction ListTags",
    write:
      "CreateFunction UpdateFunctionCode UpdateFunctionConfiguration DeleteFunction PublishVersion PutFunctionConcurrency DeleteFunctionConcurrency PutFunctionRecursionConfig AddPermission RemovePermission TagResource UntagResource",
  },
  {
    types: ["aws:lambda/invocation:Invocation"],
    service: "lambda",
    on: regional("lambda", "function:{name}"),
    read: "",
    write: "InvokeFunction",
  },
  {
    types: ["aws:lambda/alias:Alias"],
    service: "lambda",
    on: regional("lambda", "function:{name}", "function:{name}:*"),
    read: "GetAlias",
    write: "CreateAlias UpdateAlias DeleteAlias",
  },
  {
    types: ["aws:lambda/provisionedConcurrencyConfig:"],
    service: "lambda",
    on: regional("lambda", "function:{name}", "function:{name}:*"),
    read: "GetProvisionedConcurrencyConfig",
    write: "PutProvisionedConcurrencyConfig DeleteProvisionedConcurrencyConfig",
  },
  {
    types: ["aws:lambda/eventSourceMapping:EventSourceMapping"],
    service: "lambda",
    on: regional("lambda", "event-source-mapping:*"),
    read: "GetEventSourceMapping ListTags",
    write: "CreateEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping TagResource UntagResource",
    anywhere: "CreateEventSourceMapping",
  },
  {
    types: ["aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"],
    service: "lambda",
    on: regional("lambda", "function:{name}", "function:{name}:*"),
    read: "GetFunctionEventInvokeConfig",
    write: "PutFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig",
  },
  {
    types: ["aws:lambda/functionUrl:FunctionUrl"],
    service: "lambda",
    on: regional("lambda", "function:{name}", "function:{name}:*"),
    read: "GetFunctionUrlConfig",
    write: "CreateFunctionUrlConfig UpdateFunctionUrlConfig DeleteFunctionUrlConfig",
  },
  {
    types: ["aws:lambda/layerVersion:LayerVersion"],
    service: "lambda",
    on: regional("lambda", "layer:{name}", "layer:{name}:*"),
    read: "GetLayerVersion",
    write: "PublishLayerVersion DeleteLayerVersion",
  },
  {
    types: ["aws:lambda/layerVersionPermission:LayerVersionPermission"],
    service: "lambda",
    on: regional("lambda", "layer:{name}:*"),
    read: "GetLayerVersionPolicy",
    write: "AddLayerVersionPermission RemoveLayerVersionPermission",
  },
  {
    types: ["aws:lambda/codeSigningConfig:CodeSigningConfig"],
    service: "lambda",
    on: regional("lambda", "code-signing-config:*"),
    read: "GetCodeSigningConfig ListTags",
    write: "CreateCodeSigningConfig UpdateCodeSigningConfig DeleteCodeSigningConfig TagResource UntagResource",
  },
  {
    types: [
      "aws:apigateway/restApi:",
      "aws:apigateway/authorizer:",
      "aws:apigateway/deployment:",
      "aws:apigateway/integration",
      "aws:apigateway/method",
      "aws:apigateway/model:",
      "aws:apigateway/requestValidator:",
      "aws:apigateway/resource:",
      "aws:apigateway/response:",
      "aws:apigateway/stage:",
    ],
    on: apis("/restapis", "/restapis/*", "/tags/*"),
    ...API_VERBS,
  },
  { types: ["aws:apigateway/account:Account"], on: apis("/account"), ...API_VERBS },
  { types: ["aws:apigateway/usagePlan"], on: apis("/usageplans", "/usageplans/*", "/tags/*"), ...API_VERBS },
  { types: ["aws:apigateway/apiKey:ApiKey"], on: apis("/apikeys", "/apikeys/*", "/tags/*"), ...API_VERBS },
  {
    types: [
      "aws:apigateway/domainName:",
      "aws:apigateway/basePathMapping:",
      "aws:apigatewayv2/domainName:",
      "aws:apigatewayv2/apiMapping:",
    ],
    on: apis("/domainnames", "/domainnames/*", "/tags/*"),
    ...API_VERBS,
  },
  {
    types: [
      "aws:apigatewayv2/api:",
      "aws:apigatewayv2/authorizer:",
      "aws:apigatewayv2/deployment:",
      "aws:apigatewayv2/integration",
      "aws:apigatewayv2/model:",
      "aws:apigatewayv2/route",
      "aws:apigatewayv2/stage:",
    ],
    on: apis("/apis", "/apis/*", "/tags/*"),
    ...API_VERBS,
  },
  {
    types: ["aws:sfn/stateMachine:StateMachine", "aws:sfn/alias:Alias", "aws:sfn/activity:Activity"],
    service: "states",
    on: regional("states", "stateMachine:{name}", "stateMachine:{name}:*", "activity:{name}"),
    read: "DescribeStateMachine DescribeStateMachineAlias DescribeActivity ListStateMachineVersions ListTagsForResource",
    write:
      "CreateStateMachine UpdateStateMachine DeleteStateMachine PublishStateMachineVersion DeleteStateMachineVersion CreateStateMachineAlias UpdateStateMachineAlias DeleteStateMachineAlias CreateActivity DeleteActivity ValidateStateMachineDefinition TagResource UntagResource",
    anywhere: "ValidateStateMachineDefinition",
  },
  {
    types: ["aws:scheduler/schedule:Schedule", "aws:scheduler/scheduleGroup:ScheduleGroup"],
    service: "scheduler",
    on: regional("scheduler", "schedule/*/{name}", "schedule-group/{name}"),
    read: "GetSchedule GetScheduleGroup ListTagsForResource",
    write:
      "CreateSchedule UpdateSchedule DeleteSchedule CreateScheduleGroup DeleteScheduleGroup TagResource UntagResource",
  },
  {
    types: ["aws:codepipeline/pipeline:Pipeline"],
    service: "codepipeline",
    on: regional("codepipeline", "{name}"),
    read: "GetPipeline ListTagsForResource",
    write: "CreatePipeline UpdatePipeline DeletePipeline TagResource UntagResource",
  },
  {
    types: ["aws:codebuild/project:Project"],
    service: "codebuild",
    on: regional("codebuild", "project/{name}"),
    read: "BatchGetProjects",
    write: "CreateProject UpdateProject DeleteProject",
  },
  {
    types: ["aws:codedeploy/application:", "aws:codedeploy/deploymentGroup:"],
    service: "codedeploy",
    on: regional("codedeploy", "application:{name}", "deploymentgroup:{name}/*"),
    read: "GetApplication GetDeploymentGroup ListTagsForResource",
    write:
      "CreateApplication UpdateApplication DeleteApplication CreateDeploymentGroup UpdateDeploymentGroup DeleteDeploymentGroup TagResource UntagResource",
  },
  {
    types: ["aws:signer/signingJob:"],
    service: "signer",
    on: regional("signer", "/signing-profiles/*", "/signing-jobs/*"),
    read: "DescribeSigningJob",
    write: "StartSigningJob",
  },
  {
    types: ["aws:codeconnections/connection:Connection"],
    service: "codeconnections",
    on: regional("codeconnections", "connection/*"),
    read: "GetConnection ListTagsForResource",
    write: "CreateConnection DeleteConnection PassConnection TagResource UntagResource",
    anywhere: "CreateConnection",
  },
  {
    types: ["aws:sagemaker/"],
    service: "sagemaker",
    on: regional("sagemaker", "model/{name}", "endpoint-config/{name}", "endpoint/{name}"),
    read: "DescribeModel DescribeEndpointConfig DescribeEndpoint ListTags",
    write:
      "CreateModel DeleteModel CreateEndpointConfig DeleteEndpointConfig CreateEndpoint UpdateEndpoint DeleteEndpoint AddTags DeleteTags",
  },
  {
    types: ["aws:bedrock/inferenceProfile:InferenceProfile"],
    service: "bedrock",
    on: regional("bedrock", "application-inference-profile/*", "inference-profile/*"),
    read: "GetInferenceProfile ListTagsForResource",
    write: "CreateInferenceProfile DeleteInferenceProfile TagResource UntagResource",
  },
];
