/** What a function is: its declaration read once, defaults filled in. */
import type { Asset, Resource } from "../../../engine/graph.ts";
import { AwsError } from "../../service.ts";
import { checkLimits } from "./function-limits.ts";

export interface FunctionConfig {
  name: string;
  arn: string;
  /** `$LATEST` or a number */
  version: string;
  /** By the program, whose only version is then 1. */
  publishes: boolean;
  role: string;
  handler: string;
  /** `nodejs24.x` */
  runtime: string;
  description: string;
  memoryMb: number;
  timeoutSeconds: number;
  environment: Record<string, string>;
  code: Asset;
  layers: string[];
  /** Absent: bounded by this machine only. 0: no invocation may start. */
  reservedConcurrency?: number;
  deadLetterArn?: string;
  logFormat: "Text" | "JSON";
  applicationLogLevel: string;
  systemLogLevel: string;
  logGroup: string;
  ephemeralStorageMb: number;
  architectures: string[];
  /** Tenants never share an environment. */
  perTenant: boolean;
  /** X-Ray's active tracing. */
  isTraced: boolean;
  /** Its invocations are durable executions. */
  durable?: { executionTimeoutSeconds: number; retentionDays: number };
}

type Inputs = Record<string, unknown>;

export function functionConfig({ inputs, outputs, name }: Resource): FunctionConfig {
  const read = inputs as Inputs;
  const functionName = String(outputs.name ?? name);
  if (read.packageType === "Image") throw refused("container images do not run on this machine: give it a zip package");
  const runtime = String(read.runtime ?? "");
  if (!/^nodejs\d+\.x$/.test(runtime))
    throw refused(`runtime "${runtime}" does not run on this machine: use nodejs24.x`);
  const code = read.code as Asset | undefined;
  if (!code?.$asset) throw refused("Please provide a source for function code.");
  const logging = (read.loggingConfig ?? {}) as Record<string, string>;
  const reserved = Number(read.reservedConcurrentExecutions ?? -1);
  const durable = read.durableConfig as Record<string, number> | undefined;
  const config: FunctionConfig = {
    name: functionName,
    arn: String(outputs.arn),
    version: String(outputs.publishedAs ?? "$LATEST"),
    publishes: read.publish === true,
    role: String(read.role),
    handler: String(read.handler ?? ""),
    runtime,
    description: String(read.description ?? ""),
    memoryMb: Number(read.memorySize ?? 128),
    timeoutSeconds: Number(read.timeout ?? 3),
    environment: (read.environment as { variables?: Record<string, string> } | undefined)?.variables ?? {},
    code,
    layers: (read.layers ?? []) as string[],
    reservedConcurrency: reserved >= 0 ? reserved : undefined,
    deadLetterArn: (read.deadLetterConfig as { targetArn?: string } | undefined)?.targetArn,
    logFormat: logging.logFormat === "JSON" ? "JSON" : "Text",
    applicationLogLevel: logging.applicationLogLevel ?? "INFO",
    systemLogLevel: logging.systemLogLevel ?? "INFO",
    logGroup: logging.logGroup ?? `/aws/lambda/${functionName}`,
    ephemeralStorageMb: Number((read.ephemeralStorage as { size?: number } | undefined)?.size ?? 512),
    architectures: (read.architectures ?? ["x86_64"]) as string[],
    perTenant:
      (read.tenancyConfig as { tenantIsolationMode?: string } | undefined)?.tenantIsolationMode === "PER_TENANT",
    isTraced: (read.tracingConfig as { mode?: string } | undefined)?.mode === "Active",
    ...(durable && {
      durable: {
        executionTimeoutSeconds: Number(durable.executionTimeout ?? 86_400),
        // By a program; by the API.
        retentionDays: Number(durable.retentionPeriod ?? durable.retentionPeriodInDays ?? 14),
      },
    }),
  };
  checkLimits(config);
  return config;
}

function refused(problem: string): AwsError {
  return new AwsError("InvalidParameterValueException", problem);
}

/** The function's name in any form that the API takes: name, ARN, or `account:function:name`, with or without qualifier. */
export function parseFunctionName(text: string): { name: string; qualifier?: string } {
  const parts = text.split(":");
  const at = parts.lastIndexOf("function");
  const [name = "", qualifier] = at >= 0 ? parts.slice(at + 1) : parts;
  return { name, qualifier };
}
