import * as terrace from "../../components/index.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

/** One of everything that can be looked at. */
export function watched({ api = "rest" }: { api?: "rest" | "http" } = {}) {
  const network = new terrace.Network("net", { cidr: "10.0.0.0/20" });
  const orders = new terrace.Function("orders", { entry, logRetentionDays: 7 });
  const clicks = new terrace.Function("clicks", { entry });
  const authorizer = new terrace.Function("auth", { entry });
  return {
    functions: { orders, clicks },
    streamConsumers: { clicks },
    queues: { jobs: new terrace.Queue("jobs") },
    webSocketApis: {
      live: new terrace.WebSocketApi("live", { authorizer, routes: { $connect: orders, say: orders } }),
    },
    apis: {
      shop: new terrace.Api("shop", { openapi: "functions/api/openapi.json", handler: orders, authorizer, type: api }),
    },
    databases: { db: new terrace.Database("db", { network, protection: "disposable" }) },
  } satisfies terrace.Watched;
}
