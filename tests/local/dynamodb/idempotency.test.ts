import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Context } from "aws-lambda";
import { type DynamoCloud, startDynamo } from "./fixture.ts";

let cloud: DynamoCloud;
beforeEach(async () => {
  cloud = await startDynamo({
    tables: [
      {
        name: "idempotency",
        hashKey: "id",
        attributes: { id: "S" },
        ttl: { enabled: true, attributeName: "expiration" },
      },
    ],
  });
});
afterEach(() => cloud.stop());

function upload(handler: (event: { key: string }) => Promise<object>) {
  const config = new IdempotencyConfig({ eventKeyJmesPath: "key" });
  config.registerLambdaContext({ getRemainingTimeInMillis: () => 60_000 } as Context);
  return makeIdempotent(handler, {
    persistenceStore: new DynamoDBPersistenceLayer({ tableName: "idempotency", awsSdkV3Client: cloud.client }),
    config,
    dataIndexArgument: 0,
  });
}

describe("Powertools' idempotency layer", () => {
  it("runs a repeated event once and gives its first answer again", async () => {
    let runs = 0;
    const handler = upload(async () => ({ run: ++runs }));
    expect(await handler({ key: "a" })).toEqual({ run: 1 });
    expect(await handler({ key: "a" })).toEqual({ run: 1 });
    expect(await handler({ key: "b" })).toEqual({ run: 2 });
    const { Items } = await cloud.client.send(new ScanCommand({ TableName: "idempotency" }));
    expect(Items).toHaveLength(2);
    expect(Items![0]).toMatchObject({ status: { S: "COMPLETED" }, expiration: { N: expect.any(String) } });
  });

  it("refuses the second of two events at once", async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    const started = Promise.withResolvers<void>();
    const handler = upload(() => {
      started.resolve();
      return promise;
    });
    const first = handler({ key: "a" });
    await started.promise;
    await expect(handler({ key: "a" })).rejects.toMatchObject({ name: "IdempotencyAlreadyInProgressError" });
    resolve({ done: true });
    expect(await first).toEqual({ done: true });
  });

  it("lets an event run again after its handler threw", async () => {
    const handler = upload(
      jest
        .fn<Promise<object>, [{ key: string }]>()
        .mockRejectedValueOnce(new Error("database is away"))
        .mockResolvedValueOnce({ done: true }),
    );
    await expect(handler({ key: "a" })).rejects.toThrow("database is away");
    expect(await handler({ key: "a" })).toEqual({ done: true });
  });
});
