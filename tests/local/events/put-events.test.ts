import { CreateEventBusCommand, PutEventsCommand, TestEventPatternCommand } from "@aws-sdk/client-eventbridge";
import { iam } from "../../../local/services/iam/index.ts";
import { codeOf } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";
import { type EventsCloud, startEvents } from "./fixture.ts";

describe("PutEvents", () => {
  let cloud: EventsCloud;
  beforeEach(async () => {
    cloud = await startEvents({ iam });
  });
  afterEach(() => cloud.stop());

  it("brings an event that matches to the target, in EventBridge's envelope and order of members", async () => {
    const { url, arn } = await cloud.openQueue("orders");
    await cloud.rule({ source: ["shop"], detail: { amount: [{ numeric: [">", 10] }] } }, [{ Id: "queue", Arn: arn }]);
    const Time = new Date("2026-03-04T05:06:07.890Z");
    const { Entries, FailedEntryCount } = await cloud.put(
      { Detail: '{"amount":5}' },
      { Detail: '{"amount":11}', Resources: ["arn:aws:s3:::x"], Time },
    );
    expect(FailedEntryCount).toBe(0);
    const [event, ...more] = await cloud.received(url);
    expect(JSON.stringify(event)).toBe(
      JSON.stringify({
        version: "0",
        id: Entries![1]!.EventId,
        "detail-type": "paid",
        source: "shop",
        account: "000000000000",
        time: "2026-03-04T05:06:07Z",
        region: "eu-west-1",
        resources: ["arn:aws:s3:::x"],
        detail: { amount: 11 },
      }),
    );
    expect(more).toEqual([]);
  });

  it("refuses single entries in AWS's words, and takes the others", async () => {
    const { FailedEntryCount, Entries } = await cloud.put(
      { Source: undefined },
      { DetailType: "" },
      { Detail: undefined },
      { Detail: "{" },
      { Detail: "[]" },
      { Source: "aws.s3" },
      {},
    );
    expect(FailedEntryCount).toBe(6);
    expect(Entries!.map(({ ErrorCode, ErrorMessage }) => [ErrorCode, ErrorMessage])).toEqual([
      ["InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."],
      ["InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."],
      ["InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."],
      ["MalformedDetail", "Detail is malformed."],
      ["MalformedDetail", "Detail is malformed."],
      ["NotAuthorizedForSource", "Not authorized for the source."],
      [undefined, undefined],
    ]);
    expect(Entries![6]!.EventId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("refuses more than ten entries, none at all, and more than 256 KB together", async () => {
    const eleven = Array.from({ length: 11 }, () => ({}));
    await expect(cloud.put(...eleven)).rejects.toThrow("Member must have length less than or equal to 10");
    await expect(cloud.put()).rejects.toThrow("Member must have length greater than or equal to 1");
    const half = JSON.stringify({ text: "x".repeat(130 * 1024) });
    await expect(cloud.put({ Detail: half }, { Detail: half })).rejects.toMatchObject({
      name: "ValidationException",
      message: "Total size of the entries in the request is over the limit.",
    });
    expect((await cloud.put({ Detail: half })).FailedEntryCount).toBe(0);
  });

  it("takes events for a bus that does not exist, loses them as AWS does, and says so", async () => {
    const { FailedEntryCount, Entries } = await cloud.put({ EventBusName: "nowhere" });
    expect(FailedEntryCount).toBe(0);
    expect(Entries![0]!.EventId).toBeDefined();
    expect(cloud.logged.map(({ message }) => message).join()).toContain(
      "bus nowhere, which does not exist: it is lost",
    );
  });

  it("reaches a bus by name and by ARN, and the rules of that bus only", async () => {
    const { EventBusArn } = await cloud.events.send(new CreateEventBusCommand({ Name: "orders" }));
    const own = await cloud.openQueue("own");
    const other = await cloud.openQueue("other");
    await cloud.rule({ source: ["shop"] }, [{ Id: "q", Arn: own.arn }], { EventBusName: "orders" });
    await cloud.rule({ source: ["shop"] }, [{ Id: "q", Arn: other.arn }], { Name: "default-rule" });
    await cloud.put({ EventBusName: "orders" }, { EventBusName: EventBusArn });
    expect(await cloud.received(own.url)).toHaveLength(2);
    await cloud.put({ DetailType: "last" });
    expect(await cloud.received(other.url)).toEqual([expect.objectContaining({ "detail-type": "last" })]);
  });

  it("is judged entry by entry, by source and detail type", async () => {
    const bus = "arn:aws:events:eu-west-1:000000000000:event-bus/default";
    const roleArn = await roleWith(cloud.running, "shop", {
      ...{ Effect: "Allow", Action: "events:PutEvents", Resource: bus },
      Condition: { StringEquals: { "events:source": "shop" } },
    });
    const { EventBridgeClient } = await import("@aws-sdk/client-eventbridge");
    const client = new EventBridgeClient({ ...cloud.running.client(roleArn), maxAttempts: 1 });
    const entry = (Source: string) => ({ Source, DetailType: "paid", Detail: "{}" });
    const put = (...sources: string[]) => client.send(new PutEventsCommand({ Entries: sources.map(entry) }));
    expect((await put("shop")).FailedEntryCount).toBe(0);
    expect(await codeOf(put("shop", "bank"))).toBe("AccessDeniedException");
    client.destroy();
  });
});

describe("TestEventPattern", () => {
  it("tells whether an event matches, and what is wrong with a pattern", async () => {
    const cloud = await startEvents();
    const envelope = {
      id: "1",
      account: "0",
      source: "shop",
      time: "t",
      region: "r",
      resources: [],
      "detail-type": "x",
    };
    const test = (EventPattern: string) =>
      cloud.events.send(new TestEventPatternCommand({ EventPattern, Event: JSON.stringify(envelope) }));
    expect((await test('{"source":["shop"]}')).Result).toBe(true);
    expect((await test('{"source":["bank"]}')).Result).toBe(false);
    await expect(test('{"source":"shop"}')).rejects.toMatchObject({
      name: "InvalidEventPatternException",
      message: expect.stringContaining('Event pattern is not valid. Reason: "source" must be an object or an array'),
    });
    await cloud.stop();
  });
});
