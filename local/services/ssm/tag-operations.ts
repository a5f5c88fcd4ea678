/** Tags of parameters: condition keys of their own. */
import { type Access, AwsError, type Operation } from "../../service.ts";
import { parseName } from "./names.ts";
import type { Parameter, ParameterStore } from "./store.ts";

export interface Tag {
  Key: string;
  Value: string;
}

export function tagOperations(
  store: ParameterStore,
  access: (action: string, name: string, tags?: Tag[]) => Access,
): Record<string, Operation> {
  function tagged({ ResourceId, ResourceType }: { ResourceId: string; ResourceType: string }): Parameter {
    if (ResourceType !== "Parameter") {
      throw new AwsError("InvalidResourceType", `${ResourceType} is not a valid resource type here: Parameter is.`);
    }
    const parameter = store.find(parseName(ResourceId).name);
    if (!parameter) throw new AwsError("InvalidResourceId", `The parameter ${ResourceId} does not exist.`);
    return parameter;
  }

  return {
    AddTagsToResource: {
      authorize: ({ ResourceId, Tags }) => access("AddTagsToResource", ResourceId, Tags),
      run(input: { ResourceId: string; ResourceType: string; Tags: Tag[] }) {
        const parameter = tagged(input);
        for (const { Key, Value } of input.Tags) parameter.tags[Key] = Value;
        store.save(parameter);
        return {};
      },
    },
    RemoveTagsFromResource: {
      authorize: ({ ResourceId }) => access("RemoveTagsFromResource", ResourceId),
      run(input: { ResourceId: string; ResourceType: string; TagKeys: string[] }) {
        const parameter = tagged(input);
        for (const key of input.TagKeys) delete parameter.tags[key];
        store.save(parameter);
        return {};
      },
    },
    ListTagsForResource: {
      authorize: ({ ResourceId }) => access("ListTagsForResource", ResourceId),
      run: (input: { ResourceId: string; ResourceType: string }) => ({
        TagList: Object.entries(tagged(input).tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    },
  };
}
