/** The dialect's package, outside this repository's tree: every example of its documentation compiled, run and held to what it says. */

import { execFile, execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { makeDataApiPackage } from "../../scripts/package-data-api.ts";
import { CLUSTER_ARN, MASTER_SECRET } from "../local/rds-data/data-api-server.ts";
import { type Backend, startBackend } from "./backend.ts";

const root = resolve(import.meta.dirname, "../..");
const text = readFileSync(join(root, "docs/data-api.md"), "utf8");
const examples = new Map(
  [...text.matchAll(/^```ts\n\/\/ ([\w-]+\.ts)\n([\s\S]*?)^```$/gm)].map((match) => [match[1]!, match[2]!]),
);
/** The tables come first, and what describes them. */
const ORDER = ["migrate.ts", "transactions.ts", ...examples.keys()];

let directory: string;
let backend: Backend;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "terrace-data-api-package-"));
  const packages = join(directory, "node_modules");
  mkdirSync(packages);
  execFileSync("tar", ["-xzf", makeDataApiPackage(directory), "-C", packages]);
  cpSync(join(packages, "package"), join(packages, "terrace-data-api"), { recursive: true });
  for (const name of ["kysely", "@aws-sdk", "@types", "undici-types"]) {
    symlinkSync(join(root, "node_modules", name), join(packages, name), "dir");
  }
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  for (const [name, example] of examples) writeFileSync(join(directory, name), example);
  backend = await startBackend();
  await run("migrate.ts");
  await run("transactions.ts");
}, 120_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await backend.stop();
});

const outputs = new Map<string, string>();

async function run(name: string): Promise<string> {
  const known = outputs.get(name);
  if (known !== undefined) return known;
  const { stdout } = await promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", name], {
    cwd: directory,
    env: {
      ...process.env,
      AWS_ENDPOINT_URL_RDS_DATA: backend.server.endpoint,
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "example",
      CLUSTER_ARN,
      SECRET_ARN: MASTER_SECRET,
      ADMIN_SECRET_ARN: MASTER_SECRET,
    },
  });
  outputs.set(name, stdout.trimEnd());
  return stdout.trimEnd();
}

describe("the package", () => {
  it("has compiled code, its types, licence and documentation, and nothing of the rest of the repository", () => {
    const packed = join(directory, "node_modules/terrace-data-api");
    const manifest = JSON.parse(readFileSync(join(packed, "package.json"), "utf8"));

    expect(manifest).toMatchObject({
      exports: {
        ".": { types: "./index.d.ts", default: "./index.js" },
        "./sdk": { types: "./transport/sdk-transport.d.ts", default: "./transport/sdk-transport.js" },
      },
      sideEffects: false,
    });
    expect(manifest.dependencies).toBeUndefined();
    for (const file of ["index.js", "index.d.ts", "LICENSE", "README.md"])
      expect(existsSync(join(packed, file))).toBe(true);
    const files = readdirSync(packed, { recursive: true, encoding: "utf8" }).filter((file) => /\.\w+$/.test(file));
    expect(files.filter((file) => !/\.(js|d\.ts|md|json)$/.test(file))).toEqual([]);
    const imports = files
      .filter((file) => file.endsWith(".js"))
      .flatMap((file) => [
        ...readFileSync(join(packed, file), "utf8").matchAll(
          /(?:^(?:import|export) [^"]*? from |^import |import\()"([^".][^"]*)"/gm,
        ),
      ])
      .map((match) => match[1]!);
    expect([...new Set(imports)].sort()).toEqual(["@aws-sdk/client-rds-data", "kysely", "node:crypto"]);
  });

  it("brings the AWS SDK into a function's bundle only by its own entry point for it", async () => {
    const packagesIn = async (file: string) => {
      const options = { bundle: true, write: false, metafile: true, platform: "node", format: "esm" } as const;
      const { metafile } = await build({ ...options, entryPoints: [join(directory, file)] });
      const names = Object.keys(metafile.inputs).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
      return [...new Set(names)].filter((name) => name !== undefined);
    };
    expect((await packagesIn("handler.ts")).sort()).toEqual(["kysely", "terrace-data-api"]);
    expect(await packagesIn("sdk.ts")).toContain("@aws-sdk/client-rds-data");
  });

  it("is a handler for a Lambda function, as it is", async () => {
    writeFileSync(
      join(directory, "invoke.ts"),
      'import { handler } from "./handler.ts"; console.log((await handler({ title: "x" })).albumId.length);',
    );
    expect(await run("invoke.ts")).toBe("36");
  });
});

describe("the documentation's examples", () => {
  it("compile against the package's own types", () => {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const options = {
      ...{ target: "es2024", lib: ["es2024"], module: "nodenext", strict: true, noEmit: true },
      ...{ allowImportingTsExtensions: true, skipLibCheck: true, types: ["node"] },
    };
    const config = { compilerOptions: options, include: ["*.ts"] };
    writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(config));
    const compile = () => execFileSync(process.execPath, [compiler, "-p", "."], { cwd: directory, encoding: "utf8" });
    let output = "";
    try {
      compile();
    } catch (error) {
      output = (error as { stdout: string }).stdout;
    }
    expect(output).toBe("");
  });

  it("are all of the page's", () => {
    expect(examples.size).toBe([...text.matchAll(/^```ts$/gm)].length);
    expect(new Set(ORDER).size).toBe(examples.size);
  });

  it.each([...new Set(ORDER)])("%s runs, and prints what it says", async (name) => {
    const expected = [...examples.get(name)!.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]!);
    expect(await run(name)).toBe(expected.join("\n"));
  });
});

describe("the documentation's tables", () => {
  const section = (title: string) => text.split(`\n## ${title}\n`)[1]!.split("\n## ")[0]!;

  it("name every error class that there is, and no other", async () => {
    const exported = Object.keys(await import("../../data-api/index.ts")).filter((name) => name.endsWith("Error"));
    const named = [...section("Errors").matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]!);
    expect(named.sort()).toEqual(exported.sort());
  });

  it("name every option, with the default that the code has", () => {
    const source = ["data-api-dialect-config.ts", "transport/http-transport.ts"]
      .map((file) => readFileSync(join(root, "data-api", file), "utf8"))
      .join("\n");
    const rows = [...section("Options").matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map((match) => [match[1]!, match[2]!]);
    const members = [...source.matchAll(/^ {2}(\w+)\??: /gm)].map((match) => match[1]!);
    expect(rows.map(([name]) => name).sort()).toEqual(
      [...new Set(members)].filter((name) => !/^[A-Z]/.test(name)).sort(),
    );
    for (const [name, value] of rows) {
      if (!/^\d+$/.test(value!)) continue;
      expect(source).toMatch(new RegExp(`@default ${value}[^]{0,20}\\n  ${name}\\?:`));
    }
  });
});
