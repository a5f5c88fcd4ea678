import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkForm, InvalidArgumentError } from "../invalid-argument.ts";

export interface SavedQueriesArgs {
  /** Log groups that the queries look through, 1 to 50. */
  logGroupNames: pulumi.Input<string>[];
  /** Queries of one's own by name, in CloudWatch Logs Insights' language. @default none beside the usual ones */
  queries?: Record<string, string>;
}

/**
 * The questions that come up when something is wrong, ready in CloudWatch Logs Insights: errors, errors by tenant, slowest
 * requests, tenants by traffic, cold starts, timeouts, a request's whole way. They cost nothing until they are asked.
 *
 * ```ts
 * new SavedQueries("queries", { logGroupNames: [api.logGroupName] });
 * ```
 */
export class SavedQueries extends pulumi.ComponentResource {
  /** By what they answer. */
  readonly queryIds: Record<string, pulumi.Output<string>> = {};

  constructor(name: string, args: SavedQueriesArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:insight:SavedQueries", name, {}, options);
    checkArgs("SavedQueries", name, args);
    validate(`SavedQueries "${name}"`, args);
    for (const [title, query] of Object.entries({ ...QUERIES, ...args.queries })) {
      const slug = title.toLowerCase().replace(/\W+/g, "-");
      const definition = new aws.cloudwatch.QueryDefinition(
        `${name}-${slug}`,
        // A path in the console's list: stack, what is looked at, question.
        { name: `${pulumi.getStack()}/${name}/${title}`, queryString: query, logGroupNames: args.logGroupNames },
        { parent: this },
      );
      this.queryIds[title] = definition.queryDefinitionId;
    }
    this.registerOutputs({ queryIds: this.queryIds });
  }
}

/** Functions log JSON lines with `tenantId`, and a line of metrics for each request; Lambda its reports as JSON too. */
export const QUERIES: Record<string, string> = {
  Errors: lines(
    "fields @timestamp, tenantId, service, message, error.name, error.message, @log",
    'filter level in ["ERROR", "CRITICAL", "FATAL"]',
    "sort @timestamp desc",
    "limit 100",
  ),
  "Errors by tenant": lines(
    'filter level in ["ERROR", "CRITICAL", "FATAL"]',
    "stats count(*) as errors by tenantId, service, error.name",
    "sort errors desc",
  ),
  "Slowest requests": lines(
    "filter ispresent(Latency)",
    "fields @timestamp, tenantId, operation, status, Latency, requestId",
    "sort Latency desc",
    "limit 50",
  ),
  "Tenants by traffic": lines(
    "filter ispresent(Latency)",
    "stats count(*) as requests, sum(ServerErrors) as failed, avg(Latency) as ms, pct(Latency, 99) as p99 by tenantId",
    "sort requests desc",
  ),
  "Cold starts": lines(
    'filter type = "platform.report"',
    "stats count(*) as invocations, sum(ispresent(record.metrics.initDurationMs)) as coldStarts,",
    "  pct(record.metrics.initDurationMs, 99) as p99Ms, max(record.metrics.maxMemoryUsedMB) as memoryMb by @log",
  ),
  Timeouts: lines(
    'filter type = "platform.report" and record.status = "timeout"',
    "fields @timestamp, record.requestId, record.metrics.durationMs, @log",
    "sort @timestamp desc",
  ),
  "One request": lines(
    "fields @timestamp, level, message, tenantId, @log",
    'filter @message like "put the request id here"',
    "sort @timestamp asc",
  ),
};

function lines(...commands: string[]): string {
  return commands.join("\n").replaceAll(/\n(?! )/g, "\n| ");
}

function validate(component: string, { logGroupNames, queries = {} }: SavedQueriesArgs): void {
  if (logGroupNames.length < 1 || logGroupNames.length > 50) {
    const remedy = "a query looks through 1 to 50 log groups; name so many";
    throw new InvalidArgumentError(component, "logGroupNames", logGroupNames.length, remedy);
  }
  for (const [title, query] of Object.entries(queries)) {
    checkForm(
      component,
      `queries.${title}`,
      title,
      /^[\w .-]{1,100}$/,
      "a name of letters, digits, blanks, _, . and -",
    );
    checkForm(component, `queries.${title}`, query, /\S/, "a query; it is empty");
  }
}
