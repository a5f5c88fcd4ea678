/** Dashboards: kept, and given back. Nothing draws them on this machine. */
import type { Cloud, Operation, Service } from "../../service.ts";
import { AwsError } from "../../service.ts";

interface Kept {
  body: string;
  modifiedAt: number;
}

export interface Dashboards {
  operations: Record<string, Operation>;
  resources: Service["resources"];
}

export function dashboardsOf({ database, account, clock }: Cloud): Dashboards {
  database.exec(
    "CREATE TABLE IF NOT EXISTS monitoring_dashboards (name TEXT PRIMARY KEY, body TEXT NOT NULL, modified INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  );
  const sql = {
    all: database.prepare("SELECT * FROM monitoring_dashboards"),
    save: database.prepare("INSERT OR REPLACE INTO monitoring_dashboards VALUES (?, ?, ?)"),
    remove: database.prepare("DELETE FROM monitoring_dashboards WHERE name = ?"),
  };
  const all = new Map<string, Kept>();
  for (const { name, body, modified } of sql.all.all()) {
    all.set(String(name), { body: String(body), modifiedAt: Number(modified) });
  }
  const arnOf = (name: string) => `arn:aws:cloudwatch::${account}:dashboard/${name}`;
  const on = (action: string) => (input: { DashboardName?: string }) => ({
    action: `cloudwatch:${action}`,
    resource: arnOf(input.DashboardName ?? "*"),
  });

  function found(name: string | undefined): Kept {
    const dashboard = all.get(name ?? "");
    if (!dashboard) throw new AwsError("ResourceNotFound", `Dashboard ${name} does not exist`, 404);
    return dashboard;
  }

  return {
    resources: {
      "aws:cloudwatch/dashboard:Dashboard": ({ inputs, outputs, name }) => {
        const body = check(String(inputs.dashboardBody));
        all.set(String(outputs.dashboardName ?? inputs.dashboardName ?? name), { body, modifiedAt: clock.now() });
      },
    },
    operations: {
      PutDashboard: {
        authorize: on("PutDashboard"),
        run({ DashboardName: name = "", DashboardBody = "" }: { DashboardName?: string; DashboardBody?: string }) {
          if (!/^[\w-]{1,255}$/.test(name)) throw invalid(`The value ${name} for field DashboardName is not a name.`);
          const kept = { body: check(DashboardBody), modifiedAt: clock.now() };
          all.set(name, kept);
          sql.save.run(name, kept.body, kept.modifiedAt);
          return { DashboardValidationMessages: [] };
        },
      },
      GetDashboard: {
        authorize: on("GetDashboard"),
        run({ DashboardName: name }: { DashboardName?: string }) {
          return { DashboardName: name, DashboardArn: arnOf(name!), DashboardBody: found(name).body };
        },
      },
      ListDashboards: {
        authorize: on("ListDashboards"),
        run({ DashboardNamePrefix: prefix = "" }: { DashboardNamePrefix?: string }) {
          const names = [...all.keys()].filter((name) => name.startsWith(prefix)).sort();
          const DashboardEntries = names.map((name) => {
            const { body, modifiedAt } = all.get(name)!;
            const Size = Buffer.byteLength(body);
            return { DashboardName: name, DashboardArn: arnOf(name), LastModified: new Date(modifiedAt), Size };
          });
          return { DashboardEntries };
        },
      },
      DeleteDashboards: {
        authorize: ({ DashboardNames = [] }: { DashboardNames?: string[] }) =>
          DashboardNames.map((DashboardName) => on("DeleteDashboards")({ DashboardName })),
        run({ DashboardNames = [] }: { DashboardNames?: string[] }) {
          for (const name of DashboardNames) found(name);
          for (const name of DashboardNames) {
            all.delete(name);
            sql.remove.run(name);
          }
          return {};
        },
      },
    },
  };
}

function check(body: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // Said below.
  }
  if (typeof parsed !== "object" || parsed === null) {
    throw invalid("The field DashboardBody must be a valid JSON object.");
  }
  return body;
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterInput", message);
}
