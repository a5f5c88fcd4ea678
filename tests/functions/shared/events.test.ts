import { eventOf, parseEvent } from "../../../functions/shared/events.ts";

const row = {
  ...{ eventId: "e1", eventType: "album.created", actor: "user-1", createdAt: "2026-01-01T00:00:00.000Z" },
  payload: { albumId: "a", title: "Alps", tenantid: "globex" },
};

describe("an event", () => {
  it("is a CloudEvent of the tenant whose outbox it stood in, whatever its payload says", () => {
    const event = eventOf(row, "acme", "/terrace/dev/eu1");
    expect(event).toEqual({
      ...{ specversion: "1.0", id: "e1", source: "/terrace/dev/eu1", type: "album.created", time: row.createdAt },
      ...{ tenantid: "acme", actor: "user-1", datacontenttype: "application/json", data: row.payload },
    });
    expect(parseEvent(JSON.stringify(event))).toEqual(event);
    expect(eventOf({ ...row, actor: null }, "acme", "/")).not.toHaveProperty("actor");
  });

  it.each(["{}", "null", '{"specversion":"1.0","id":"1","type":"t","time":"now"}', "not json", '"text"'])(
    "is not read from %s",
    (body) => {
      expect(() => parseEvent(body)).toThrow();
    },
  );
});
