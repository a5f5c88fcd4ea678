/** Saved queries and budgets. */
import { arn, hex, physicalName, type Table } from "./row.ts";

export const insight: Table = {
  "aws:cloudwatch/queryDefinition:QueryDefinition": (resource) => {
    const id = hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    return { id, queryDefinitionId: id, name: physicalName(resource) };
  },
  "aws:budgets/budget:Budget": (resource, context) => {
    const name = physicalName(resource);
    return {
      id: `${context.account}:${name}`,
      name,
      arn: arn(context, "budgets", `budget/${name}`, { region: "" }),
      accountId: context.account,
    };
  },
};
