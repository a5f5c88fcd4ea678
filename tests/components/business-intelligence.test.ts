import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

const analysts = "arn:aws:quicksight:eu-west-1:000000000000:group/default/analysts";
const perDay = {
  sql: "SELECT tenant, day, count(*) AS records FROM requests WHERE tenant IN ('acme', 'globex') GROUP BY 1, 2",
  columns: { tenant: "STRING", day: "DATETIME", records: "INTEGER" },
} satisfies terrace.DataSetArgs;

const intelligence =
  (args: Partial<terrace.BusinessIntelligenceArgs> = {}) =>
  () => {
    const lake = new terrace.DataLake("usage", {
      tables: { requests: { columns: { route: "string" } } },
      tenants: ["acme"],
    });
    return new terrace.BusinessIntelligence("bi", { lake, readers: [analysts], dataSets: { perDay }, ...args });
  };

describe("BusinessIntelligence", () => {
  it("asks the lake in its own workgroup, as a role that QuickSight alone takes on, for this account", async () => {
    const stack = await deploy(intelligence());
    const role = stack.resource("aws:iam/role:Role", "bi-role");
    expect(stack.resource("aws:quicksight/dataSource:DataSource").inputs).toMatchObject({
      type: "ATHENA",
      parameters: {
        athena: {
          workGroup: stack.resource("aws:athena/workgroup:Workgroup", "usage-workgroup").inputs.name,
          roleArn: role.outputs.arn,
        },
      },
    });
    expect(JSON.parse(String(role.inputs.assumeRolePolicy)).Statement[0]).toMatchObject({
      Principal: { Service: "quicksight.amazonaws.com" },
      Condition: {
        StringEquals: { "aws:SourceAccount": "000000000000" },
        ArnLike: { "aws:SourceArn": "arn:aws:quicksight:eu-west-1:000000000000:datasource/*" },
      },
    });
    for (const { Resource } of JSON.parse(String(stack.resource("RolePolicy", "bi-policy").inputs.policy)).Statement) {
      expect([Resource].flat()).not.toContain("*");
    }
  });

  it("of one tenant, reaches this tenant's data and results only", async () => {
    const stack = await deploy(intelligence({ tenant: "acme" }));
    expect(stack.resource("aws:quicksight/dataSource:DataSource").inputs.parameters).toMatchObject({
      athena: { workGroup: stack.resource("aws:athena/workgroup:Workgroup", "usage-acme-workgroup").inputs.name },
    });
    const policy = String(stack.resource("RolePolicy", "bi-policy").inputs.policy);
    expect(policy).toContain("/tenants/acme/*");
    expect(policy).not.toContain("/tenants/*");
  });

  it("lets readers build on its data sets, and not change them", async () => {
    const { inputs } = (await deploy(intelligence())).resource("aws:quicksight/dataSet:DataSet");
    expect(inputs).toMatchObject({
      importMode: "DIRECT_QUERY",
      physicalTableMaps: [
        {
          customSql: {
            sqlQuery: perDay.sql,
            columns: [
              { name: "tenant", type: "STRING" },
              { name: "day", type: "DATETIME" },
              { name: "records", type: "INTEGER" },
            ],
          },
        },
      ],
    });
    const [permission] = inputs.permissions as { principal: string; actions: string[] }[];
    expect(permission!.principal).toBe(analysts);
    expect(permission!.actions.filter((action) => /Update|Delete|Create/.test(action))).toEqual([]);
  });

  it("shows an embedded dashboard the rows of its session's tenant only", async () => {
    const stack = await deploy(intelligence({ dataSets: { perDay: { ...perDay, tenantColumn: "tenant" } } }));
    expect(stack.resource("aws:quicksight/dataSet:DataSet").inputs.rowLevelPermissionTagConfiguration).toEqual({
      status: "ENABLED",
      tagRules: [{ columnName: "tenant", tagKey: "TenantId" }],
    });
  });

  it("renews a copy each night", async () => {
    const stack = await deploy(intelligence({ dataSets: { perDay: { ...perDay, importMode: "SPICE" } } }));
    expect(stack.resource("RefreshSchedule").inputs).toMatchObject({
      dataSetId: stack.resource("aws:quicksight/dataSet:DataSet").inputs.dataSetId,
      schedule: { refreshType: "FULL_REFRESH", scheduleFrequency: { interval: "DAILY", timeOfTheDay: "04:00" } },
    });
    expect((await deploy(intelligence())).all("RefreshSchedule")).toEqual([]);
  });

  const one = (args: object) => ({ dataSets: { perDay: { ...perDay, ...args } } });
  it.each(
    byMessage<Partial<terrace.BusinessIntelligenceArgs>>([
      [{ lake: undefined as never }, "lake is missing; say what is asked"],
      [{ readers: [] }, "readers is []; name who may build on it"],
      [{ readers: [pulumi.output("arn:aws:iam::000000000000:user/a")] }, "the ARN of a QuickSight user or group"],
      [{ dataSets: {} }, "dataSets is {}; ask at least one question"],
      [{ dataSets: { "a b": perDay } }, 'dataSets.a b is "a b"'],
      [one({ sql: "SELECT 1" }), 'dataSets.perDay.sql is "SELECT 1"; it has to be SQL that says for whom'],
      [one({ importMode: "COPY" }), 'dataSets.perDay.importMode is "COPY"'],
      [one({ columns: {} }), "dataSets.perDay.columns is {}"],
      [one({ columns: { day: "DATE" } }), 'dataSets.perDay.columns.day is "DATE"; it has to be STRING, INTEGER'],
      [one({ tenantColumn: "day" }), 'dataSets.perDay.tenantColumn is "day"; it has to be one of the columns'],
    ]),
  )("refuses: %s", async (message, args) => {
    const error = await refused(intelligence(args));
    expect(error).toContain('BusinessIntelligence "bi": ');
    expect(error).toContain(message);
  });

  it("refuses a tenant that the lake does not keep apart", async () => {
    expect(await refused(intelligence({ tenant: "globex" }))).toContain('DataLake "usage": tenant is "globex"');
  });
});
