import { callsOn, failureOf } from "./calls.ts";
import { startDataApi, type TestServer } from "./data-api-server.ts";

const MINUTE = 60_000;
const RESUMING =
  /^The Aurora DB instance db-[A-Z0-9]{26} is resuming after being auto-paused\. Please wait a few seconds and try again\.$/;

let server: TestServer;
const { record, failure, execute, begin, commit } = callsOn(() => server);
const one = [{ longValue: 1 }];

const scaling = (minCapacity: number, secondsUntilAutoPause?: number) => ({
  serverlessv2ScalingConfiguration: {
    minCapacity,
    maxCapacity: 4,
    ...(secondsUntilAutoPause !== undefined && { secondsUntilAutoPause }),
  },
});

beforeAll(async () => {
  server = await startDataApi({ resumeMs: 15_000 });
});
beforeEach(async () => {
  await server.provision(scaling(0, 600));
  // Awake, whatever the test before left.
  await record("select 1").catch(() => server.clock.advance(15_000));
  await record("select 1");
});
afterAll(() => server.stop());

describe("a cluster whose least capacity is zero (case 14)", () => {
  it("pauses after its seconds without use: the next call fails in AWS's words, and wakes it", async () => {
    server.clock.advance(10 * MINUTE);
    const error = await failure("select 1");
    server.clock.advance(14_999);
    const early = await failure("select 1");
    server.clock.advance(1);

    expect([error.name, error.$metadata.httpStatusCode, error.message]).toEqual([
      "DatabaseResumingException",
      400,
      expect.stringMatching(RESUMING),
    ]);
    expect([early.name, early.message]).toEqual([error.name, error.message]);
    expect(await record("select 1")).toEqual(one);
  });

  it("is kept awake by each call", async () => {
    for (let call = 0; call < 3; call++) {
      server.clock.advance(10 * MINUTE - 1);
      expect(await record("select 1")).toEqual(one);
    }
  });

  it("is kept awake by an open transaction, and pauses once that has ended", async () => {
    const transactionId = await begin();
    for (let call = 0; call < 6; call++) {
      server.clock.advance(2 * MINUTE);
      await execute("select 1", [], { transactionId });
    }
    const during = await record("select 1");
    await commit(transactionId);
    server.clock.advance(10 * MINUTE);

    expect([during, (await failure("select 1")).name]).toEqual([one, "DatabaseResumingException"]);
  });

  it("is let go by a transaction that expires", async () => {
    await begin();
    server.clock.advance(3 * MINUTE);
    server.clock.advance(10 * MINUTE - 1);
    const still = await record("select 1");
    server.clock.advance(10 * MINUTE);

    expect([still, (await failure("select 1")).name]).toEqual([one, "DatabaseResumingException"]);
  });

  it("fails every kind of call while it sleeps", async () => {
    server.clock.advance(10 * MINUTE);
    const { batch, rollback } = callsOn(() => server);
    const calls = [execute("select 1"), batch("select 1"), begin(), commit("x"), rollback("x")];
    const errors = await Promise.all(calls.map((call: Promise<unknown>) => failureOf(call)));

    expect(errors.map(({ name }) => name)).toEqual(Array(5).fill("DatabaseResumingException"));
  });

  it("pauses again when nobody came back to the one that woke it", async () => {
    server.clock.advance(10 * MINUTE);
    await failure("select 1");
    server.clock.advance(15_000 + 10 * MINUTE);

    expect((await failure("select 1")).name).toBe("DatabaseResumingException");
  });

  it("pauses after five minutes where it names no seconds", async () => {
    await server.provision(scaling(0));
    server.clock.advance(5 * MINUTE - 1);
    const before = await record("select 1");
    server.clock.advance(5 * MINUTE);

    expect([before, (await failure("select 1")).name]).toEqual([one, "DatabaseResumingException"]);
  });

  it("keeps its rows, and tells once that it resumes", async () => {
    await execute("create table if not exists kept (a int4)");
    await execute("truncate kept");
    await execute("insert into kept values (7)");
    server.log.length = 0;
    server.clock.advance(10 * MINUTE + 90_000);
    await failure("select 1");
    await failure("select 1");
    server.clock.advance(15_000);

    expect(await record("select a from kept")).toEqual([{ longValue: 7 }]);
    expect(server.log).toEqual(["orders resumes (15 s): it had paused 90 s ago for want of use"]);
  });
});

it("a cluster with a least capacity never pauses, also one that was given it while it ran", async () => {
  await server.provision(scaling(0.5));
  server.clock.advance(24 * 60 * MINUTE);

  expect(await record("select 1")).toEqual(one);
});

describe("how long a cluster takes to resume (case 14)", () => {
  afterEach(() => {
    delete process.env.TERRACE_RESUME_SECONDS;
  });

  async function withSetting<T>(seconds: string | undefined, task: (own: TestServer) => Promise<T>): Promise<T> {
    if (seconds !== undefined) process.env.TERRACE_RESUME_SECONDS = seconds;
    const own = await startDataApi();
    try {
      return await task(own);
    } finally {
      await own.stop();
    }
  }

  it("is a second unless TERRACE_RESUME_SECONDS says otherwise", async () => {
    const waited = (own: TestServer, ms: number) => async () => {
      const calls = callsOn(() => own);
      await own.provision(scaling(0, 300));
      await calls.record("select 1");
      own.clock.advance(5 * MINUTE);
      const first = (await calls.failure("select 1")).name;
      own.clock.advance(ms - 1);
      const second = (await calls.failure("select 1")).name;
      own.clock.advance(1);
      return [first, second, await calls.record("select 1")];
    };
    const expected = ["DatabaseResumingException", "DatabaseResumingException", one];

    expect(await withSetting(undefined, (own) => waited(own, 1000)())).toEqual(expected);
    expect(await withSetting("2.5", (own) => waited(own, 2500)())).toEqual(expected);
  });

  it("must be a number", async () => {
    await expect(withSetting("soon", async () => {})).rejects.toThrow(
      'TERRACE_RESUME_SECONDS is a number of seconds, not "soon"',
    );
  });
});
