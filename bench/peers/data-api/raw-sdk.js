/** The SDK's own client: fields in, fields out, made into objects by hand. */
import { BatchExecuteStatementCommand, ExecuteStatementCommand, RDSDataClient } from "@aws-sdk/client-rds-data";

export function open({ endpoint, region, credentials, target }) {
  const client = new RDSDataClient({ endpoint, region, credentials });
  const rowsOf = ({ columnMetadata, records }) =>
    records.map((record) =>
      Object.fromEntries(
        record.map((field, index) => [columnMetadata[index].name, field.isNull ? null : Object.values(field)[0]]),
      ),
    );
  const select = async (sql, parameters) =>
    rowsOf(await client.send(new ExecuteStatementCommand({ ...target, sql, parameters, includeResultMetadata: true })));
  return {
    one: async (id) =>
      (await select("select id, name from items where id = :id", [{ name: "id", value: { longValue: id } }]))[0],
    many: () => select("select * from wide", []),
    insert: (rows) =>
      client.send(
        new BatchExecuteStatementCommand({
          ...target,
          sql: "insert into written (id, name, price, active, note) values (:id, :name, :price, :active, :note)",
          parameterSets: rows.map(({ id, name, price, active, note }) => [
            { name: "id", value: { longValue: id } },
            { name: "name", value: { stringValue: name } },
            { name: "price", value: { doubleValue: price } },
            { name: "active", value: { booleanValue: active } },
            { name: "note", value: { stringValue: note } },
          ]),
        }),
      ),
    close: () => client.destroy(),
  };
}
