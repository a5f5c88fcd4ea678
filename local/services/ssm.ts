/**
 * SSM Parameter Store: String, StringList and SecureString, with versions, by name and by path.
 * Not emulated: parameter policies, labels, advanced tiers, KMS grants (SecureString is kept in the state folder as it is).
 */
import type { Resource } from "../../engine/graph.ts";
import { type Access, AwsError, type Cloud, type Service } from "../service.ts";

interface ParameterRow {
  name: string;
  type: "String" | "StringList" | "SecureString";
  value: string;
  description: string | null;
  version: number;
  modified: number;
}

export function ssm(cloud: Cloud): Service {
  const { database } = cloud;
  database.exec(`CREATE TABLE IF NOT EXISTS ssm_parameters (
    name TEXT PRIMARY KEY, type TEXT NOT NULL, value TEXT NOT NULL, description TEXT,
    version INTEGER NOT NULL, modified INTEGER NOT NULL) STRICT`);
  const select = database.prepare("SELECT * FROM ssm_parameters WHERE name = ?");
  const below = database.prepare("SELECT * FROM ssm_parameters WHERE name LIKE ? ESCAPE '\\' ORDER BY name");
  const upsert = database.prepare(`INSERT INTO ssm_parameters VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET type = excluded.type, value = excluded.value, description = excluded.description,
    version = excluded.version, modified = excluded.modified`);
  const remove = database.prepare("DELETE FROM ssm_parameters WHERE name = ?");

  const arnOf = (name: string) =>
    `arn:aws:ssm:${cloud.region}:${cloud.account}:parameter${name.startsWith("/") ? name : `/${name}`}`;
  const find = (name: string) => select.get(plainName(name)) as ParameterRow | undefined;
  const access = (action: string, name: string): Access => ({
    action: `ssm:${action}`,
    resource: arnOf(plainName(name)),
  });

  /** A parameter may be asked for by ARN, and with a version after a colon. */
  function plainName(name: string): string {
    const bare = name.startsWith("arn:") ? name.slice(name.indexOf(":parameter") + ":parameter".length) : name;
    return bare.replace(/:\d+$/, "");
  }

  function put(name: string, type: ParameterRow["type"], value: string, description?: string): number {
    const version = (find(name)?.version ?? 0) + 1;
    upsert.run(name, type, value, description ?? null, version, cloud.clock.now());
    return version;
  }

  function describe(row: ParameterRow) {
    return {
      Name: row.name,
      Type: row.type,
      Value: row.value,
      Version: row.version,
      LastModifiedDate: new Date(row.modified),
      ARN: arnOf(row.name),
      DataType: "text",
    };
  }

  function get(name: string, decrypt = false) {
    const row = find(name);
    if (!row) throw new AwsError("ParameterNotFound", `Parameter ${name} not found.`);
    const parameter = describe(row);
    // Without decryption AWS returns the ciphertext; there is no cipher here to show.
    if (row.type === "SecureString" && !decrypt) parameter.Value = "(encrypted: ask with WithDecryption)";
    return parameter;
  }

  return {
    name: "ssm",
    client: () => import("@aws-sdk/client-ssm"),
    resources: {
      "aws:ssm/parameter:Parameter": ({ inputs, outputs }: Resource) => {
        const name = String(outputs.name);
        const value = String(inputs.value ?? inputs.insecureValue ?? "");
        const known = find(name);
        if (known && (known.value === value || ignoresValue(inputs))) return;
        put(name, inputs.type as ParameterRow["type"], value, inputs.description as string);
      },
    },
    operations: {
      PutParameter: {
        authorize: ({ Name }) => access("PutParameter", Name),
        run({ Name, Type, Value, Description, Overwrite }) {
          const known = find(Name);
          if (known && !Overwrite) {
            throw new AwsError(
              "ParameterAlreadyExists",
              "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            );
          }
          if (!known && !Type)
            throw new AwsError("ValidationException", "A parameter type is required when you create a parameter.");
          if (Buffer.byteLength(Value ?? "") > 4096) {
            throw new AwsError(
              "ValidationException",
              "Standard tier parameters support a maximum parameter value of 4096 characters.",
            );
          }
          if (!Value) throw new AwsError("ValidationException", "Parameter value can't be empty.");
          return { Version: put(Name, Type ?? known!.type, Value, Description), Tier: "Standard" };
        },
      },
      GetParameter: {
        authorize: ({ Name }) => access("GetParameter", Name),
        run: ({ Name, WithDecryption }) => ({ Parameter: get(Name, WithDecryption) }),
      },
      GetParameters: {
        authorize: ({ Names }) => (Names as string[]).map((name) => access("GetParameters", name)),
        run({ Names, WithDecryption }) {
          const found = (Names as string[]).filter((name) => find(name));
          return {
            Parameters: found.map((name) => get(name, WithDecryption)),
            InvalidParameters: (Names as string[]).filter((name) => !find(name)),
          };
        },
      },
      GetParametersByPath: {
        authorize: ({ Path }) => access("GetParametersByPath", Path),
        run({ Path, Recursive, WithDecryption, MaxResults = 10, NextToken }) {
          const base = Path.endsWith("/") ? Path : `${Path}/`;
          const rows = below.all(`${base.replace(/[\\%_]/g, "\\$&")}%`) as unknown as ParameterRow[];
          const matching = rows.filter(({ name }) => Recursive || !name.slice(base.length).includes("/"));
          const start = Number(NextToken ?? 0);
          const page = matching.slice(start, start + MaxResults);
          const more = start + page.length < matching.length;
          return {
            Parameters: page.map(({ name }) => get(name, WithDecryption)),
            NextToken: more ? String(start + page.length) : undefined,
          };
        },
      },
      DescribeParameters: {
        authorize: () => ({
          action: "ssm:DescribeParameters",
          resource: `arn:aws:ssm:${cloud.region}:${cloud.account}:*`,
        }),
        run: () => ({
          Parameters: (below.all("%") as unknown as ParameterRow[]).map((row) => ({
            ...describe(row),
            Value: undefined,
          })),
        }),
      },
      DeleteParameter: {
        authorize: ({ Name }) => access("DeleteParameter", Name),
        run({ Name }) {
          get(Name);
          remove.run(plainName(Name));
          return {};
        },
      },
      DeleteParameters: {
        authorize: ({ Names }) => (Names as string[]).map((name) => access("DeleteParameters", name)),
        run({ Names }) {
          const [there, missing] = [[], []] as [string[], string[]];
          for (const name of Names as string[]) (find(name) ? there : missing).push(name);
          for (const name of there) remove.run(plainName(name));
          return { DeletedParameters: there, InvalidParameters: missing };
        },
      },
    },
  };
}

/** A placeholder that the program only declares: what an operator put there since stays. */
function ignoresValue(inputs: Resource["inputs"]): boolean {
  return inputs.value === "unset";
}
