/** Operations on functions and their versions. */
import type {
  CreateFunctionCommandInput,
  UpdateFunctionCodeCommandInput,
  UpdateFunctionConfigurationCommandInput,
} from "@aws-sdk/client-lambda";
import type { Asset, Value } from "../../../../engine/graph.ts";
import type { Access, Call, Operation } from "../../../service.ts";
import { checkSigned } from "../code/code-signing.ts";
import { type CodeInput, packageOf } from "../code/packages.ts";
import { parseFunctionName } from "../function-config.ts";
import { type LambdaFunction, unqualified } from "../functions.ts";
import type { Api } from "./api.ts";
import { describeFunction } from "./describe.ts";
import { checkRevision, conflict, constraint, invalid, pageOf } from "./errors.ts";
import { inputsOf } from "./made.ts";

interface Named {
  FunctionName: string;
  Qualifier?: string;
}

export function functionOperations(api: Api): Record<string, Operation> {
  const { cloud, functions, made, arnOf, onFunction, packages } = api;
  const describe = (target: LambdaFunction, qualifier?: string) =>
    describeFunction(target, functions.layers, qualifier !== undefined);
  const nameOf = (text: string | undefined) => parseFunctionName(text ?? "").name;
  const latestOf = (text: string) => functions.find(nameOf(text));

  /** Who sets a function's role has to be allowed to hand it on. */
  const withRole = (action: string) => (input: Named & { Role?: string }, call: Call) => {
    const access = onFunction(action)(input, call) as Access;
    if (!input.Role) return [access];
    const context = { "iam:PassedToService": "lambda.amazonaws.com" };
    return [access, { action: "iam:PassRole", resource: input.Role, context }];
  };

  function checkPackage(configArn: string | undefined, code: Asset, source: string): void {
    const warn = (message: string) => cloud.log({ level: "warn", source, message });
    if (configArn !== undefined) checkSigned(api.signing.find(configArn), code, warn);
  }

  function checkRole(role: string): void {
    if (!/^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/.test(role)) {
      throw constraint(
        role,
        "role",
        "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
      );
    }
    try {
      cloud.assume(role, "check", "lambda.amazonaws.com");
    } catch {
      throw invalid("The role defined for the function cannot be assumed by Lambda.");
    }
  }

  /** Publishes what `$LATEST` is, unless it is what the last version was. */
  async function publish(latest: LambdaFunction, description?: string): Promise<LambdaFunction> {
    const { config, declaration } = latest;
    const last = functions.versions.of(config.name).at(-1);
    if (last && isCopy(last, latest)) return last;
    const version = Math.max(functions.versions.next(config.name), config.publishes ? 2 : 1);
    await made.create("version", `${config.name}:${version}`, {
      inputs: { ...declaration.inputs, ...(description !== undefined && { description }) },
      outputs: { name: config.name, arn: `${config.arn}:${version}`, publishedAs: String(version) },
    });
    return functions.find(config.name, String(version));
  }

  async function update(latest: LambdaFunction, inputs: Record<string, Value>): Promise<LambdaFunction> {
    const { declaration, config } = latest;
    const { name, arn } = config;
    await made.change("function", name, {
      inputs: { ...declaration.inputs, ...inputs },
      outputs: { name, arn },
    });
    return functions.find(name);
  }

  return {
    CreateFunction: {
      authorize: withRole("CreateFunction"),
      async run({ Code, Publish, FunctionName, ...settings }: CreateFunctionCommandInput, { principal }) {
        const name = nameOf(FunctionName);
        if (functions.all.has(name)) throw conflict(`Function already exist: ${name}`);
        if (!settings.Runtime || !settings.Handler) {
          throw invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.");
        }
        checkRole(settings.Role ?? "");
        const code = await packageOf(cloud, Code as CodeInput, principal, packages);
        checkPackage(settings.CodeSigningConfigArn, code, name);
        await made.create("function", name, {
          inputs: { ...inputsOf(settings), code: code as Value },
          outputs: { name, arn: arnOf(name) },
        });
        const latest = functions.find(name);
        return describe(Publish ? await publish(latest) : latest);
      },
    },
    UpdateFunctionCode: {
      authorize: onFunction("UpdateFunctionCode"),
      async run(input: UpdateFunctionCodeCommandInput, { principal }) {
        const latest = latestOf(input.FunctionName!);
        checkRevision(input.RevisionId, latest.revision);
        const code = await packageOf(cloud, input as CodeInput, principal, packages);
        const { codeSigningConfigArn } = latest.declaration.inputs as { codeSigningConfigArn?: string };
        checkPackage(codeSigningConfigArn, code, latest.config.name);
        if (input.DryRun) return describe(latest);
        const changed = await update(latest, {
          ...{ code: code as Value, ...(input.Architectures && { architectures: input.Architectures }) },
        });
        return describe(input.Publish ? await publish(changed) : changed);
      },
    },
    UpdateFunctionConfiguration: {
      authorize: withRole("UpdateFunctionConfiguration"),
      async run({ FunctionName, RevisionId, ...settings }: UpdateFunctionConfigurationCommandInput) {
        const latest = latestOf(FunctionName!);
        checkRevision(RevisionId, latest.revision);
        if (settings.Role) checkRole(settings.Role);
        if (settings.DurableConfig && !latest.config.durable) {
          throw invalid("Durable execution cannot be enabled for a function that was created without it.");
        }
        return describe(await update(latest, inputsOf(settings)));
      },
    },
    DeleteFunction: {
      authorize: onFunction("DeleteFunction"),
      async run({ FunctionName, Qualifier }: Named) {
        const { name, qualifier = Qualifier } = parseFunctionName(FunctionName);
        functions.find(name);
        if (qualifier === "$LATEST") throw invalid("$LATEST version cannot be deleted without deleting the function.");
        if (qualifier === undefined) return api.removeFunction(name);
        const alias = functions.versions
          .aliases(name)
          .find(({ version, weights }) => version === qualifier || qualifier in weights);
        if (alias) throw conflict(`Version ${qualifier} is referenced by the alias ${alias.name}; remove it first.`);
        functions.remove(name, qualifier);
        // Its number is remembered: no other version gets it.
        const outputs = { name, publishedAs: qualifier, isDeleted: true };
        await made.change("version", `${name}:${qualifier}`, { inputs: {}, outputs });
        return {};
      },
    },
    GetFunction: {
      authorize: onFunction("GetFunction"),
      run({ FunctionName, Qualifier }: Named) {
        const qualifier = Qualifier ?? parseFunctionName(FunctionName).qualifier;
        const target = functions.find(FunctionName, Qualifier);
        const { reservedConcurrency, name } = latestOf(FunctionName).config;
        const { tags } = functions.find(name).declaration.inputs as { tags?: Record<string, string> };
        return {
          Configuration: describe(target, qualifier),
          Code: { RepositoryType: "S3", Location: api.codeLocation(target.code) },
          ...(tags && Object.keys(tags).length > 0 && { Tags: tags }),
          ...(reservedConcurrency !== undefined && {
            Concurrency: { ReservedConcurrentExecutions: reservedConcurrency },
          }),
        };
      },
    },
    GetFunctionConfiguration: {
      authorize: onFunction("GetFunctionConfiguration"),
      run: ({ FunctionName, Qualifier }: Named) =>
        describe(functions.find(FunctionName, Qualifier), Qualifier ?? parseFunctionName(FunctionName).qualifier),
    },
    ListFunctions: {
      authorize: () => ({ action: "lambda:ListFunctions", resource: "*" }),
      run(input) {
        const all = [...functions.all.values()].sort((a, b) => (a.config.name < b.config.name ? -1 : 1));
        const wanted =
          input.FunctionVersion === "ALL"
            ? all.flatMap((latest) => [latest, ...functions.versions.of(latest.config.name)])
            : all;
        const { page, NextMarker } = pageOf(wanted, input);
        return { Functions: page.map((target) => describe(target)), NextMarker };
      },
    },
    PublishVersion: {
      authorize: onFunction("PublishVersion"),
      async run({ FunctionName, RevisionId, CodeSha256, Description }) {
        const latest = latestOf(FunctionName);
        checkRevision(RevisionId, latest.revision);
        if (CodeSha256 && CodeSha256 !== latest.code.sha256) {
          throw invalid(
            `CodeSHA256 (${CodeSha256}) is different from current CodeSHA256 in $LATEST (${latest.code.sha256}). Please try again with the CodeSHA256 in $LATEST.`,
          );
        }
        return describe(await publish(latest, Description));
      },
    },
    ListVersionsByFunction: {
      authorize: onFunction("ListVersionsByFunction"),
      run(input) {
        const latest = latestOf(input.FunctionName);
        const { page, NextMarker } = pageOf([latest, ...functions.versions.of(latest.config.name)], input);
        return { Versions: page.map((target) => describe(target, "all")), NextMarker };
      },
    },
  };
}

function isCopy(version: LambdaFunction, latest: LambdaFunction): boolean {
  const settings = ({
    config: { arn, version: _, description: _d, reservedConcurrency: _r, ...rest },
    code,
  }: LambdaFunction) => JSON.stringify([unqualified(arn), rest, code.sha256]);
  return settings(version) === settings(latest);
}
