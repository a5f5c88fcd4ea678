import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** In a process of its own: a logger reads its settings when it is loaded, and cold starts happen once. */
const PROGRAM = `
  const { logger } = await import(${JSON.stringify(new URL("../../../functions/shared/logger.ts", import.meta.url).href)});
  const context = (awsRequestId) => ({ awsRequestId, functionName: "api" });
  logger("acme", context("r1")).info("one");
  logger("globex", context("r2")).info("two");
  logger("acme", context("r3")).info("three");
  logger().info("four");`;

describe("a log line", () => {
  it("names its tenant, its request and whether the environment was cold, each tenant's its own", async () => {
    const env = { ...process.env, POWERTOOLS_LOG_LEVEL: "INFO", POWERTOOLS_SERVICE_NAME: "api" };
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", PROGRAM], { env });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { message: "one", tenantId: "acme", function_request_id: "r1", cold_start: true, service: "api" },
      { message: "two", tenantId: "globex", function_request_id: "r2", cold_start: false },
      { message: "three", tenantId: "acme", function_request_id: "r3", cold_start: false },
      { message: "four" },
    ]);
    expect(lines[3]).not.toHaveProperty("tenantId");
  });
});
