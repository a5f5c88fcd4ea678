/**
 * Loads a program's modules in a fresh process and prints the milliseconds since its start: `node run.ts strip|ts-node <project> <file>`.
 * `ts-node` registers Pulumi's vendored compiler as @pulumi/pulumi's cmd/run does for a project of default settings.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [how, project, file] = [process.argv[2], process.argv[3]!, join(process.argv[3]!, process.argv[4]!)];
process.chdir(project);

if (how === "strip") await import(pathToFileURL(file).href);
else {
  const require = createRequire(file);
  const pulumi = dirname(require.resolve("@pulumi/pulumi/package.json"));
  const settings = require(join(pulumi, "tsutils.js"));
  const { tsnodeRequire, typescriptRequire } = settings.typeScriptRequireStrings();
  const options = { module: "nodenext", moduleResolution: "nodenext", target: "ES2020", sourceMap: "true" };
  require(tsnodeRequire).register({
    compiler: typescriptRequire,
    project: "tsconfig.json",
    compilerOptions: { ...options, ...settings.loadTypeScriptCompilerOptions("tsconfig.json") },
  });
  require(file);
}
process.stdout.write(`${performance.now()}\n`);
process.exit();
