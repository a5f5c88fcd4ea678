/** QuickSight's data sources and data sets. */
import { arn, type Table } from "./row.ts";

export const quicksight: Table = {
  "aws:quicksight/dataSource:DataSource": ({ inputs }, context) => ({
    id: `${context.account},${inputs.dataSourceId}`,
    arn: arn(context, "quicksight", `datasource/${inputs.dataSourceId}`),
    awsAccountId: context.account,
  }),
  "aws:quicksight/dataSet:DataSet": ({ inputs }, context) => ({
    id: `${context.account},${inputs.dataSetId}`,
    arn: arn(context, "quicksight", `dataset/${inputs.dataSetId}`),
    awsAccountId: context.account,
  }),
  "aws:quicksight/refreshSchedule:RefreshSchedule": ({ inputs }, context) => ({
    id: `${context.account},${inputs.dataSetId},${inputs.scheduleId}`,
    arn: arn(context, "quicksight", `dataset/${inputs.dataSetId}/refresh-schedule/${inputs.scheduleId}`),
  }),
};
