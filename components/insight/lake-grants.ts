/** What asking a data lake takes, in AWS's parts: Athena runs a query with the rights of who asks. */
import * as pulumi from "@pulumi/pulumi";
import { type Grant, grantListObjects, grantReadObjects, grantWriteObjects } from "../grants.ts";
import { tenantPrefix } from "./lake-table.ts";

type Text = pulumi.Input<string>;

export interface LakeScope {
  /** Undefined is all of them. */
  tenant: string | undefined;
  bucketArn: Text;
  resultsArn: Text;
  databaseName: Text;
  workgroup: string;
  resultsPrefix: string;
  account: Text;
  region: Text;
}

export function lakeGrants(scope: LakeScope): Grant[] {
  const { tenant, bucketArn, resultsArn, databaseName, workgroup, resultsPrefix, account, region } = scope;
  const glue = (path: Text) => pulumi.interpolate`arn:aws:glue:${region}:${account}:${path}`;
  const data = tenant === undefined ? "tenants/" : tenantPrefix(tenant);
  return [
    {
      actions: [
        ...["StartQueryExecution", "StopQueryExecution", "GetQueryExecution", "GetQueryResults"],
        ...["GetWorkGroup", "GetNamedQuery", "BatchGetNamedQuery", "ListNamedQueries"],
      ].map((action) => `athena:${action}`),
      resources: [pulumi.interpolate`arn:aws:athena:${region}:${account}:workgroup/${workgroup}`],
    },
    {
      actions: ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"],
      resources: [
        glue("catalog"),
        glue(pulumi.interpolate`database/${databaseName}`),
        glue(pulumi.interpolate`table/${databaseName}/*`),
      ],
    },
    // Both buckets are looked at before they are read.
    { actions: ["s3:GetBucketLocation"], resources: [bucketArn, resultsArn] },
    grantReadObjects(bucketArn, data),
    grantListObjects(bucketArn, data),
    grantReadObjects(resultsArn, resultsPrefix),
    grantWriteObjects(resultsArn, resultsPrefix),
    { actions: ["s3:ListMultipartUploadParts"], resources: [pulumi.interpolate`${resultsArn}/${resultsPrefix}*`] },
  ];
}
