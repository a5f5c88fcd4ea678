/** Operations on function URLs. */
import type { CreateFunctionUrlConfigCommandInput } from "@aws-sdk/client-lambda";
import type { Value } from "../../../../engine/graph.ts";
import type { Operation } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";
import type { FunctionUrl } from "../function-url/function-urls.ts";
import type { Api } from "./api.ts";
import { conflict, invalid, notFound, pageOf } from "./errors.ts";
import { inputsOf } from "./made.ts";

type Target = { FunctionName: string; Qualifier?: string };

export function urlOperations({ functions, urls, made, arnOf, onFunction }: Api): Record<string, Operation> {
  const targetOf = ({ FunctionName, Qualifier }: Target) => {
    const { name, qualifier = Qualifier } = parseFunctionName(FunctionName);
    functions.find(name, qualifier);
    if (qualifier !== undefined && !functions.versions.alias(name, qualifier)) {
      throw invalid("A function URL belongs to $LATEST or to an alias: leave Qualifier out, or name an alias.");
    }
    return { name, qualifier };
  };

  function find(name: string, qualifier?: string): FunctionUrl {
    const found = urls.get(name, qualifier);
    if (found) return found;
    throw notFound("The resource you requested does not exist.");
  }

  const describe = (url: FunctionUrl) => ({
    FunctionUrl: urls.address(url),
    FunctionArn: url.qualifier ? `${arnOf(url.functionName)}:${url.qualifier}` : arnOf(url.functionName),
    AuthType: url.authType,
    InvokeMode: url.invokeMode,
    CreationTime: new Date(url.createdAt).toISOString(),
    LastModifiedTime: new Date(url.changedAt).toISOString(),
    ...(url.cors && {
      Cors: Object.fromEntries(
        Object.entries(url.cors).map(([name, value]) => [name[0]!.toUpperCase() + name.slice(1), value]),
      ),
    }),
  });

  const keyOf = (name: string, qualifier?: string) => `${name}:${qualifier ?? "$LATEST"}`;

  return {
    CreateFunctionUrlConfig: {
      authorize: onFunction("CreateFunctionUrlConfig"),
      async run(input: CreateFunctionUrlConfigCommandInput) {
        const { name, qualifier } = targetOf(input as Target);
        if (urls.get(name, qualifier)) {
          throw conflict(`FunctionUrlConfig exists for this Lambda function with ARN ${arnOf(name)}`);
        }
        const { FunctionName: _, Qualifier: _q, ...settings } = input;
        const inputs = { ...inputsOf(settings), functionName: name, ...(qualifier && { qualifier }) };
        await made.create("functionUrl", keyOf(name, qualifier), { inputs, outputs: {} });
        return describe(find(name, qualifier));
      },
    },
    UpdateFunctionUrlConfig: {
      authorize: onFunction("UpdateFunctionUrlConfig"),
      async run(input: CreateFunctionUrlConfigCommandInput) {
        const { name, qualifier } = targetOf(input as Target);
        const { id, authType, invokeMode, cors } = find(name, qualifier);
        const { FunctionName: _, Qualifier: _q, ...settings } = input;
        const inputs: Record<string, Value> = {
          ...{ authType, invokeMode, ...(cors && { cors: cors as Value }), ...inputsOf(settings) },
          ...{ functionName: name, ...(qualifier && { qualifier }) },
        };
        await made.change("functionUrl", keyOf(name, qualifier), { inputs, outputs: { urlId: id } });
        return describe(find(name, qualifier));
      },
    },
    GetFunctionUrlConfig: {
      authorize: onFunction("GetFunctionUrlConfig"),
      run(input: Target) {
        const { name, qualifier } = targetOf(input);
        return describe(find(name, qualifier));
      },
    },
    DeleteFunctionUrlConfig: {
      authorize: onFunction("DeleteFunctionUrlConfig"),
      run(input: Target) {
        const { name, qualifier } = targetOf(input);
        find(name, qualifier);
        urls.remove(name, qualifier);
        made.forget("functionUrl", keyOf(name, qualifier));
        return {};
      },
    },
    ListFunctionUrlConfigs: {
      authorize: onFunction("ListFunctionUrlConfigs"),
      run({ FunctionName, ...paging }) {
        const { page, NextMarker } = pageOf(urls.of(targetOf({ FunctionName }).name), paging);
        return { FunctionUrlConfigs: page.map(describe), NextMarker };
      },
    },
  };
}
