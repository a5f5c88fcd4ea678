import { Bucket, FanOut, Function, grantConsume, Queue, Table } from "../../../components/index.ts";

const orders = new Queue("orders", { queueName: "orders" });
const items = new Table("items", {
  tableName: "items",
  attributes: { id: "S" },
  hashKey: "id",
  protection: "disposable",
});
const objects = new Bucket("objects", { protection: "disposable" });
const events = new FanOut("events", {
  consumers: {
    counter: {
      function: (queue) =>
        new Function("counter", {
          entry: "functions/counter",
          environment: { SEEN: process.env.TERRACE_BENCH_SEEN ?? "" },
          grants: [grantConsume(queue.arn)],
        }),
    },
  },
});

export const queueUrl = orders.url;
export const tableName = items.tableName;
export const bucketName = objects.bucketName;
export const topicArn = events.topic.arn;
