/** Lambda's control plane: what its operations share, and all of them together. */
import type { Cloud, Operation } from "../../../service.ts";
import type { AsyncInvocations } from "../asynchronous/async-invocations.ts";
import type { Code } from "../code/code.ts";
import type { CodeSigningConfigs } from "../code/code-signing.ts";
import type { EventSourceMappings } from "../event-sources/index.ts";
import type { FunctionUrls } from "../function-url/function-urls.ts";
import type { Functions } from "../functions.ts";
import type { ResourcePolicies } from "../resource-policy.ts";
import { aliasOperations } from "./alias-operations.ts";
import { codeSigningOperations } from "./code-signing-operations.ts";
import { concurrencyOperations } from "./concurrency-operations.ts";
import { eventInvokeOperations } from "./event-invoke-operations.ts";
import { functionOperations } from "./function-operations.ts";
import { layerOperations } from "./layer-operations.ts";
import type { Made } from "./made.ts";
import { mappingOperations } from "./mapping-operations.ts";
import { permissionOperations } from "./permission-operations.ts";
import { recursionOperations } from "./recursion-operations.ts";
import { tagOperations } from "./tag-operations.ts";
import { urlOperations } from "./url-operations.ts";

export interface Api {
  cloud: Cloud;
  functions: Functions;
  policies: ResourcePolicies;
  events: AsyncInvocations;
  mappings: EventSourceMappings;
  urls: FunctionUrls;
  signing: CodeSigningConfigs;
  made: Made;
  /** Directory in which zips are kept. */
  packages: string;
  arnOf(functionName: string): string;
  /** What IAM is asked about an operation on a function. */
  onFunction(action: string): NonNullable<Operation["authorize"]>;
  /** Where code can be downloaded from. */
  codeLocation(code: Code): string;
  /** Deletes a function with all that is its own. */
  removeFunction(name: string): object;
}

export function apiOperations(api: Api): Record<string, Operation> {
  return {
    ...functionOperations(api),
    ...aliasOperations(api),
    ...permissionOperations(api),
    ...mappingOperations(api),
    ...concurrencyOperations(api),
    ...layerOperations(api),
    ...urlOperations(api),
    ...eventInvokeOperations(api),
    ...recursionOperations(api),
    ...tagOperations(api),
    ...codeSigningOperations(api),
  };
}
