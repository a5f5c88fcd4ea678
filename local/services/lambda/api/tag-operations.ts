/** Tags of functions. Mappings' and layers' tags are not kept. */
import type { Operation } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";
import type { Api } from "./api.ts";
import { invalid } from "./errors.ts";

const MAX_TAGS = 50;

export function tagOperations({ functions, made }: Api): Record<string, Operation> {
  const on =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ Resource }) => ({ action: `lambda:${action}`, resource: Resource });
  const targetOf = (arn: string) => {
    const { name, qualifier } = parseFunctionName(arn);
    if (qualifier !== undefined || !arn.includes(":function:"))
      throw invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.");
    const latest = functions.find(name);
    return { latest, tags: (latest.declaration.inputs.tags ?? {}) as Record<string, string> };
  };

  async function set(arn: string, tags: Record<string, string>): Promise<object> {
    const { latest } = targetOf(arn);
    const { name } = latest.config;
    await made.change("function", name, {
      inputs: { ...latest.declaration.inputs, tags },
      outputs: { name, arn: latest.config.arn },
    });
    return {};
  }

  return {
    TagResource: {
      authorize: on("TagResource"),
      run({ Resource, Tags }) {
        const tags = { ...targetOf(Resource).tags, ...Tags };
        if (Object.keys(tags).length > MAX_TAGS) throw invalid(`A function has at most ${MAX_TAGS} tags.`);
        return set(Resource, tags);
      },
    },
    UntagResource: {
      authorize: on("UntagResource"),
      run({ Resource, TagKeys }) {
        const left = Object.entries(targetOf(Resource).tags).filter(([key]) => !TagKeys.includes(key));
        return set(Resource, Object.fromEntries(left));
      },
    },
    ListTags: {
      authorize: on("ListTags"),
      run: ({ Resource }) => ({ Tags: targetOf(Resource).tags }),
    },
  };
}
