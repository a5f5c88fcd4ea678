/** ElastiCache Serverless, its users and groups. */
import { arn, hex, physicalName, type Table } from "./row.ts";

export const elasticache: Table = {
  "aws:elasticache/serverlessCache:ServerlessCache": (resource, context) => {
    const name = physicalName(resource);
    const host = `${name}-${hex(resource, 6)}.serverless.${context.region}.cache.amazonaws.com`;
    return {
      id: name,
      name,
      arn: arn(context, "elasticache", `serverlesscache:${name}`),
      endpoints: [{ address: host, port: 6379 }],
      readerEndpoints: [{ address: host, port: 6380 }],
      fullEngineVersion: `${resource.inputs.majorEngineVersion}.0`,
      status: "available",
    };
  },
  "aws:elasticache/user:User": (resource, context) => ({
    id: resource.inputs.userId,
    arn: arn(context, "elasticache", `user:${resource.inputs.userId}`),
  }),
  "aws:elasticache/userGroup:UserGroup": (resource, context) => ({
    id: resource.inputs.userGroupId,
    arn: arn(context, "elasticache", `usergroup:${resource.inputs.userGroupId}`),
  }),
};
