import { tenantSessions } from "../../../functions/shared/tenant-credentials.ts";

function sessions() {
  const assumed: string[] = [];
  let now = 0;
  const credentials = tenantSessions(
    async (tenantId) => {
      assumed.push(tenantId);
      return {
        accessKeyId: `${tenantId}-${assumed.length}`,
        secretAccessKey: "s",
        expiration: new Date(now + 3_600_000),
      };
    },
    () => now,
  );
  return { credentials, assumed, wait: (minutes: number) => (now += minutes * 60_000) };
}

describe("a tenant's session", () => {
  it("is assumed once, by however many callers at a time", async () => {
    const { credentials, assumed } = sessions();
    const provider = credentials("acme");
    await Promise.all([provider(), provider(), credentials("acme")()]);
    await provider();
    expect(assumed).toEqual(["acme"]);
  });

  it("is never another tenant's", async () => {
    const { credentials } = sessions();
    expect((await credentials("acme")()).accessKeyId).toBe("acme-1");
    expect((await credentials("globex")()).accessKeyId).toBe("globex-2");
  });

  it("is renewed while the URLs it signs would outlive it", async () => {
    const { credentials, assumed, wait } = sessions();
    await credentials("acme")();
    wait(43);
    await credentials("acme")();
    expect(assumed).toHaveLength(1);
    wait(2);
    await Promise.all([credentials("acme")(), credentials("acme")()]);
    expect(assumed).toHaveLength(2);
  });

  it("that could not be assumed is tried again by the next caller", async () => {
    let calls = 0;
    const credentials = tenantSessions(async () => {
      if (calls++ === 0) throw new Error("throttled");
      return { accessKeyId: "a", secretAccessKey: "s", expiration: new Date(Date.now() + 3_600_000) };
    });
    await expect(credentials("acme")()).rejects.toThrow("throttled");
    expect((await credentials("acme")()).accessKeyId).toBe("a");
  });
});
