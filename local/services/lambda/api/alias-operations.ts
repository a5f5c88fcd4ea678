/** Operations on aliases. */
import type { CreateAliasCommandInput, UpdateAliasCommandInput } from "@aws-sdk/client-lambda";
import type { Value } from "../../../../engine/graph.ts";
import type { Operation } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";
import type { Alias } from "../versions.ts";
import type { Api } from "./api.ts";
import { checkRevision, conflict, notFound, pageOf } from "./errors.ts";

export function aliasOperations({ functions, made, arnOf, onFunction }: Api): Record<string, Operation> {
  const { versions } = functions;
  const nameOf = (text: string) => functions.find(parseFunctionName(text).name).config.name;

  function find(functionName: string, name: string): Alias {
    const found = versions.alias(functionName, name);
    if (found) return found;
    throw notFound(`Cannot find alias arn: ${arnOf(functionName)}:${name}`);
  }

  const inputs = (functionName: string, alias: Omit<Alias, "revision">): Record<string, Value> => ({
    ...{ functionName, name: alias.name, functionVersion: alias.version, description: alias.description },
    routingConfig: { additionalVersionWeights: alias.weights },
  });

  function describe(functionName: string, { name, version, description, weights, revision }: Alias) {
    return {
      AliasArn: `${arnOf(functionName)}:${name}`,
      Name: name,
      FunctionVersion: version,
      Description: description,
      RevisionId: revision,
      ...(Object.keys(weights).length > 0 && { RoutingConfig: { AdditionalVersionWeights: weights } }),
    };
  }

  return {
    CreateAlias: {
      authorize: onFunction("CreateAlias"),
      async run({
        FunctionName,
        Name = "",
        FunctionVersion = "",
        Description = "",
        RoutingConfig,
      }: CreateAliasCommandInput) {
        const functionName = nameOf(FunctionName!);
        if (versions.alias(functionName, Name)) {
          throw conflict(`Alias already exists: ${arnOf(functionName)}:${Name}`);
        }
        const weights = RoutingConfig?.AdditionalVersionWeights ?? {};
        await made.create("alias", `${functionName}:${Name}`, {
          inputs: inputs(functionName, { name: Name, version: FunctionVersion, description: Description, weights }),
          outputs: {},
        });
        return describe(functionName, find(functionName, Name));
      },
    },
    UpdateAlias: {
      authorize: onFunction("UpdateAlias"),
      async run({ FunctionName, Name = "", RevisionId, ...change }: UpdateAliasCommandInput) {
        const functionName = nameOf(FunctionName!);
        const known = find(functionName, Name);
        checkRevision(RevisionId, known.revision);
        await made.change("alias", `${functionName}:${Name}`, {
          inputs: inputs(functionName, {
            name: Name,
            version: change.FunctionVersion ?? known.version,
            description: change.Description ?? known.description,
            weights: change.RoutingConfig ? (change.RoutingConfig.AdditionalVersionWeights ?? {}) : known.weights,
          }),
          outputs: {},
        });
        return describe(functionName, find(functionName, Name));
      },
    },
    DeleteAlias: {
      authorize: onFunction("DeleteAlias"),
      run({ FunctionName, Name }) {
        const functionName = nameOf(FunctionName);
        versions.removeAlias(functionName, Name);
        made.forget("alias", `${functionName}:${Name}`);
        return {};
      },
    },
    GetAlias: {
      authorize: onFunction("GetAlias"),
      run({ FunctionName, Name }) {
        const functionName = nameOf(FunctionName);
        return describe(functionName, find(functionName, Name));
      },
    },
    ListAliases: {
      authorize: onFunction("ListAliases"),
      run({ FunctionName, FunctionVersion, ...paging }) {
        const functionName = nameOf(FunctionName);
        const wanted = versions
          .aliases(functionName)
          .filter(({ version }) => FunctionVersion === undefined || version === FunctionVersion);
        const { page, NextMarker } = pageOf(wanted, paging);
        return { Aliases: page.map((alias) => describe(functionName, alias)), NextMarker };
      },
    },
  };
}
