/** Grants: what somebody may do with a key beside its policy. They are judged as statements of it. */
import { randomBytes } from "node:crypto";
import type { CreateGrantCommandInput, GrantListEntry } from "@aws-sdk/client-kms";
import { AwsError, type Cloud } from "../../service.ts";
import type { Key } from "./keys.ts";

export interface Grant extends Omit<CreateGrantCommandInput, "KeyId" | "DryRun" | "GrantTokens"> {
  id: string;
  token: string;
  keyId: string;
  createdAt: number;
}

const OPERATIONS = [
  "CreateGrant",
  "Decrypt",
  "DescribeKey",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "GenerateMac",
  "GetPublicKey",
  "ReEncryptFrom",
  "ReEncryptTo",
  "RetireGrant",
  "Sign",
  "Verify",
  "VerifyMac",
];

export type Grants = ReturnType<typeof grantStore>;

export function grantStore({ database, clock }: Cloud) {
  database.exec(`CREATE TABLE IF NOT EXISTS kms_grants (
    id TEXT PRIMARY KEY, token TEXT NOT NULL, key_id TEXT NOT NULL, record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`);
  const insert = database.prepare("INSERT INTO kms_grants VALUES (?, ?, ?, ?)");
  const select = database.prepare("SELECT record FROM kms_grants WHERE key_id = ? ORDER BY id");
  const byToken = database.prepare("SELECT record FROM kms_grants WHERE token = ? OR id = ?");
  const all = database.prepare("SELECT record FROM kms_grants ORDER BY id");
  const remove = database.prepare("DELETE FROM kms_grants WHERE id = ?");
  const grantOf = (row: Record<string, unknown>) => JSON.parse(String(row.record)) as Grant;
  // Every call on a key asks for its grants.
  const cache = new Map<string, Grant[]>();

  function of(keyId: string): Grant[] {
    let grants = cache.get(keyId);
    if (!grants) {
      grants = select.all(keyId).map(grantOf);
      cache.set(keyId, grants);
    }
    return grants;
  }

  return {
    of,
    list: (): Grant[] => all.all().map(grantOf),

    /** Idempotent by name: the same grant of the same name is the one that is there. */
    create(key: Key, input: CreateGrantCommandInput): Grant {
      const { GranteePrincipal = "", Operations = [], Constraints, Name, RetiringPrincipal } = input;
      const unknown = Operations.filter((operation) => !OPERATIONS.includes(operation));
      if (Operations.length === 0 || unknown.length > 0)
        throw new AwsError("ValidationException", `Operations must be one or more of: ${OPERATIONS.join(", ")}`);
      if (!/^arn:aws:(iam|sts)::\d{12}:.+$/.test(GranteePrincipal))
        throw new AwsError("InvalidArnException", `GranteePrincipal is not a valid principal: ${GranteePrincipal}`);
      const wanted = { GranteePrincipal, Operations, Constraints, Name, RetiringPrincipal };
      const same = of(key.id).find((grant) => {
        const { id: _, token: __, keyId: ___, createdAt: ____, ...rest } = grant;
        return Name !== undefined && JSON.stringify(rest) === JSON.stringify(wanted);
      });
      if (same) return same;
      const [id, token] = [randomBytes(32).toString("hex"), randomBytes(96).toString("base64")];
      const grant: Grant = { ...wanted, id, token, keyId: key.id, createdAt: clock.now() };
      insert.run(id, token, key.id, JSON.stringify(grant));
      cache.delete(key.id);
      return grant;
    },

    find(tokenOrId: string | undefined): Grant | undefined {
      const row = byToken.get(tokenOrId ?? "", tokenOrId ?? "");
      return row && grantOf(row);
    },

    remove({ id, keyId }: Grant): void {
      remove.run(id);
      cache.delete(keyId);
    },

    statements: (key: Key): object[] => of(key.id).map(statementOf),
  };
}

function statementOf({ GranteePrincipal, Operations = [], Constraints }: Grant): object {
  const subset = Constraints?.EncryptionContextEquals ?? Constraints?.EncryptionContextSubset;
  const StringEquals = Object.fromEntries(
    Object.entries(subset ?? {}).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
  );
  const keys = Object.keys(Constraints?.EncryptionContextEquals ?? {});
  return {
    Effect: "Allow",
    Principal: { AWS: GranteePrincipal },
    Action: Operations.map((operation) => `kms:${operation}`),
    Resource: "*",
    ...(subset && {
      Condition: {
        StringEquals,
        ...(keys.length > 0 && { "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": keys } }),
      },
    }),
  };
}

export function describeGrant(grant: Grant, keyArn: string): GrantListEntry {
  const { id, token: _, keyId: __, createdAt, ...rest } = grant;
  return { ...rest, GrantId: id, KeyId: keyArn, CreationDate: new Date(createdAt) };
}
