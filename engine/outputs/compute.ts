/** Lambda, IAM, CloudWatch. */
import { alphanumeric, arn, hex, physicalName, type Table } from "./row.ts";

export const compute: Table = {
  "aws:lambda/function:Function": (resource, context) => {
    const name = physicalName(resource);
    const functionArn = arn(context, "lambda", `function:${name}`);
    const invoke = `arn:${context.partition}:apigateway:${context.region}:lambda:path/2015-03-31/functions`;
    const version = resource.inputs.publish ? "1" : "$LATEST";
    return {
      id: name,
      name,
      arn: functionArn,
      version,
      invokeArn: `${invoke}/${functionArn}/invocations`,
      qualifiedArn: `${functionArn}:${version}`,
      qualifiedInvokeArn: `${invoke}/${functionArn}:${version}/invocations`,
    };
  },
  "aws:lambda/alias:Alias": (resource, context) => {
    const name = physicalName(resource);
    const functionName = String(resource.inputs.functionName).split(":function:").at(-1);
    const alias = arn(context, "lambda", `function:${functionName}:${name}`);
    const invoke = `arn:${context.partition}:apigateway:${context.region}:lambda:path/2015-03-31/functions`;
    return { id: alias, name, arn: alias, invokeArn: `${invoke}/${alias}/invocations` };
  },
  "aws:lambda/permission:Permission": (resource) => {
    const statementId = resource.inputs.statementId ?? `${resource.name}-${hex(resource, 7)}`;
    return { id: statementId, statementId };
  },
  "aws:lambda/eventSourceMapping:EventSourceMapping": (resource, context) => {
    const uuid = hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    const name = String(resource.inputs.functionName).split(":function:").at(-1)!;
    const functionArn = arn(context, "lambda", `function:${name}`);
    return {
      id: uuid,
      uuid,
      functionArn,
      arn: arn(context, "lambda", `event-source-mapping:${uuid}`),
      state: "Enabled",
    };
  },
  // The result is known only to who runs the function; a program must not build on it.
  "aws:lambda/invocation:Invocation": (resource) => ({ id: hex(resource, 32), result: "" }),
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ({ inputs }) => ({
    id: String(inputs.functionName),
  }),
  "aws:lambda/functionRecursionConfig:FunctionRecursionConfig": ({ inputs }) => ({ id: inputs.functionName }),
  "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": ({ inputs }) => ({
    id: `${inputs.functionName},${inputs.qualifier}`,
  }),
  "aws:lambda/layerVersion:LayerVersion": (resource, context) => {
    const layer = arn(context, "lambda", `layer:${resource.inputs.layerName}`);
    return { id: `${layer}:1`, arn: `${layer}:1`, layerArn: layer, version: "1" };
  },
  "aws:lambda/layerVersionPermission:LayerVersionPermission": (resource) => {
    const { layerName, versionNumber } = resource.inputs;
    return { id: `${layerName},${versionNumber}`, policy: "", revisionId: hex(resource, 32) };
  },
  "aws:lambda/codeSigningConfig:CodeSigningConfig": (resource, context) => {
    const configId = `csc-${hex(resource, 17)}`;
    const configArn = arn(context, "lambda", `code-signing-config:${configId}`);
    return { id: configArn, arn: configArn, configId };
  },
  "aws:lambda/functionUrl:FunctionUrl": (resource, context) => {
    const urlId = alphanumeric(resource, 32);
    return {
      id: resource.inputs.functionName,
      urlId,
      functionUrl: `https://${urlId}.lambda-url.${context.region}.on.aws/`,
    };
  },
  "aws:iam/role:Role": (resource, context) => {
    const name = physicalName(resource);
    const path = resource.inputs.path ?? "/";
    return {
      id: name,
      name,
      arn: arn(context, "iam", `role${path}${name}`, { region: "" }),
      uniqueId: `AROA${hex(resource, 17).toUpperCase()}`,
    };
  },
  "aws:iam/rolePolicy:RolePolicy": (resource) => {
    const name = physicalName(resource);
    return { id: `${resource.inputs.role}:${name}`, name };
  },
  "aws:iam/policy:Policy": (resource, context) => {
    const name = physicalName(resource);
    const policy = arn(context, "iam", `policy${resource.inputs.path ?? "/"}${name}`, { region: "" });
    return { id: policy, name, arn: policy };
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (resource) => ({
    id: `${resource.inputs.role}-${hex(resource, 20)}`,
  }),
  "aws:cloudwatch/logGroup:LogGroup": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "logs", `log-group:${name}`) };
  },
  "aws:cloudwatch/logStream:LogStream": ({ inputs }, context) => ({
    id: inputs.name,
    arn: arn(context, "logs", `log-group:${inputs.logGroupName}:log-stream:${inputs.name}`),
  }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "cloudwatch", `alarm:${name}`) };
  },
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": ({ inputs }, context) => ({
    id: inputs.alarmName,
    arn: arn(context, "cloudwatch", `alarm:${inputs.alarmName}`),
  }),
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": (resource) => {
    const name = physicalName(resource);
    return { id: name, name };
  },
  "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": (resource) => {
    const name = physicalName(resource);
    const { roleArn = "", distribution = "ByLogStream" } = resource.inputs;
    return { id: `cwlsf-${hex(resource, 8)}`, name, roleArn, distribution };
  },
  "aws:cloudwatch/dashboard:Dashboard": (resource, context) => {
    const name = resource.inputs.dashboardName;
    return { id: name, dashboardArn: arn(context, "cloudwatch", `dashboard/${name}`, { region: "" }) };
  },
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ({ inputs }) => ({ id: inputs.policyName }),
  "aws:xray/group:Group": (resource, context) => {
    const group = arn(context, "xray", `group/${resource.inputs.groupName}/${hex(resource, 26).toUpperCase()}`);
    return { id: group, arn: group };
  },
};
