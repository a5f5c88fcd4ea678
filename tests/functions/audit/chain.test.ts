import { type AuditEntry, firstBroken, genesisHash, nextEntry } from "../../../functions/audit/chain.ts";

function trail(length: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let index = 1; index <= length; index++) {
    const event = {
      eventId: `e${index}`,
      eventType: "album.created",
      actor: "user-1",
      occurredAt: "2026-01-01T00:00:00Z",
      payload: { index, a: 1 },
    };
    entries.push(nextEntry("acme", entries.at(-1), event));
  }
  return entries;
}

describe("an audit trail", () => {
  it("is whole as it was written, whatever order the database gives an object's keys in", () => {
    const entries = trail(5).map((entry) => ({ ...entry, payload: { a: 1, index: entry.sequence } }));
    expect(entries[0]!.previousHash).toBe(genesisHash);
    expect(firstBroken("acme", entries)).toBeUndefined();
    expect(firstBroken("acme", entries.slice(2), entries[1])).toBeUndefined();
  });

  it.each<[string, (entries: AuditEntry[]) => AuditEntry[], number]>([
    ["changed", (all) => all.map((e) => (e.sequence === 3 ? { ...e, payload: { index: 99 } } : e)), 3],
    ["removed", (all) => all.filter((e) => e.sequence !== 3), 3],
    ["inserted", (all) => all.toSpliced(2, 0, { ...all[1]!, sequence: 3 }), 3],
    ["swapped", (all) => [all[0]!, all[2]!, all[1]!, ...all.slice(3)], 2],
  ])("shows where an entry was %s", (_, tamper, broken) => {
    expect(firstBroken("acme", tamper(trail(5)))).toBe(broken);
  });

  it("of one tenant is not another's", () => {
    expect(firstBroken("globex", trail(2))).toBe(1);
  });
});
