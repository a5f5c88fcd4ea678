/** Tags of objects. */
import type { Operation } from "../../../service.ts";
import type { S3 } from "../index.ts";
import { checkTags, existing } from "./object-description.ts";

export function taggingOperations(s3: S3): Record<string, Operation> {
  const { onObject, store } = s3;
  return {
    GetObjectTagging: {
      authorize: onObject("GetObjectTagging"),
      run: (input) => ({ TagSet: Object.entries(existing(s3, input).tags).map(([Key, Value]) => ({ Key, Value })) }),
    },
    PutObjectTagging: {
      authorize: onObject("PutObjectTagging"),
      run(input) {
        const set = input.Tagging.TagSet as { Key: string; Value: string }[];
        const tags = checkTags(Object.fromEntries(set.map(({ Key, Value }) => [Key, Value])));
        store.update({ ...existing(s3, input), tags });
        return {};
      },
    },
    DeleteObjectTagging: {
      authorize: onObject("DeleteObjectTagging"),
      run(input) {
        store.update({ ...existing(s3, input), tags: {} });
        return {};
      },
    },
  };
}
