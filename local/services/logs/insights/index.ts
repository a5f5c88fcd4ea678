/** Insights' operations. What runs queries is loaded with the first of them: most platforms never ask. */
import type { StartQueryRequest } from "@aws-sdk/client-cloudwatch-logs";
import { AwsError, type Call, type Cloud, type Operation } from "../../../service.ts";
import type { GroupAccess } from "../access.ts";

const NAMES = ["GetQueryResults", "StopQuery", "DescribeQueries", "GetLogRecord"];

export function insightsOperations(cloud: Cloud, access: GroupAccess): Record<string, Operation> {
  let loaded: Promise<Record<string, Operation["run"]>> | undefined;
  const run = (name: string) => async (input: object, call: Call) => {
    loaded ??= import("./operations.ts").then(({ operations }) => operations(cloud, access));
    return (await loaded)[name]!(input, call);
  };
  const anywhere = NAMES.map((name) => [
    name,
    { authorize: () => ({ action: `logs:${name}`, resource: "*" }), run: run(name) },
  ]);
  return {
    ...Object.fromEntries(anywhere),
    StartQuery: {
      // Groups that the query itself names are asked for when it is read.
      authorize: (input: StartQueryRequest) =>
        namedGroups(input).map((each) => access.on("StartQuery")({ logGroupIdentifier: each })),
      run: run("StartQuery"),
    },
  };
}

export function namedGroups({
  logGroupName,
  logGroupNames = [],
  logGroupIdentifiers = [],
}: StartQueryRequest): string[] {
  const given = [logGroupName ?? [], logGroupNames, logGroupIdentifiers].filter((each) => each.length > 0);
  if (given.length > 1) {
    const message = "Only one of logGroupName, logGroupNames and logGroupIdentifiers may be given.";
    throw new AwsError("InvalidParameterException", message);
  }
  return [...new Set(given.flat())];
}
