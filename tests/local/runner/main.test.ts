import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { close, freePorts, listen, makeProgram, PROGRAM, type Run, removeProgram, run } from "./fixture.ts";

const READY = "Terrace is ready";

describe("npm start", () => {
  let program: ReturnType<typeof makeProgram>;
  let port: number;
  let last: Run | undefined;

  const start = (...flags: string[]) => {
    last = run(program.directory, port, ...flags);
    return last;
  };
  const clientOf = ({ outputs }: Run) => {
    const { endpoint, region, accessKeyId, secretAccessKey } = outputs().aws;
    return new SSMClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  };
  const read = async (running: Run, Name: string) => {
    const client = clientOf(running);
    try {
      return (await client.send(new GetParameterCommand({ Name, WithDecryption: true }))).Parameter!.Value;
    } finally {
      client.destroy();
    }
  };

  beforeEach(async () => {
    program = makeProgram();
    port = await freePorts();
  });
  afterEach(async () => {
    last?.child.kill("SIGKILL");
    await last?.ended;
    removeProgram(program.directory);
  });

  it("serves what the program declares and writes how to reach it, for this user's eyes only", async () => {
    const running = start();
    await running.printed(READY);
    const outputs = running.outputs();
    expect(outputs).toMatchObject({
      stack: "dev",
      aws: { endpoint: `http://127.0.0.1:${port + 1}`, region: "eu-west-1" },
      tenants: {},
      outputs: { parameterArn: "arn:aws:ssm:eu-west-1:000000000000:parameter/fixture/greeting" },
    });
    expect(outputs.aws.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(statSync(join(program.directory, ".terrace/outputs.json")).mode & 0o077).toBe(0);
    expect(await read(running, "/fixture/greeting")).toBe("hello");
    const home = await fetch(`http://127.0.0.1:${port}/`);
    expect([home.status, home.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(await home.text()).toContain("The stack declares no tenants.");
  });

  it("takes overrides of the configuration", async () => {
    const running = start("--config", "fixture:greeting=overridden");
    await running.printed(READY);
    expect(await read(running, "/fixture/greeting")).toBe("overridden");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("stops everything at %s and leaves its ports free", async (signal) => {
    const running = start();
    await running.printed(READY);
    running.child.kill(signal);
    expect(await running.ended).toBe(0);
    for (const freed of [port, port + 1]) await close(await listen(freed));
  });

  it("keeps data over kill -9, and the next start is clean", async () => {
    const first = start();
    await first.printed(READY);
    const client = clientOf(first);
    await client.send(new PutParameterCommand({ Name: "/kept/by/hand", Value: "still here", Type: "SecureString" }));
    client.destroy();
    first.child.kill("SIGKILL");
    expect(await first.ended).toBe("SIGKILL");
    const second = start();
    await second.printed(READY);
    expect(await read(second, "/kept/by/hand")).toBe("still here");
  });

  it("leaves no process behind when it is killed while the program is being evaluated", async () => {
    program.write("index.ts", `console.log("evaluating");\nawait new Promise(() => setInterval(() => {}, 1000));`);
    const running = start();
    await running.printed("evaluating");
    running.child.kill("SIGKILL");
    // The evaluation holds the same pipes: they close when it is gone as well.
    expect(await running.ended).toBe("SIGKILL");
  });

  it("forgets everything with --fresh", async () => {
    const first = start();
    await first.printed(READY);
    const { accessKeyId } = first.outputs().aws;
    first.child.kill("SIGTERM");
    await first.ended;
    const second = start("--fresh");
    await second.printed(READY);
    expect(second.outputs().aws.accessKeyId).not.toBe(accessKeyId);
    second.child.kill("SIGTERM");
    await second.ended;
    const left = readdirSync(join(program.directory, ".terrace")).filter((name) => name.includes("dropped"));
    expect(left).toEqual([]);
  });

  it("reloads an edited program, says what changed, and survives one that does not evaluate", async () => {
    const running = start();
    await running.printed(READY);
    program.write("index.ts", `${PROGRAM}\nthrow new Error("half an edit");`);
    await running.printed("What ran before is still served.");
    expect(running.output()).toContain("half an edit");
    expect(await read(running, "/fixture/greeting")).toBe("hello");
    program.write("index.ts", PROGRAM.replace('"/fixture/greeting"', '"/fixture/renamed"'));
    await running.printed(/index\.ts: 1 changed \(greeting\) \(\d+ ms\)/);
    expect(await read(running, "/fixture/renamed")).toBe("hello");
    program.write("Pulumi.dev.yaml", "config:\n  aws:region: eu-west-1\n  fixture:greeting: edited\n");
    await running.printed(/Pulumi\.dev\.yaml: 1 changed/);
    expect(await read(running, "/fixture/renamed")).toBe("edited");
  });

  describe("at its second start", () => {
    const EVALUATED = "dev: program evaluated";
    const stop = async (running: Run) => {
      running.child.kill("SIGTERM");
      expect(await running.ended).toBe(0);
    };
    const greetingOf = `import { readFileSync } from "node:fs";\n${PROGRAM.replace(
      'new pulumi.Config().require("greeting")',
      'readFileSync("greeting.txt", "utf8")',
    )}`;

    it("serves the same program without evaluating it first, and evaluates it then", async () => {
      const first = start();
      await first.printed(READY);
      expect(first.output()).toContain(EVALUATED);
      await stop(first);
      const second = start();
      await second.printed(READY);
      expect(second.output()).not.toContain(EVALUATED);
      expect(await read(second, "/fixture/greeting")).toBe("hello");
      await second.printed(/program evaluated again: nothing changed \(\d+ ms\)/);
    });

    it("takes what the program reads besides its sources from that evaluation", async () => {
      program.write("greeting.txt", "first");
      program.write("index.ts", greetingOf);
      const first = start();
      await first.printed(READY);
      await stop(first);
      program.write("greeting.txt", "second");
      const second = start();
      await second.printed(/program evaluated again: 1 changed \(greeting\)/);
      expect(await read(second, "/fixture/greeting")).toBe("second");
    });

    it("says so where that evaluation fails, and serves what ran before", async () => {
      program.write("greeting.txt", "first");
      program.write("index.ts", greetingOf);
      const first = start();
      await first.printed(READY);
      await stop(first);
      rmSync(join(program.directory, "greeting.txt"));
      const second = start();
      await second.printed("What ran before is still served.");
      expect(second.output()).toMatch(/program evaluated again: ENOENT.*greeting\.txt/);
      expect(await read(second, "/fixture/greeting")).toBe("first");
    });

    it.each([
      [
        "a source",
        () => program.write("index.ts", PROGRAM.replace("/fixture/greeting", "/fixture/other")),
        "/fixture/other",
      ],
      [
        "a setting",
        () =>
          program.write(
            "Pulumi.dev.yaml",
            "config:\n  aws:region: eu-west-1\n  fixture:greeting: hello\n  fixture:more: 1\n",
          ),
        "/fixture/greeting",
      ],
    ])("evaluates first when %s was edited meanwhile", async (_what, edit, name) => {
      const first = start();
      await first.printed(READY);
      await stop(first);
      edit();
      const second = start();
      await second.printed(READY);
      expect(second.output()).toContain(EVALUATED);
      expect(await read(second, name)).toBe("hello");
    });

    it("evaluates first when a flag says something else", async () => {
      const first = start();
      await first.printed(READY);
      await stop(first);
      const second = start("--config", "fixture:greeting=other");
      await second.printed(READY);
      expect(second.output()).toContain(EVALUATED);
      expect(await read(second, "/fixture/greeting")).toBe("other");
    });

    it("evaluates first where the last one left half a file", async () => {
      const first = start();
      await first.printed(READY);
      await stop(first);
      program.write(".terrace/dev/served.json", '{"fingerprint": "');
      const second = start();
      await second.printed(READY);
      expect(second.output()).toContain(EVALUATED);
    });
  });

  describe("refuses in one line, with status 1:", () => {
    const refused = async (...flags: string[]) => {
      const running = start(...flags);
      expect(await running.ended).toBe(1);
      const lines = running.output().trim().split("\n");
      expect(lines).toHaveLength(1);
      return lines[0];
    };

    it("a flag it does not know", async () => {
      expect(await refused("--prot", "1")).toMatch(/^terrace: unknown flag '--prot'; .*--help/);
    });

    it("a stack without a file, listing those that have one", async () => {
      expect(await refused("--stack", "staging")).toBe(
        "terrace: Pulumi.staging.yaml is missing; the stacks here are: dev",
      );
    });

    it.each([0, 1])("a port that is taken (the first plus %i)", async (offset) => {
      const other = await listen(port + offset);
      try {
        expect(await refused()).toMatch(new RegExp(`^terrace: port ${port + offset} is taken .*--port`));
      } finally {
        await close(other);
      }
    });

    it("a program that names the trouble itself", async () => {
      program.write("index.ts", `throw new Error("no greeting today");`);
      const running = start();
      expect(await running.ended).toBe(1);
      expect(running.output()).toContain("terrace: ");
      expect(running.output()).toContain("no greeting today");
    });

    it("a resource type that nothing here emulates, by name", async () => {
      program.write(
        "index.ts",
        `import * as aws from "@pulumi/aws";\nnew aws.mq.Configuration("broker", { engineType: "ActiveMQ", engineVersion: "5.18", data: "" });`,
      );
      const running = start();
      expect(await running.ended).toBe(1);
      expect(running.output()).toMatch(/terrace: .*aws:mq\/configuration:Configuration/);
    });
  });

  it("refuses a second instance on the same state, naming the first", async () => {
    const first = start();
    await first.printed(READY);
    const second = run(program.directory, await freePorts());
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(new RegExp(`another instance \\(process ${first.child.pid}\\)`));
    expect(existsSync(join(program.directory, ".terrace/outputs.json"))).toBe(true);
  });

  it("prints its flags with --help and starts nothing", async () => {
    const running = start("--help");
    expect(await running.ended).toBe(0);
    for (const flag of ["--port", "--stack", "--fresh", "--config", "--state"])
      expect(running.output()).toContain(flag);
    expect(existsSync(join(program.directory, ".terrace"))).toBe(false);
  });
});
