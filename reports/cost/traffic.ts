/** What a million requests to a cell's API cost, on stated assumptions. Pure. */
import type { Resource } from "../../engine/graph.ts";
import type { Item } from "./idle.ts";
import { PRICES } from "./prices.ts";

/** A page of photos: one invocation, one statement, one kilobyte of log. */
export const ASSUMED = {
  /** Milliseconds of the API's function. */
  durationMs: 60,
  statements: 1,
  logKb: 1,
  /** The authorizer's answer is kept for 60 s or more: one invocation in a hundred requests. */
  authorizations: 0.01,
  /** Of requests are traced by X-Ray. */
  traced: 0.05,
} as const;

/** Per million requests; the database's capacity depends on the load and is not in it. */
export function trafficItems(resources: readonly Resource[]): Item[] {
  const of = (type: string) => resources.filter((each) => each.type === type);
  const functions = of("aws:lambda/function:Function");
  const api = functions.find(({ name }) => /(^|-)api$/.test(name));
  const rest = of("aws:apigateway/restApi:RestApi").length > 0;
  const http = of("aws:apigatewayv2/api:Api").length > 0;
  if (!api || (!rest && !http)) return [];
  const gigabytes = Number(api.inputs.memorySize ?? 128) / 1024;
  const arm = JSON.stringify(api.inputs.architectures ?? []).includes("arm64");
  const second = (arm ? PRICES.lambdaArm : PRICES.lambdaX86).usd;
  const traced = (api.inputs.tracingConfig as { mode?: string } | undefined)?.mode === "Active";
  return [
    rest
      ? { what: "REST API requests", usdPerMonth: PRICES.restApi.usd }
      : { what: "HTTP API requests", usdPerMonth: PRICES.httpApi.usd },
    { what: "function invocations", usdPerMonth: PRICES.lambdaRequests.usd * (1 + ASSUMED.authorizations) },
    {
      what: `function time, ${ASSUMED.durationMs} ms of ${gigabytes} GB`,
      usdPerMonth: (ASSUMED.durationMs / 1000) * gigabytes * 1e6 * second,
    },
    { what: `Data API, ${ASSUMED.statements} statement`, usdPerMonth: ASSUMED.statements * PRICES.dataApi.usd },
    { what: `logs, ${ASSUMED.logKb} KB`, usdPerMonth: ((ASSUMED.logKb * 1e6) / 1024 / 1024) * PRICES.logIngestion.usd },
    ...(traced
      ? [{ what: `traces of ${ASSUMED.traced * 100} % of requests`, usdPerMonth: ASSUMED.traced * PRICES.traces.usd }]
      : []),
  ];
}
