/** Tags of alarms, by ARN. */
import type { Tag } from "@aws-sdk/client-cloudwatch";
import { AwsError, type Operation } from "../../service.ts";
import type { Alarm } from "./alarms/alarm.ts";
import type { Monitoring } from "./index.ts";

interface TagInput {
  ResourceARN: string;
  Tags?: Tag[];
  TagKeys?: string[];
}

export function tagOperations({ alarms }: Monitoring): Record<string, Operation> {
  const on =
    (action: string) =>
    ({ ResourceARN }: TagInput) => ({ action: `cloudwatch:${action}`, resource: ResourceARN });

  function found({ ResourceARN }: TagInput): Alarm {
    const alarm = alarms.all().find(({ arn }) => arn === ResourceARN);
    if (!alarm) throw new AwsError("ResourceNotFoundException", `${ResourceARN} does not exist.`, 404);
    return alarm;
  }

  return {
    ListTagsForResource: {
      authorize: on("ListTagsForResource"),
      run: (input: TagInput) => ({ Tags: Object.entries(found(input).tags).map(([Key, Value]) => ({ Key, Value })) }),
    },
    TagResource: {
      authorize: on("TagResource"),
      run(input: TagInput) {
        const alarm = found(input);
        for (const { Key, Value } of input.Tags ?? []) alarm.tags[Key!] = Value!;
        alarms.save(alarm);
        return {};
      },
    },
    UntagResource: {
      authorize: on("UntagResource"),
      run(input: TagInput) {
        const alarm = found(input);
        for (const key of input.TagKeys ?? []) delete alarm.tags[key];
        alarms.save(alarm);
        return {};
      },
    },
  };
}
