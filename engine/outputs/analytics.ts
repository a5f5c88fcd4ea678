/** Glue and Athena. */
import { arn, hex, type Table } from "./row.ts";

export const analytics: Table = {
  "aws:glue/catalogDatabase:CatalogDatabase": ({ inputs }, context) => ({
    id: `${context.account}:${inputs.name}`,
    catalogId: context.account,
    arn: arn(context, "glue", `database/${inputs.name}`),
  }),
  "aws:glue/catalogTable:CatalogTable": ({ inputs }, context) => ({
    id: `${context.account}:${inputs.databaseName}:${inputs.name}`,
    catalogId: context.account,
    arn: arn(context, "glue", `table/${inputs.databaseName}/${inputs.name}`),
  }),
  "aws:athena/workgroup:Workgroup": ({ inputs }, context) => ({
    id: inputs.name,
    arn: arn(context, "athena", `workgroup/${inputs.name}`),
  }),
  "aws:athena/namedQuery:NamedQuery": (resource) => ({
    id: hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
  }),
};
