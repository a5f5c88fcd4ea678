import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { TenantChanged } from "../../../functions/lifecycle/ports.ts";
import { provision, setState } from "../../../functions/lifecycle/provision.ts";
import { readLifecycleRequest, type TenantSpecification } from "../../../functions/lifecycle/request.ts";
import { scramVerifier } from "../../../functions/lifecycle/scram.ts";
import { TransitionRefused } from "../../../functions/lifecycle/states.ts";
import { FakeCloud } from "./fake-cloud.ts";

const settings = { cell: "eu1", poolDatabase: "app" };
const tenant = (changes: Partial<TenantSpecification> = {}): TenantSpecification => ({
  ...{ id: "acme", displayName: "Acme", tier: "basic", placement: "pool", cell: "eu1", hosts: ["Acme.example.com"] },
  ...changes,
});

describe("provisioning", () => {
  it("gives a tenant a role, a secret, an API key and parameters, and makes it ACTIVE", async () => {
    const cloud = new FakeCloud();
    const record = await provision(tenant(), settings, cloud);
    expect(record).toMatchObject({
      ...{ state: "ACTIVE", stateVersion: 2, database: "app", dbRole: "t_acme", dbSecretArn: "arn:secret:acme" },
      ...{ apiKeyId: "key-acme", hosts: ["acme.example.com"], statementTimeoutMs: 5000 },
    });
    expect(cloud.roles).toContain("t_acme");
    expect([...cloud.parameters.keys()]).toEqual(["acme/api-key", "acme/webhook-secret", "acme/cursor-key"]);
    expect(cloud.apiKeys.get("acme")).toEqual({ value: cloud.parameters.get("acme/api-key"), tier: "basic" });
    expect(cloud.migrated).toEqual([]);
  });

  it("makes and migrates a database of its own for a bridge tenant", async () => {
    const cloud = new FakeCloud();
    const record = await provision(tenant({ placement: "bridge" }), settings, cloud);
    expect(record.database).toBe("t_acme");
    expect(cloud.databases).toContain("t_acme");
    expect(cloud.migrated).toEqual(["t_acme"]);
    expect(cloud.statements).toContain('revoke connect, temporary on database "t_acme" from public');
  });

  it("tells no secret: neither the record, nor a statement, nor an error holds one", async () => {
    const cloud = new FakeCloud();
    const record = await provision(tenant(), settings, cloud);
    const told = JSON.stringify([record, cloud.statements]);
    for (const secret of [cloud.secrets.get("acme")!.password, ...cloud.parameters.values()])
      expect(told).not.toContain(secret);
  });

  it("again changes nothing but what is declared differently, and the tenant stays in service", async () => {
    const cloud = new FakeCloud();
    await provision(tenant(), settings, cloud);
    const { password } = cloud.secrets.get("acme")!;
    const parameters = new Map(cloud.parameters);
    const states: string[] = [];
    const { put } = cloud.registry;
    cloud.registry.put = async (record, version) => {
      states.push(record.state);
      return put(record, version);
    };
    const limits = { statementTimeoutMs: 900 };
    const record = await provision(tenant({ tier: "standard", limits }), settings, cloud);
    expect(record).toMatchObject({ tier: "standard", statementTimeoutMs: 900, state: "ACTIVE" });
    expect(states).toEqual(["ACTIVE", "ACTIVE"]);
    expect(cloud.secrets.get("acme")!.password).toBe(password);
    expect(cloud.parameters).toEqual(parameters);
    expect(cloud.statements).toContain("alter role \"t_acme\" set statement_timeout = '900ms'");
    expect(cloud.statements.filter((statement) => statement.startsWith("create role"))).toHaveLength(1);
  });

  it.each(["sql create database", "migrate", "databaseSecret", "sql create role", "sql alter role", "apiKey"])(
    "that stopped at %s says so, and the next run finishes it",
    async (step) => {
      const cloud = new FakeCloud();
      cloud.failAt = step;
      await expect(provision(tenant({ placement: "bridge" }), settings, cloud)).rejects.toThrow("failed");
      expect(cloud.records.get("acme")).toMatchObject({
        state: "FAILED",
        lastError: expect.stringContaining("failed"),
      });
      const record = await provision(tenant({ placement: "bridge" }), settings, cloud);
      expect(record).toMatchObject({ state: "ACTIVE", lastError: undefined });
      expect([cloud.secrets.size, cloud.apiKeys.size, cloud.roles.size]).toEqual([1, 1, 1]);
    },
  );

  it("that fails for a tenant in service leaves it in service", async () => {
    const cloud = new FakeCloud();
    await provision(tenant(), settings, cloud);
    cloud.failAt = "apiKey";
    await expect(provision(tenant(), settings, cloud)).rejects.toThrow("failed");
    expect(cloud.records.get("acme")).toMatchObject({ state: "ACTIVE", lastError: "apiKey failed" });
  });

  it("of two runs at a time lets one win and tells the other", async () => {
    const cloud = new FakeCloud();
    const outcomes = await Promise.allSettled([
      provision(tenant(), settings, cloud),
      provision(tenant(), settings, cloud),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(outcomes.find(({ status }) => status === "rejected")).toMatchObject({ reason: expect.any(TenantChanged) });
  });

  it("refuses a tenant of another cell", async () => {
    await expect(provision(tenant({ cell: "eu2" }), settings, new FakeCloud())).rejects.toThrow("belongs to cell eu2");
  });

  it("removes a webhook that is declared as null, and leaves it where nothing is declared", async () => {
    const cloud = new FakeCloud();
    await provision(tenant({ webhookUrl: "https://example.com/" }), settings, cloud);
    await provision(tenant(), settings, cloud);
    expect(cloud.parameters.get("acme/webhook-url")).toBe("https://example.com/");
    await provision(tenant({ webhookUrl: null }), settings, cloud);
    expect(cloud.parameters.has("acme/webhook-url")).toBe(false);
  });
});

describe("suspending", () => {
  it("and resuming change the state, once", async () => {
    const cloud = new FakeCloud();
    await provision(tenant(), settings, cloud);
    expect(await setState("acme", "SUSPENDED", cloud)).toMatchObject({ state: "SUSPENDED", stateVersion: 3 });
    expect(await setState("acme", "SUSPENDED", cloud)).toMatchObject({ stateVersion: 3 });
    expect((await provision(tenant(), settings, cloud)).state).toBe("SUSPENDED");
    expect(await setState("acme", "ACTIVE", cloud)).toMatchObject({ state: "ACTIVE" });
  });

  it("is refused for a tenant that is unknown or was never in service", async () => {
    const cloud = new FakeCloud();
    await expect(setState("acme", "SUSPENDED", cloud)).rejects.toThrow(TransitionRefused);
    cloud.failAt = "apiKey";
    await provision(tenant(), settings, cloud).catch(() => undefined);
    await expect(setState("acme", "ACTIVE", cloud)).rejects.toThrow("Tenant acme can not become ACTIVE: it is FAILED");
  });
});

describe("a lifecycle request", () => {
  it("is refused with everything that is wrong", () => {
    expect(() => readLifecycleRequest({ operation: "explode" })).toThrow("there are provision, suspend, resume");
    const bad = { operation: "provision", tenant: { ...tenant(), id: 'acme"; drop', placement: "tent" } };
    expect(() => readLifecycleRequest(bad)).toThrow(/\/tenant\/id .*\/tenant\/placement /);
  });

  it.each(["Acme", "ac", "a-b", "1ab", "a".repeat(32), 'a"b'])("does not take %j for a tenant's id", (id) => {
    expect(() => readLifecycleRequest({ operation: "provision", tenant: { ...tenant(), id } })).toThrow("/tenant/id");
  });
});

describe("a SCRAM verifier", () => {
  it("lets exactly the password through that it was made of", () => {
    const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
    const verifier = scramVerifier("pencil", salt);
    // RFC 7677's example: the server's proof follows from the stored server key.
    const serverKey = Buffer.from(verifier.split(":")[2] as string, "base64");
    const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const message = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`;
    expect(createHmac("sha256", serverKey).update(message).digest("base64")).toBe(
      "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    );
    const clientKey = createHmac("sha256", pbkdf2Sync("pencil", salt, 4096, 32, "sha256"))
      .update("Client Key")
      .digest();
    expect(verifier).toContain(`$${createHash("sha256").update(clientKey).digest("base64")}:`);
  });
});
