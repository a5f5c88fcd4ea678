/** PartiQL: statements on items, alone, in batches and in transactions. */
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  ExecuteTransactionCommand,
  GetItemCommand,
} from "@aws-sdk/client-dynamodb";
import { type DynamoCloud, startDynamo } from "./fixture.ts";

const ARN = "arn:aws:dynamodb:eu-west-1:000000000000:table/photos";

let cloud: DynamoCloud;
let client: DynamoDBClient;
beforeAll(async () => {
  cloud = await startDynamo({ tables: [] });
  client = cloud.client;
  await cloud.provision({
    ...{ name: "photos", hashKey: "tenant", rangeKey: "taken" },
    attributes: { tenant: "S", taken: "N", size: "N" },
    globalSecondaryIndexes: [{ name: "by-size", hashKey: "tenant", rangeKey: "size", projectionType: "ALL" }],
  });
});
beforeEach(async () => {
  for (const taken of [1, 2, 3]) await insert("acme", taken, 10 * taken);
  await insert("globex", 1, 5);
});
afterEach(async () => {
  const { Items = [] } = await execute(`SELECT tenant, taken FROM photos`);
  for (const { tenant, taken } of Items) {
    await execute(`DELETE FROM photos WHERE tenant = ? AND taken = ?`, [tenant!, taken!]);
  }
});
afterAll(() => cloud.stop());

const execute = (Statement: string, Parameters?: AttributeValue[], more: Partial<ExecuteStatementCommandInput> = {}) =>
  client.send(new ExecuteStatementCommand({ Statement, Parameters, ...more }));
const insert = (tenant: string, taken: number, size: number) =>
  execute(`INSERT INTO photos VALUE {'tenant': ?, 'taken': ${taken}, 'size': ${size}, 'tags': <<'a', 'b'>>}`, [
    { S: tenant },
  ]);
const found = async (...input: Parameters<typeof execute>) =>
  (await execute(...input)).Items!.map(({ tenant, taken }) => `${tenant?.S ?? ""}${taken?.N ?? ""}`);
const item = async (tenant: string, taken: number) => {
  const Key = { tenant: { S: tenant }, taken: { N: String(taken) } };
  return (await client.send(new GetItemCommand({ TableName: "photos", Key }))).Item;
};
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => "succeeded",
    ({ name, message }: Error) => `${name}: ${message}`,
  );

describe("SELECT", () => {
  it("reads by key, by a range of the sort key, backwards, and by what is no key", async () => {
    const of = `SELECT * FROM "photos" WHERE "tenant" = 'acme'`;
    expect(await found(`${of} AND taken = 2`)).toEqual(["acme2"]);
    expect(await found(`${of} AND taken BETWEEN 2 AND 9`)).toEqual(["acme2", "acme3"]);
    expect(await found(`${of} AND taken > 1 AND taken < 3`)).toEqual(["acme2"]);
    expect(await found(`${of} AND taken >= ? ORDER BY taken DESC`, [{ N: "2" }])).toEqual(["acme3", "acme2"]);
    expect(await found(`${of} AND size <> 20`)).toEqual(["acme1", "acme3"]);
    expect(await found("select * from photos where size <= 10")).toEqual(expect.arrayContaining(["acme1", "globex1"]));
  });

  it.each([
    ["tenant IN ['globex', 'nobody']", ["globex1"]],
    ["tenant = 'acme' AND (size = 10 OR NOT size < 30)", ["acme1", "acme3"]],
    ["begins_with(tenant, 'glo')", ["globex1"]],
    [
      "tenant = 'acme' AND (size = 10 OR (size = 20 AND taken = 2) OR (size = 30 AND NOT taken = 3))",
      ["acme1", "acme2"],
    ],
    ["(size = 5 OR size = 10) AND (taken = 1 OR taken = 2)", ["acme1", "globex1"]],
    ["NOT (tenant = 'acme' OR size = 10)", ["globex1"]],
    ["((tenant = 'globex'))", ["globex1"]],
    ["tenant = 'acme' AND contains(tags, 'b') AND taken = 1", ["acme1"]],
    ["tenant = 'acme' AND size(tags) = 3", []],
    ["tenant = 'globex' AND tags IS MISSING", []],
    ["tenant = 'globex' AND tags IS NOT MISSING AND gone IS NOT NULL", ["globex1"]],
    ["tenant = 'acme' AND attribute_type(size, 'S')", []],
  ])("understands %s", async (where, expected) => {
    expect((await found(`SELECT * FROM photos WHERE ${where}`)).sort()).toEqual(expected);
  });

  it("gives the attributes that it names, members of maps under their own name", async () => {
    await execute(`UPDATE photos SET camera = {'make': 'x', 'lens': {'mm': 35}} WHERE tenant='acme' AND taken=1`);
    const { Items } = await execute(`SELECT taken, camera.lens.mm, gone FROM photos WHERE tenant='acme' AND taken=1`);
    expect(Items).toEqual([{ taken: { N: "1" }, mm: { N: "35" } }]);
  });

  it("reads an index, and comes in pages", async () => {
    expect(await found(`SELECT * FROM "photos"."by-size" WHERE tenant = 'acme' AND size > 10`)).toEqual([
      "acme2",
      "acme3",
    ]);
    const pages: string[][] = [];
    let NextToken: string | undefined;
    do {
      const page = await execute(`SELECT * FROM photos WHERE tenant = 'acme'`, undefined, { Limit: 2, NextToken });
      pages.push(page.Items!.map(({ taken }) => taken!.N!));
      ({ NextToken } = page);
    } while (NextToken);
    expect(pages).toEqual([["1", "2"], ["3"]]);
  });

  it.each([
    ["no statement", "SELECT", "Unexpected token: end of statement"],
    ["another verb", "MERGE INTO photos", "Unexpected token: MERGE"],
    ["a broken text", "SELECT * FROM photos WHERE tenant = 'acme", "Unexpected character at 'acme"],
    ["too few parameters", "SELECT * FROM photos WHERE tenant = ?", "Number of parameters in request and statement"],
    ["something behind it", "SELECT * FROM photos; DELETE FROM photos", "Unexpected"],
    ["an order without a key", "SELECT * FROM photos ORDER BY taken", "Must have WHERE clause"],
    ["an order by what is no key", "SELECT * FROM photos WHERE tenant='a' ORDER BY size", "part of the primary key"],
    ["an index that is not there", 'SELECT * FROM photos."x"', "does not have the specified index: x"],
    ["an element of a list", "SELECT tags[0] FROM photos", "no elements of lists"],
    ["an empty list", "SELECT * FROM photos WHERE tenant IN []", "IN has at least one value"],
    ["what is nested without end", `SELECT * FROM photos WHERE ${"(".repeat(4000)}`, "More than 64 levels"],
    ["a mixed set", "SELECT * FROM photos WHERE tags = <<1, 'a'>>", "A set is of strings, numbers or binaries"],
  ])("refuses %s", async (_, statement, problem) => {
    const answer = await refusal(execute(statement));
    expect(answer).toMatch(/^ValidationException: /);
    expect(answer).toContain(problem);
  });

  it("refuses a table that is not there, and a token of its own making", async () => {
    expect(await refusal(execute("SELECT * FROM nothing"))).toMatch(/^ResourceNotFoundException/);
    const more = { NextToken: "x" };
    expect(await refusal(execute("SELECT * FROM photos", undefined, more))).toMatch(/NextToken does not match request/);
    for (const made of ["null", "5", '{"tenant":5}', '{"tenant":{"S":"a"}}']) {
      const NextToken = Buffer.from(made).toString("base64");
      expect(await refusal(execute("SELECT * FROM photos", undefined, { NextToken }))).toMatch(/^ValidationException/);
    }
  });
});

describe("INSERT, UPDATE and DELETE", () => {
  it("insert what is not there yet, every type", async () => {
    await execute(
      `INSERT INTO "photos" VALUE {'tenant': 'it''s', 'taken': -1.5, 'ok': true, 'none': null, 'list': [1, {'a': ?}]}`,
      [{ B: new Uint8Array([1]) }],
    );
    expect(await item("it's", -1.5)).toEqual({
      ...{ tenant: { S: "it's" }, taken: { N: "-1.5" }, ok: { BOOL: true }, none: { NULL: true } },
      list: { L: [{ N: "1" }, { M: { a: { B: new Uint8Array([1]) } } }] },
    });
    expect(await refusal(insert("acme", 1, 99))).toBe("DuplicateItemException: Duplicate primary key exists in table");
    expect((await item("acme", 1))!.size).toEqual({ N: "10" });
    expect(await refusal(execute("INSERT INTO photos VALUE {'tenant': 'x'}"))).toContain("Missing the key taken");
    expect(await refusal(execute("INSERT INTO photos VALUE 'x'"))).toContain("INSERT takes one item");
  });

  it("update one item: set, count, append, sets, remove, and give it back", async () => {
    const where = `WHERE tenant = 'acme' AND taken = 1`;
    const { Items } = await execute(
      `UPDATE photos SET size = size + 5 SET title = ?, tags = set_add(tags, <<'c'>>) REMOVE gone ${where} RETURNING ALL NEW *`,
      [{ S: "sea" }],
    );
    expect(Items).toEqual([
      {
        tenant: { S: "acme" },
        taken: { N: "1" },
        size: { N: "15" },
        title: { S: "sea" },
        tags: { SS: ["a", "b", "c"] },
      },
    ]);
    await execute(`UPDATE photos SET notes = ['x'] ${where}`);
    await execute(`UPDATE photos SET notes = list_append(notes, ['y']) REMOVE title ${where}`);
    const { Items: old } = await execute(
      `UPDATE photos SET tags = set_delete(tags, <<'a','b'>>) ${where} AND size = 15 RETURNING MODIFIED OLD *`,
    );
    expect(old).toEqual([{ tags: { SS: ["a", "b", "c"] } }]);
    expect(await item("acme", 1)).toMatchObject({ notes: { L: [{ S: "x" }, { S: "y" }] }, tags: { SS: ["c"] } });
    expect(await item("acme", 1)).not.toHaveProperty("title");
  });

  it("update nothing where the condition does not hold, or nothing is there", async () => {
    const none = "ConditionalCheckFailedException: The conditional request failed";
    expect(await refusal(execute(`UPDATE photos SET a = 1 WHERE tenant='acme' AND taken=1 AND size=11`))).toBe(none);
    expect(await refusal(execute(`UPDATE photos SET a = 1 WHERE tenant='acme' AND taken=9`))).toBe(none);
    expect(await item("acme", 9)).toBeUndefined();
  });

  it("delete one item, unless it is another than was thought; what is not there is no failure", async () => {
    const { Items } = await execute(`DELETE FROM photos WHERE tenant='acme' AND taken=1 RETURNING ALL OLD *`);
    expect(Items).toMatchObject([{ size: { N: "10" } }]);
    expect(await item("acme", 1)).toBeUndefined();
    await execute(`DELETE FROM photos WHERE tenant='acme' AND taken=1 AND size=1 AND (a = 1 OR b = 2)`);
    expect(await refusal(execute(`DELETE FROM photos WHERE tenant='acme' AND taken=2 AND size=1`))).toMatch(
      /^ConditionalCheckFailedException/,
    );
    expect(await item("acme", 2)).toBeDefined();
  });

  it.each([
    [
      "an update without the whole key",
      "UPDATE photos SET a = 1 WHERE tenant = 'acme'",
      "mandatory equality on all key",
    ],
    [
      "an update of many",
      "UPDATE photos SET a = 1 WHERE tenant = 'acme' AND taken > 0",
      "mandatory equality on all key",
    ],
    ["a deletion of all", "DELETE FROM photos", "mandatory equality on all key"],
    ["a change of the key", "UPDATE photos SET taken = 2 WHERE tenant='acme' AND taken=1", "part of the key"],
    ["nothing to change", "UPDATE photos WHERE tenant='acme' AND taken=1", "Unexpected token: WHERE"],
    ["another return", "DELETE FROM photos WHERE tenant='a' AND taken=1 RETURNING ALL NEW *", "DELETE returns ALL OLD"],
    ["a set of another one", "UPDATE photos SET a = set_add(b, <<1>>) WHERE tenant='a' AND taken=1", "set_add changes"],
  ])("refuse %s", async (_, statement, problem) => {
    const answer = await refusal(execute(statement));
    expect(answer).toMatch(/^ValidationException: /);
    expect(answer).toContain(problem);
  });
});

describe("several statements", () => {
  const batch = async (...statements: string[]) =>
    (
      await client.send(
        new BatchExecuteStatementCommand({ Statements: statements.map((Statement) => ({ Statement })) }),
      )
    ).Responses!;
  const transact = (...statements: string[]) =>
    client.send(new ExecuteTransactionCommand({ TransactStatements: statements.map((Statement) => ({ Statement })) }));
  const select = (tenant: string, taken: number) =>
    `SELECT size FROM photos WHERE tenant='${tenant}' AND taken=${taken}`;

  it("a batch answers each by itself", async () => {
    const read = await batch(select("acme", 1), select("acme", 9), "SELECT * FROM photos", select("globex", 1));
    expect(read).toEqual([
      { TableName: "photos", Item: { size: { N: "10" } } },
      { TableName: "photos" },
      {
        TableName: "photos",
        Error: {
          Code: "ValidationError",
          Message: "Select statements within BatchExecuteStatement must specify the primary key in the where clause.",
        },
      },
      { TableName: "photos", Item: { size: { N: "5" } } },
    ]);
    const written = await batch(
      `UPDATE photos SET size = 1 WHERE tenant='acme' AND taken=1`,
      `INSERT INTO photos VALUE {'tenant':'acme','taken':2}`,
      `INSERT INTO photos VALUE {'tenant':'acme','taken':4}`,
      select("acme", 1),
    );
    expect(written.map(({ Error: error }) => error?.Code)).toEqual([
      ...[undefined, "DuplicateItem", undefined, "ValidationError"],
    ]);
    expect(await item("acme", 4)).toBeDefined();
    expect(await refusal(batch(...new Array<string>(26).fill(select("a", 1))))).toMatch(/1 to 25 statements/);
  });

  it("a transaction is all or nothing, and says for each why", async () => {
    await transact(
      `EXISTS(SELECT * FROM photos WHERE tenant='globex' AND taken=1 AND size=5)`,
      `UPDATE photos SET size = 100 WHERE tenant='acme' AND taken=1`,
      `INSERT INTO photos VALUE {'tenant':'acme','taken':5}`,
      `DELETE FROM photos WHERE tenant='acme' AND taken=2`,
    );
    expect([(await item("acme", 1))!.size, await item("acme", 2)]).toEqual([{ N: "100" }, undefined]);
    const failing = transact(
      `UPDATE photos SET size = 7 WHERE tenant='acme' AND taken=1`,
      `INSERT INTO photos VALUE {'tenant':'acme','taken':5}`,
      `EXISTS(SELECT * FROM photos WHERE tenant='globex' AND taken=1 AND size=6)`,
    );
    const error = await failing.catch((thrown) => thrown);
    expect(error.name).toBe("TransactionCanceledException");
    expect(error.CancellationReasons.map(({ Code }: { Code: string }) => Code)).toEqual([
      ...["None", "DuplicateItem", "ConditionalCheckFailed"],
    ]);
    expect((await item("acme", 1))!.size).toEqual({ N: "100" });
  });

  it("a transaction that reads reads all at once, and does not write", async () => {
    const { Responses } = await transact(select("acme", 1), select("acme", 9), select("globex", 1));
    expect(Responses).toEqual([{ Item: { size: { N: "10" } } }, {}, { Item: { size: { N: "5" } } }]);
    const mixed = transact(select("acme", 1), "DELETE FROM photos WHERE tenant='acme' AND taken=1");
    expect(await refusal(mixed)).toMatch(/either all read or all write/);
    expect(await item("acme", 1)).toBeDefined();
    expect(await refusal(execute("EXISTS(SELECT * FROM photos WHERE tenant='acme' AND taken=1)"))).toMatch(
      /EXISTS is for transactions/,
    );
  });
});

describe("who may", () => {
  const as = (name: string, ...statements: object[]) => {
    const arn = `arn:aws:iam::000000000000:role/${name}`;
    cloud.running.iam.roles.set(arn, {
      ...{ arn, name, trustPolicy: JSON.stringify({ Version: "2012-10-17", Statement: [] }), maxSessionSeconds: 3600 },
      policies: new Map([["it", JSON.stringify({ Version: "2012-10-17", Statement: statements })]]),
    });
    const own = new DynamoDBClient(cloud.running.client(arn, { TenantId: "acme" }));
    return async (Statement: string) => {
      const answer = await refusal(own.send(new ExecuteStatementCommand({ Statement })));
      return answer.startsWith("AccessDeniedException") ? "denied" : answer;
    };
  };

  it("each kind of statement is an action of its own", async () => {
    const run = as("selects", { Effect: "Allow", Action: "dynamodb:PartiQLSelect", Resource: ARN });
    expect(await run("SELECT * FROM photos WHERE tenant='acme'")).toBe("succeeded");
    expect(await run(`SELECT * FROM photos."by-size" WHERE tenant='acme'`)).toBe("denied");
    expect(await run("INSERT INTO photos VALUE {'tenant':'a','taken':1}")).toBe("denied");
    expect(await run("UPDATE photos SET a = 1 WHERE tenant='acme' AND taken=1")).toBe("denied");
    expect(await run("DELETE FROM photos WHERE tenant='acme' AND taken=1")).toBe("denied");
    const items = as("items", { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:Query"], Resource: ARN });
    expect(await items("SELECT * FROM photos WHERE tenant='acme' AND taken=1")).toBe("denied");
  });

  it("a tenant stays with its own keys, however it asks for others'", async () => {
    const run = as(
      "tenant",
      {
        ...{ Effect: "Allow", Action: "dynamodb:PartiQL*", Resource: [ARN, `${ARN}/index/*`] },
        Condition: {
          "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["$" + "{aws:PrincipalTag/TenantId}"] },
        },
      },
      {
        ...{ Effect: "Deny", Action: "dynamodb:PartiQLSelect", Resource: "*" },
        Condition: { Bool: { "dynamodb:FullTableScan": "true" } },
      },
    );
    expect(await run("SELECT * FROM photos WHERE tenant='acme'")).toBe("succeeded");
    expect(await run(`SELECT * FROM photos."by-size" WHERE tenant='acme' AND size > 1`)).toBe("succeeded");
    expect(await run("UPDATE photos SET a = 1 WHERE tenant='acme' AND taken=1")).toBe("succeeded");
    for (const where of [
      ...["tenant='globex'", "tenant IN ['acme','globex']", "tenant='acme' OR tenant='globex'"],
      ...["tenant='acme' OR size=5", "tenant > 'a'", "NOT tenant = 'acme'", "size = 5"],
    ]) {
      expect([where, await run(`SELECT * FROM photos WHERE ${where}`)]).toEqual([where, "denied"]);
    }
    expect(await run("INSERT INTO photos VALUE {'tenant':'globex','taken':9}")).toBe("denied");
    expect(await run("DELETE FROM photos WHERE tenant='globex' AND taken=1")).toBe("denied");
  });
});
