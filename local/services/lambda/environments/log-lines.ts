/** What Lambda itself writes into a function's log, as text or JSON. */
import type { FunctionConfig } from "../function-config.ts";

export interface Report {
  requestId: string;
  durationMs: number;
  /** Of the invocation that started the environment. */
  initMs?: number;
  peakBytes: number;
  status: "success" | "error" | "timeout";
}

const LEVELS = ["DEBUG", "INFO", "WARN"];

export function startLine(config: FunctionConfig, requestId: string): string[] {
  if (config.logFormat === "Text") return [`START RequestId: ${requestId} Version: ${config.version}`];
  return platform(config, "INFO", "platform.start", { requestId, version: config.version });
}

export function endLines(config: FunctionConfig, { requestId, status }: Report): string[] {
  if (config.logFormat === "Text") return [`END RequestId: ${requestId}`];
  return platform(config, status === "success" ? "DEBUG" : "WARN", "platform.runtimeDone", { requestId, status });
}

export function reportLine(config: FunctionConfig, report: Report): string {
  const { requestId, durationMs, initMs, peakBytes, status } = report;
  const billed = Math.ceil(durationMs + (initMs ?? 0));
  const usedMb = Math.max(1, Math.round(peakBytes / 1024 / 1024));
  if (config.logFormat === "Text") {
    const init = initMs === undefined ? "" : `Init Duration: ${initMs.toFixed(2)} ms\t`;
    const failed = status === "success" ? "" : `Status: ${status}\t`;
    return `REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\tBilled Duration: ${billed} ms\tMemory Size: ${config.memoryMb} MB\tMax Memory Used: ${usedMb} MB\t${init}${failed}`;
  }
  const metrics = {
    durationMs: round(durationMs),
    billedDurationMs: billed,
    memorySizeMB: config.memoryMb,
    maxMemoryUsedMB: usedMb,
    ...(initMs !== undefined && { initDurationMs: round(initMs) }),
  };
  return (
    platform(config, status === "success" ? "INFO" : "WARN", "platform.report", { requestId, metrics, status })[0] ?? ""
  );
}

function platform(config: FunctionConfig, level: string, type: string, record: object): string[] {
  if (LEVELS.indexOf(level) < LEVELS.indexOf(config.systemLogLevel)) return [];
  return [`{"time":"${timeNow()}","type":"${type}","record":${JSON.stringify(record)}}`];
}

let lastMs = Number.NaN;
let lastTime = "";

/** ISO 8601; a busy function has many lines in a millisecond. */
function timeNow(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastTime = new Date(now).toISOString();
  }
  return lastTime;
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
