import connect from "data-api-client";

export function open({ endpoint, region, credentials, target }) {
  const { resourceArn, secretArn, database } = target;
  const options = { endpoint, region, credentials };
  const db = connect({ resourceArn, secretArn, database, engine: "pg", sslEnabled: false, options });
  return {
    one: async (id) => (await db.query("select id, name from items where id = :id", { id })).records[0],
    many: async () => (await db.query("select * from wide")).records,
    insert: (rows) =>
      db.query(
        "insert into written (id, name, price, active, note) values (:id, :name, :price, :active, :note)",
        rows.map((row) => [row]),
      ),
    close() {},
  };
}
