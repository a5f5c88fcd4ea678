/** How operations name a log group, what IAM is asked, and the group itself. */
import { type Access, AwsError, type Cloud } from "../../service.ts";
import { type LogGroup, logStoreOf } from "./store.ts";

export interface GroupInput {
  logGroupName?: string;
  /** A name or an ARN. */
  logGroupIdentifier?: string;
  logStreamName?: string;
}

export interface GroupAccess {
  /** Of a group, whether there is one or not. */
  arnOf(name: string): string;
  /** What IAM is asked. */
  on(action: string): (input: GroupInput) => Access;
  /** @throws AwsError ResourceNotFoundException */
  group(input: GroupInput): LogGroup;
  /** @throws AwsError ResourceNotFoundException */
  stream(input: GroupInput): { group: string; stream: string };
}

export function groupAccess(cloud: Cloud): GroupAccess {
  const store = logStoreOf(cloud);
  const arnOf = (name: string) => `arn:aws:logs:${cloud.region}:${cloud.account}:log-group:${name}`;

  function group(input: GroupInput): LogGroup {
    const found = store.group(nameOf(input));
    if (!found) throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
    return found;
  }

  return {
    arnOf,
    group,
    /** AWS judges every call on a group by the ARN of a stream, be it of none: policies name `<group>:*`. */
    on: (action) => (input) => ({
      action: `logs:${action}`,
      resource: `${arnOf(nameOf(input))}:log-stream:${input.logStreamName ?? ""}`,
    }),
    stream(input) {
      const { name } = group(input);
      const stream = String(input.logStreamName);
      if (!store.hasStream(name, stream)) {
        throw new AwsError("ResourceNotFoundException", "The specified log stream does not exist.");
      }
      return { group: name, stream };
    },
  };
}

function nameOf({ logGroupName, logGroupIdentifier = "" }: GroupInput): string {
  return logGroupName ?? logGroupIdentifier.replace(/^arn:.*:log-group:/, "").replace(/:\*$/, "");
}
