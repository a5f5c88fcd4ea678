/** Whether a function may call itself again and again through queues and other functions. */
import type { Operation } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";
import type { Api } from "./api.ts";
import { constraint } from "./errors.ts";

export function recursionOperations({ functions, made, onFunction }: Api): Record<string, Operation> {
  const nameOf = (text: string) => functions.find(parseFunctionName(text).name).config.name;
  const describe = (name: string) => ({ RecursiveLoop: functions.recursive.has(name) ? "Allow" : "Terminate" });
  return {
    PutFunctionRecursionConfig: {
      authorize: onFunction("PutFunctionRecursionConfig"),
      async run({ FunctionName, RecursiveLoop }) {
        const name = nameOf(FunctionName);
        if (!["Allow", "Terminate"].includes(RecursiveLoop)) {
          throw constraint(RecursiveLoop, "recursiveLoop", "Member must satisfy enum value set: [Terminate, Allow]");
        }
        const inputs = { functionName: name, recursiveLoop: RecursiveLoop };
        await made.create("functionRecursionConfig", name, { inputs, outputs: {} });
        return describe(name);
      },
    },
    GetFunctionRecursionConfig: {
      authorize: onFunction("GetFunctionRecursionConfig"),
      run: ({ FunctionName }) => describe(nameOf(FunctionName)),
    },
  };
}
