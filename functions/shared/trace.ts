/**
 * X-Ray by Powertools' tracer, loaded only for an invocation that is sampled and where a daemon listens: its SDK costs more to
 * load than most requests to serve.
 */

const sampled = () =>
  process.env["AWS_XRAY_DAEMON_ADDRESS"] !== undefined &&
  process.env["_X_AMZN_TRACE_ID"]?.includes("Sampled=1") === true;

/** Runs `task` as a subsegment annotated with the tenant. */
export async function traced<Result>(name: string, tenantId: string, task: () => Promise<Result>): Promise<Result> {
  if (!sampled()) return task();
  const { Tracer } = await import("@aws-lambda-powertools/tracer");
  const tracer = new Tracer({ captureHTTPsRequests: true });
  return (await tracer.provider.captureAsyncFunc(name, async (subsegment) => {
    tracer.putAnnotation("tenantId", tenantId);
    try {
      return await task();
    } catch (error) {
      tracer.addErrorAsMetadata(error as Error);
      throw error;
    } finally {
      subsegment?.close();
    }
  })) as Result;
}
