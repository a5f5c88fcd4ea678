/** Operations on code signing configurations, and on which of them a function has. */
import { randomBytes } from "node:crypto";
import type { Value } from "../../../../engine/graph.ts";
import type { Operation } from "../../../service.ts";
import type { CodeSigningConfig } from "../code/code-signing.ts";
import { parseFunctionName } from "../function-config.ts";
import type { Api } from "./api.ts";
import { conflict, pageOf } from "./errors.ts";
import { inputsOf } from "./made.ts";

export function codeSigningOperations({
  cloud,
  functions,
  signing,
  made,
  arnOf,
  onFunction,
}: Api): Record<string, Operation> {
  const on =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ CodeSigningConfigArn }) => ({ action: `lambda:${action}`, resource: CodeSigningConfigArn ?? "*" });
  const latestOf = (text: string) => functions.find(parseFunctionName(text).name);
  const configOf = (name: string) => latestOf(name).declaration.inputs.codeSigningConfigArn as string | undefined;
  const usersOf = (arn: string) =>
    [...functions.all.values()].filter(({ declaration }) => declaration.inputs.codeSigningConfigArn === arn);

  const describe = ({ arn, id, description, publishers, untrusted, lastModified }: CodeSigningConfig) => ({
    ...{ CodeSigningConfigArn: arn, CodeSigningConfigId: id, Description: description },
    AllowedPublishers: { SigningProfileVersionArns: publishers },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: untrusted },
    LastModified: new Date(lastModified).toISOString().replace("Z", "+0000"),
  });

  async function setOn(FunctionName: string, codeSigningConfigArn: string | undefined): Promise<void> {
    const { config, declaration } = latestOf(FunctionName);
    const { name, arn } = config;
    const { codeSigningConfigArn: _, ...others } = declaration.inputs;
    const inputs: Record<string, Value> = { ...others, ...(codeSigningConfigArn && { codeSigningConfigArn }) };
    await made.change("function", name, { inputs, outputs: { name, arn } });
  }

  return {
    CreateCodeSigningConfig: {
      authorize: on("CreateCodeSigningConfig"),
      async run(input) {
        const configId = `csc-${randomBytes(9).toString("hex").slice(0, 17)}`;
        const arn = `arn:aws:lambda:${cloud.region}:${cloud.account}:code-signing-config:${configId}`;
        await made.create("codeSigningConfig", arn, { inputs: inputsOf(input), outputs: { arn, configId } });
        return { CodeSigningConfig: describe(signing.find(arn)) };
      },
    },
    UpdateCodeSigningConfig: {
      authorize: on("UpdateCodeSigningConfig"),
      async run({ CodeSigningConfigArn: arn, ...input }) {
        const { declaration, id } = signing.find(arn);
        const inputs = { ...declaration.inputs, ...inputsOf(input) };
        await made.change("codeSigningConfig", arn, { inputs, outputs: { arn, configId: id } });
        return { CodeSigningConfig: describe(signing.find(arn)) };
      },
    },
    GetCodeSigningConfig: {
      authorize: on("GetCodeSigningConfig"),
      run: ({ CodeSigningConfigArn }) => ({ CodeSigningConfig: describe(signing.find(CodeSigningConfigArn)) }),
    },
    DeleteCodeSigningConfig: {
      authorize: on("DeleteCodeSigningConfig"),
      run({ CodeSigningConfigArn: arn }) {
        signing.find(arn);
        if (usersOf(arn).length > 0) {
          throw conflict("The code signing configuration is used by functions.");
        }
        signing.remove(arn);
        made.forget("codeSigningConfig", arn);
        return {};
      },
    },
    ListCodeSigningConfigs: {
      authorize: on("ListCodeSigningConfigs"),
      run(input) {
        const { page, NextMarker } = pageOf(signing.all(), input);
        return { CodeSigningConfigs: page.map(describe), NextMarker };
      },
    },
    ListFunctionsByCodeSigningConfig: {
      authorize: on("ListFunctionsByCodeSigningConfig"),
      run({ CodeSigningConfigArn: arn, ...paging }) {
        signing.find(arn);
        const { page, NextMarker } = pageOf(usersOf(arn), paging);
        return { FunctionArns: page.map(({ config }) => arnOf(config.name)), NextMarker };
      },
    },
    PutFunctionCodeSigningConfig: {
      authorize: onFunction("PutFunctionCodeSigningConfig"),
      async run({ FunctionName, CodeSigningConfigArn }) {
        signing.find(CodeSigningConfigArn);
        await setOn(FunctionName, CodeSigningConfigArn);
        return { CodeSigningConfigArn, FunctionName: latestOf(FunctionName).config.name };
      },
    },
    GetFunctionCodeSigningConfig: {
      authorize: onFunction("GetFunctionCodeSigningConfig"),
      run: ({ FunctionName }) => ({
        CodeSigningConfigArn: configOf(FunctionName),
        FunctionName: latestOf(FunctionName).config.name,
      }),
    },
    DeleteFunctionCodeSigningConfig: {
      authorize: onFunction("DeleteFunctionCodeSigningConfig"),
      async run({ FunctionName }) {
        await setOn(FunctionName, undefined);
        return {};
      },
    },
  };
}
