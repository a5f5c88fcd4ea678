/** Functions, versions and layers as the API tells of them. */

import type { Layers, LayerVersion } from "../code/layers.ts";
import { type LambdaFunction, unqualified } from "../functions.ts";

/** @param isQualified The ARN names the version. Always so for a published one. */
export function describeFunction(target: LambdaFunction, layers: Layers, isQualified = false) {
  const { config, code, lastModified, revision, declaration } = target;
  const { version } = config;
  const arn = unqualified(config.arn);
  const { tracingConfig, vpcConfig, kmsKeyArn } = declaration.inputs as Record<string, Record<string, unknown>>;
  return {
    FunctionName: config.name,
    FunctionArn: isQualified || version !== "$LATEST" ? `${arn}:${version}` : arn,
    Runtime: config.runtime,
    Role: config.role,
    Handler: config.handler,
    CodeSize: code.bytes,
    CodeSha256: code.sha256,
    Description: config.description,
    Timeout: config.timeoutSeconds,
    MemorySize: config.memoryMb,
    LastModified: new Date(lastModified).toISOString().replace("Z", "+0000"),
    Version: version,
    RevisionId: revision,
    PackageType: "Zip",
    Architectures: config.architectures,
    State: "Active",
    LastUpdateStatus: "Successful",
    TracingConfig: { Mode: tracingConfig?.mode ?? "PassThrough" },
    EphemeralStorage: { Size: config.ephemeralStorageMb },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: {
      LogFormat: config.logFormat,
      LogGroup: config.logGroup,
      ...(config.logFormat === "JSON" && {
        ApplicationLogLevel: config.applicationLogLevel,
        SystemLogLevel: config.systemLogLevel,
      }),
    },
    ...(Object.keys(config.environment).length > 0 && { Environment: { Variables: config.environment } }),
    ...(config.layers.length > 0 && {
      Layers: config.layers.map((Arn) => ({ Arn, CodeSize: sizeOf(layers, Arn) })),
    }),
    ...(config.deadLetterArn && { DeadLetterConfig: { TargetArn: config.deadLetterArn } }),
    ...(config.durable && {
      DurableConfig: {
        ExecutionTimeout: config.durable.executionTimeoutSeconds,
        RetentionPeriodInDays: config.durable.retentionDays,
      },
    }),
    ...(config.perTenant && { TenancyConfig: { TenantIsolationMode: "PER_TENANT" } }),
    ...(kmsKeyArn && { KMSKeyArn: String(kmsKeyArn) }),
    ...(vpcConfig && {
      VpcConfig: {
        SubnetIds: vpcConfig.subnetIds ?? [],
        SecurityGroupIds: vpcConfig.securityGroupIds ?? [],
        VpcId: "",
      },
    }),
  };
}

function sizeOf(layers: Layers, arn: string): number {
  return layers.all().find((layer) => layer.arn === arn)?.code.bytes ?? 0;
}

export function describeLayer(layer: LayerVersion) {
  return {
    LayerArn: layer.arn.slice(0, layer.arn.lastIndexOf(":")),
    LayerVersionArn: layer.arn,
    Version: layer.version,
    Description: layer.description,
    CreatedDate: new Date(layer.createdAt).toISOString().replace("Z", "+0000"),
    ...(layer.runtimes.length > 0 && { CompatibleRuntimes: layer.runtimes }),
    ...(layer.architectures.length > 0 && { CompatibleArchitectures: layer.architectures }),
    ...(layer.licence && { LicenseInfo: layer.licence }),
  };
}
