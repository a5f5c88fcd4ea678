import { createSocket } from "node:dgram";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import {
  BatchGetTracesCommand,
  CreateGroupCommand,
  CreateSamplingRuleCommand,
  GetGroupsCommand,
  GetSamplingRulesCommand,
  GetSamplingTargetsCommand,
  GetServiceGraphCommand,
  GetTraceSummariesCommand,
  PutTelemetryRecordsCommand,
  PutTraceSegmentsCommand,
  type TraceSummary,
  UpdateSamplingRuleCommand,
  XRayClient,
} from "@aws-sdk/client-xray";
import type { ManualClock } from "../../../local/clock.ts";
import { manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { xray } from "../../../local/services/xray/index.ts";
import { tracingOf } from "../../../local/tracing.ts";
import { type GatewayCloud, startApi } from "../apigateway/fixture.ts";
import { restApi } from "../apigateway/resources.ts";
import { eventually } from "../lambda/fixture.ts";
import { resource } from "../resource.ts";

const hex = (length: number, seed: number) => seed.toString(16).padStart(length, "0");

function clientOf(cloud: RunningCloud, clock: ManualClock) {
  const client = new XRayClient({ ...cloud.client(), maxAttempts: 1 });
  // What functions write has the machine's time, which has gone on since the clock was set.
  const end = () => new Date(Math.max(clock.now(), Date.now()) + 60_000);
  const range = () => ({ StartTime: new Date(clock.now() - 3_600_000), EndTime: end() });
  return {
    client,
    summaries: async (FilterExpression?: string) =>
      (await client.send(new GetTraceSummariesCommand({ ...range(), FilterExpression }))).TraceSummaries!,
    graph: async (GroupName?: string) =>
      (await client.send(new GetServiceGraphCommand({ ...range(), GroupName }))).Services!,
  };
}

describe("X-Ray", () => {
  let cloud: RunningCloud;
  let on: ReturnType<typeof clientOf>;
  const clock = manualClock(Date.now());
  const now = clock.now() / 1000;

  beforeEach(async () => {
    cloud = await startCloud({ clock, services: { xray } });
    on = clientOf(cloud, clock);
  });
  afterEach(async () => {
    on.client.destroy();
    await cloud.stop();
  });

  const trace = (number: number) => `1-${Math.floor(now).toString(16)}-${hex(24, number)}`;
  const put = (...documents: (object | string)[]) =>
    on.client.send(
      new PutTraceSegmentsCommand({
        TraceSegmentDocuments: documents.map((each) => (typeof each === "string" ? each : JSON.stringify(each))),
      }),
    );
  /** A front that calls a back which asks a table. */
  const request = (number: number, { fault = false, tenant = "acme", seconds = 1 } = {}) => [
    {
      ...{ id: hex(16, number * 10 + 1), trace_id: trace(number), name: "front", origin: "AWS::ApiGateway::Stage" },
      ...{ start_time: now, end_time: now + seconds, fault },
      http: { request: { method: "GET", url: "https://shop/albums" }, response: { status: fault ? 502 : 200 } },
    },
    {
      ...{ id: hex(16, number * 10 + 2), trace_id: trace(number), parent_id: hex(16, number * 10 + 1), name: "back" },
      ...{ origin: "AWS::Lambda::Function", start_time: now, end_time: now + seconds / 2, fault },
    },
    {
      ...{
        id: hex(16, number * 10 + 3),
        trace_id: trace(number),
        parent_id: hex(16, number * 10 + 2),
        name: "DynamoDB",
      },
      ...{ type: "subsegment", namespace: "aws", start_time: now, end_time: now + 0.1, aws: { table_name: "albums" } },
      annotations: { tenantId: tenant },
    },
  ];

  it("makes a trace of its segments: how long, what failed, who took part, what was noted", async () => {
    expect((await put(...request(1, { fault: true }))).UnprocessedTraceSegments).toEqual([]);
    const [summary] = await on.summaries();
    expect(summary).toMatchObject({
      ...{ Id: trace(1), HasFault: true, HasError: false, IsPartial: false },
      Http: { HttpStatus: 502, HttpMethod: "GET", HttpURL: "https://shop/albums" },
      EntryPoint: { Name: "front", Type: "AWS::ApiGateway::Stage" },
      Annotations: { tenantId: [{ AnnotationValue: { StringValue: "acme" } }] },
    });
    expect(summary!.Duration).toBeCloseTo(1);
    expect(summary!.ServiceIds!.map(({ Name }) => Name)).toEqual(["front", "back", "albums"]);
    const { Traces } = await on.client.send(new BatchGetTracesCommand({ TraceIds: [trace(1), trace(99)] }));
    const documents = Traces![0]!.Segments!.map(({ Document }) => JSON.parse(Document!));
    expect(documents.map(({ name }) => name)).toEqual(["front", "back"]);
    expect(documents[1].subsegments).toMatchObject([{ name: "DynamoDB", annotations: { tenantId: "acme" } }]);
  });

  const EXPRESSIONS: [expression: string, traces: number[]][] = [
    ["fault", [2]],
    ["!fault", [1, 3]],
    ['service("back")', [1, 2, 3]],
    ['service("back") { fault }', [2]],
    ['service("nobody")', []],
    ['annotation.tenantId = "globex"', [3]],
    ['annotation[tenantId] = "acme" AND ok', [1, 2]],
    ["responsetime > 2", [3]],
    ['http.status = 502 OR (http.url CONTAINS "albums" AND duration >= 3)', [2, 3]],
    ['edge("front", "back") { fault = true }', [2]],
    ['service("albums", "AWS::DynamoDB::Table") AND NOT http.method = "POST"', [1, 2, 3]],
  ];
  for (const [expression, traces] of EXPRESSIONS) {
    it(`finds by ${expression}`, async () => {
      const all = [request(1), request(2, { fault: true }), request(3, { tenant: "globex", seconds: 3 })];
      await put(...all.flat());
      const found = await on.summaries(expression);
      expect(found.map(({ Id }) => Id).sort()).toEqual(traces.map(trace));
    });
  }

  it("draws the service map, from the client to what only its caller tells of", async () => {
    await put(...request(1), ...request(2, { fault: true }));
    const services = await on.graph();
    const name = (id: number) => services.find(({ ReferenceId }) => ReferenceId === id)!;
    const edges = services.flatMap(({ Type, Name, Edges }) =>
      Edges!.map(({ ReferenceId, SummaryStatistics }) => {
        const to = name(ReferenceId!);
        return `${Type === "client" ? "client" : Name} -> ${to.Name}: ${SummaryStatistics!.TotalCount}`;
      }),
    );
    expect(edges.sort()).toEqual(["back -> albums: 2", "client -> front: 2", "front -> back: 2"]);
    const back = services.find(({ Name }) => Name === "back")!;
    expect(back).toMatchObject({
      ...{ Type: "AWS::Lambda::Function", State: "active" },
      SummaryStatistics: { OkCount: 1, FaultStatistics: { TotalCount: 1 }, TotalCount: 2 },
    });
    expect(services.find(({ Root }) => Root)!.Name).toBe("front");
  });

  it("shows the map of a group, the program's among them", async () => {
    await put(...request(1), ...request(2, { fault: true }));
    await on.client.send(new CreateGroupCommand({ GroupName: "failed", FilterExpression: "fault" }));
    const declared = resource("aws:xray/group:Group", "cell", {
      groupName: "cell",
      filterExpression: 'service("back")',
    });
    await cloud.provision({ resources: [declared] } as never);
    const total = async (group: string) =>
      (await on.graph(group)).find(({ Name }) => Name === "back")!.SummaryStatistics!.TotalCount;
    expect([await total("failed"), await total("cell")]).toEqual([1, 2]);
    const { Groups } = await on.client.send(new GetGroupsCommand({}));
    expect(Groups!.map(({ GroupName }) => GroupName)).toEqual(["Default", "failed", "cell"]);
  });

  it("answers what is wrong with a segment, and takes the others", async () => {
    const [good] = request(1);
    const { UnprocessedTraceSegments } = await put(good!, { ...good, id: "x" }, "no JSON", {
      ...good,
      end_time: undefined,
    });
    expect(UnprocessedTraceSegments!.map(({ ErrorCode }) => ErrorCode)).toEqual([
      "InvalidId",
      "ParseError",
      "MissingEndTime",
    ]);
    expect(await on.summaries()).toHaveLength(1);
    await on.client.send(new PutTelemetryRecordsCommand({ TelemetryRecords: [{ Timestamp: new Date() }] }));
    for (const wrong of ["service(", "nonsense = 1", "fault AND"]) {
      await expect(on.summaries(wrong)).rejects.toMatchObject({ name: "InvalidRequestException" });
    }
    const long = { StartTime: new Date(0), EndTime: new Date() };
    await expect(on.client.send(new GetTraceSummariesCommand(long))).rejects.toThrow(/6 hours/);
  });

  it("samples by rules, in order of priority: so many a second, then a share", async () => {
    const rule = { RuleName: "albums", Priority: 1, FixedRate: 0, ReservoirSize: 2, URLPath: "/albums*" };
    const rest = { ServiceName: "*", ServiceType: "*", Host: "*", HTTPMethod: "GET", ResourceARN: "*", Version: 1 };
    expect(tracingOf(cloud).sample).toBeUndefined();
    await on.client.send(new CreateSamplingRuleCommand({ SamplingRule: { ...rule, ...rest } }));
    await on.client.send(new UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName: "Default", FixedRate: 1 } }));
    const { SamplingRuleRecords } = await on.client.send(new GetSamplingRulesCommand({}));
    expect(SamplingRuleRecords!.map((each) => each.SamplingRule!.RuleName)).toEqual(["albums", "Default"]);
    const Timestamp = new Date();
    const counted = { ClientID: "0".repeat(24), Timestamp, RequestCount: 1, SampledCount: 1 };
    const { SamplingTargetDocuments } = await on.client.send(
      new GetSamplingTargetsCommand({ SamplingStatisticsDocuments: [{ RuleName: "albums", ...counted }] }),
    );
    expect(SamplingTargetDocuments).toMatchObject([{ RuleName: "albums", FixedRate: 0, ReservoirQuota: 2 }]);
    const sample = (path: string, at: number) =>
      tracingOf(cloud).sample!({ serviceName: "a", serviceType: "b", method: "GET", path }, at);
    expect([1, 2, 3].map(() => sample("/albums/1", 5000))).toEqual([true, true, false]);
    expect(sample("/albums/1", 6000)).toBe(true);
    expect([1, 2, 3].map(() => sample("/photos", 5000))).toEqual([true, true, true]);
  });
});

describe("A request through API Gateway and Lambda", () => {
  let cloud: GatewayCloud;
  let on: ReturnType<typeof clientOf>;
  const HEADER = `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${"ab".repeat(12)};Sampled=1`;

  beforeAll(async () => {
    cloud = await startApi({}, { xray });
    on = clientOf(cloud.running, cloud.clock);
    // What a tracer does: a datagram to the daemon, for the segment that Lambda names.
    await cloud.define(
      "traced",
      `import { createSocket } from "node:dgram";
       export const handler = async () => {
         const trace = process.env._X_AMZN_TRACE_ID ?? "";
         const [host, port] = (process.env.AWS_XRAY_DAEMON_ADDRESS ?? "").split(":");
         const [, root, parent] = /Root=([^;]+);Parent=([^;]+);Sampled=1/.exec(trace) ?? [];
         const time = Date.now() / 1000;
         const part = { type: "subsegment", id: "1234567890abcdef", trace_id: root, parent_id: parent, name: "work",
           start_time: time, end_time: time, annotations: { tenantId: "acme" } };
         if (root) await new Promise((done) => {
           const socket = createSocket("udp4");
           socket.send('{"format":"json","version":1}\\n' + JSON.stringify(part), Number(port), host, () => socket.close(done));
         });
         return { statusCode: 200, body: JSON.stringify({ trace, port }) };
       }`,
      { tracingConfig: { mode: "Active" } },
    );
    const methods = { "GET /albums": { function: "traced" } };
    await cloud.provision(...restApi({ inputs: { name: "shop" }, methods, stageInputs: { xrayTracingEnabled: true } }));
  });
  afterAll(async () => {
    on.client.destroy();
    await cloud.stop();
  });

  const get = (headers = {}) => cloud.fetch("/_apis/restapi001/v1/albums", { headers });

  it("is not traced while nobody looks, and costs no segment", async () => {
    const { json } = await get();
    expect(json.trace).toMatch(/Sampled=0/);
    expect(tracingOf(cloud.running).waiting).toEqual([]);
  });

  it("is one trace where its header asks for it: the API's, the function's and the tracer's segments", async () => {
    expect((await get({ "X-Amzn-Trace-Id": HEADER })).status).toBe(200);
    // The datagram is on its way through another socket.
    const isNoted = ([found]: TraceSummary[]) => found?.Annotations?.tenantId !== undefined;
    const [summary] = await eventually(() => on.summaries(), isNoted);
    expect(summary).toMatchObject({
      ...{ Id: HEADER.slice(5, 40), HasFault: false, Http: { HttpStatus: 200, HttpMethod: "GET" } },
      EntryPoint: { Name: "shop/v1", Type: "AWS::ApiGateway::Stage" },
    });
    expect(summary!.ServiceIds!.map(({ Name, Type }) => `${Name} ${Type}`).sort()).toEqual([
      "shop/v1 AWS::ApiGateway::Stage",
      "traced AWS::Lambda",
      "traced AWS::Lambda::Function",
    ]);
  });

  it("is sampled, the first of each second, once somebody has looked", async () => {
    await on.client.send(new GetSamplingRulesCommand({}));
    expect((await get()).json.trace).toMatch(/Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1/);
  });

  it("is not traced by the function either, where its header or the API decided so", async () => {
    await on.client.send(new UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName: "Default", FixedRate: 1 } }));
    const header = HEADER.replace("Sampled=1", "Sampled=0");
    expect((await get({ "X-Amzn-Trace-Id": header })).json.trace).toContain(header);
    // A function alone would be sampled: the rule for the API, which stands before the default, says no.
    const SamplingRule = { RuleName: "never", ServiceName: "shop/v1", Priority: 1, FixedRate: 0, ReservoirSize: 0 };
    const ANY = { ...{ Host: "*", HTTPMethod: "*", ResourceARN: "*", ServiceType: "*", URLPath: "*" }, Version: 1 };
    await on.client.send(new CreateSamplingRuleCommand({ SamplingRule: { ...ANY, ...SamplingRule } }));
    expect((await get()).json.trace).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=0;Lineage=/);
  });

  it("has the function's failure as a fault, also where it is invoked without an API", async () => {
    await cloud.define("broken", 'export const handler = () => { throw new Error("no") }', {
      tracingConfig: { mode: "Active" },
    });
    await on.client.send(new UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName: "Default", FixedRate: 1 } }));
    await cloud.client.send(new InvokeCommand({ FunctionName: "broken" }));
    const [found] = await on.summaries('service("broken") { fault }');
    const { Traces } = await on.client.send(new BatchGetTracesCommand({ TraceIds: [found!.Id!] }));
    const own = Traces![0]!
      .Segments!.map(({ Document }) => JSON.parse(Document!))
      .find(({ origin }) => origin.endsWith("Function"));
    expect(own).toMatchObject({ fault: true, cause: { exceptions: [{ type: "Error", message: "no" }] } });
  });

  it("has what Powertools' tracer notes, as the functions of this repository use it", async () => {
    const module = new URL("../../../functions/shared/trace.ts", import.meta.url);
    await cloud.define(
      "powertools",
      `import { traced } from ${JSON.stringify(module.href)};
       export const handler = () => traced("listAlbums", "globex", async () => 42);`,
      { tracingConfig: { mode: "Active" }, timeout: 30 },
    );
    expect((await cloud.invoke("powertools")).payload).toBe(42);
    const found = await eventually(
      () => on.summaries('service("powertools") AND annotation.tenantId = "globex"'),
      (all) => all.length > 0,
    );
    const { Traces } = await on.client.send(new BatchGetTracesCommand({ TraceIds: [found[0]!.Id!] }));
    expect(Traces![0]!.Segments!.map(({ Document }) => Document).join()).toMatch(
      /"name":"## ?listAlbums"|"name":"listAlbums"/,
    );
  });

  it("survives a datagram that is no segment", async () => {
    const [, port] = (await tracingOf(cloud.running).daemon!()).split(":");
    const socket = createSocket("udp4");
    for (const text of ["", "nonsense", '{"format":"json","version":1}\n{"id":']) {
      await new Promise((done) => socket.send(text, Number(port), "127.0.0.1", done));
    }
    await new Promise<void>((done) => socket.close(done));
    expect((await get()).status).toBe(200);
  });
});
