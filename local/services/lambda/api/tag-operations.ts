/** Tags of functions, event source mappings and code signing configurations. */
import type { Resource } from "../../../../engine/graph.ts";
import type { Operation } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";
import type { Api } from "./api.ts";
import { invalid, notFound } from "./errors.ts";
import type { Kind } from "./made.ts";

const MAX_TAGS = 50;

interface Tagged {
  kind: Kind;
  key: string;
  declaration: Resource;
  outputs: Resource["outputs"];
}

export function tagOperations({ functions, mappings, signing, made }: Api): Record<string, Operation> {
  const on =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ Resource }) => ({ action: `lambda:${action}`, resource: Resource });

  function targetOf(arn: string): Tagged {
    const type = arn.split(":")[5];
    const name = arn.split(":")[6] ?? "";
    if (type === "event-source-mapping") {
      const found = mappings.find(name);
      if (!found) throw notFound("The resource you requested does not exist.");
      return { kind: "eventSourceMapping", key: name, declaration: found.declaration, outputs: { uuid: name } };
    }
    if (type === "code-signing-config") {
      const { declaration, id } = signing.find(arn);
      return { kind: "codeSigningConfig", key: arn, declaration, outputs: { arn, configId: id } };
    }
    if (type !== "function" || parseFunctionName(arn).qualifier !== undefined) {
      throw invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.");
    }
    const { config, declaration } = functions.find(name);
    return { kind: "function", key: config.name, declaration, outputs: { name: config.name, arn: config.arn } };
  }

  const tagsOf = ({ declaration }: Tagged) => (declaration.inputs.tags ?? {}) as Record<string, string>;

  async function set({ kind, key, declaration, outputs }: Tagged, tags: Record<string, string>): Promise<object> {
    await made.change(kind, key, { inputs: { ...declaration.inputs, tags }, outputs, urn: declaration.urn });
    return {};
  }

  return {
    TagResource: {
      authorize: on("TagResource"),
      run({ Resource, Tags }) {
        const target = targetOf(Resource);
        const tags = { ...tagsOf(target), ...Tags };
        if (Object.keys(tags).length > MAX_TAGS) throw invalid(`A resource has at most ${MAX_TAGS} tags.`);
        return set(target, tags);
      },
    },
    UntagResource: {
      authorize: on("UntagResource"),
      run({ Resource, TagKeys }) {
        const target = targetOf(Resource);
        return set(
          target,
          Object.fromEntries(Object.entries(tagsOf(target)).filter(([key]) => !TagKeys.includes(key))),
        );
      },
    },
    ListTags: {
      authorize: on("ListTags"),
      run: ({ Resource }) => ({ Tags: tagsOf(targetOf(Resource)) }),
    },
  };
}
