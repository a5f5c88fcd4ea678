/** Settings of a bucket that are answered as they were set, and have no effect on one machine. */
import { AwsError, type Operation } from "../../../service.ts";
import type { Bucket } from "./buckets.ts";
import { checkWebsite } from "./website-configuration.ts";

// biome-ignore lint/suspicious/noExplicitAny: shapes come from the SDK client's schema at run time
type Input = Record<string, any> & { Bucket: string };

interface Makers {
  reads(action: string, read: (bucket: Bucket) => object): Operation<Input>;
  writes(action: string, write: (bucket: Bucket, input: Input) => void): Operation<Input>;
}

interface Setting {
  /** The end of its operations' names, and the member that carries it. */
  name: string;
  member: string;
  /** The end of its IAM actions where they are named otherwise. */
  action?: string;
  /** What is answered where nothing was set: a default, or an error's code. */
  otherwise: object | string;
  /** The end of the operation that takes it away, where there is one. */
  remove?: string;
}

const SETTINGS: Setting[] = [
  {
    name: "BucketOwnershipControls",
    member: "OwnershipControls",
    otherwise: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
    remove: "BucketOwnershipControls",
  },
  { name: "BucketLogging", member: "BucketLoggingStatus", otherwise: {} },
  {
    name: "BucketReplication",
    member: "ReplicationConfiguration",
    action: "ReplicationConfiguration",
    otherwise: "ReplicationConfigurationNotFoundError",
    remove: "BucketReplication",
  },
  {
    name: "BucketWebsite",
    member: "WebsiteConfiguration",
    otherwise: "NoSuchWebsiteConfiguration",
    remove: "BucketWebsite",
  },
];

export function keptConfiguration({ reads, writes }: Makers): Record<string, Operation> {
  const found: Record<string, Operation> = {};
  for (const { name, member, action = name, otherwise, remove } of SETTINGS) {
    found[`Get${name}`] = reads(`Get${action}`, ({ kept = {} }) => {
      const set = kept[name];
      if (set === undefined && typeof otherwise === "string") {
        throw new AwsError(otherwise, `${member} was not found`, 404);
      }
      const answer = set ?? (otherwise as object);
      // Some are the answer, others stand in it.
      return name === "BucketWebsite" || name === "BucketLogging" ? answer : { [member]: answer };
    });
    found[`Put${name}`] = writes(`Put${action}`, (bucket, input) => {
      if (name === "BucketWebsite") checkWebsite(input[member] ?? {});
      bucket.kept = { ...bucket.kept, [name]: input[member] ?? {} };
    });
    if (!remove) continue;
    found[`Delete${remove}`] = writes(name === "BucketWebsite" ? "DeleteBucketWebsite" : `Put${action}`, (bucket) => {
      const { [name]: _, ...rest } = bucket.kept ?? {};
      bucket.kept = rest;
    });
  }
  return found;
}
