import { Writable } from "node:stream";
import type { Context } from "aws-lambda";

const lines: Record<string, unknown>[] = [];
const environmentBefore = { ...process.env };
const { write } = process.stdout;

beforeAll(() => {
  Object.assign(process.env, { POWERTOOLS_LOG_LEVEL: "INFO", POWERTOOLS_SERVICE_NAME: "api" });
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  process.stdout.write = sink.write.bind(sink) as typeof write;
});
afterAll(() => {
  process.stdout.write = write;
  for (const name of ["POWERTOOLS_LOG_LEVEL", "POWERTOOLS_SERVICE_NAME"]) delete process.env[name];
  Object.assign(process.env, environmentBefore);
});

const context = (awsRequestId: string) => ({ awsRequestId, functionName: "api" }) as Context;

describe("a log line", () => {
  it("names its tenant, its request and whether the environment was cold, each tenant's its own", async () => {
    const { logger } = await import("../../../functions/shared/logger.ts");
    logger("acme", context("r1")).info("one");
    logger("globex", context("r2")).info("two");
    logger("acme", context("r3")).info("three");
    logger().info("four");
    expect(lines).toMatchObject([
      { message: "one", tenantId: "acme", function_request_id: "r1", cold_start: true, service: "api" },
      { message: "two", tenantId: "globex", function_request_id: "r2", cold_start: false },
      { message: "three", tenantId: "acme", function_request_id: "r3", cold_start: false },
      { message: "four" },
    ]);
    expect(lines[3]).not.toHaveProperty("tenantId");
  });
});
