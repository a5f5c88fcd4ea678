/**
 * Lifecycle rules: what they expire goes at midnight UTC on the cloud's clock, as S3 runs them once a day, and what they move to
 * another storage class is there then. How large an object has to be for that is not looked at.
 */
import { AwsError, type Call, type Operation, type Timer } from "../../../service.ts";
import type { ObjectVersion } from "../content/store.ts";
import type { S3 } from "../index.ts";
import { isLocked } from "../objects/object-lock.ts";
import type { Bucket } from "./buckets.ts";

const DAY_MS = 86_400_000;

interface Tag {
  Key: string;
  Value: string;
}

/** As PutBucketLifecycleConfiguration has it; dates as ISO texts, so that it can be kept as JSON. */
export interface LifecycleRule {
  ID: string;
  Status: "Enabled" | "Disabled";
  Prefix?: string;
  Filter?: Matcher & { Tag?: Tag; And?: Matcher & { Tags?: Tag[] } };
  Expiration?: { Days?: number; Date?: string; ExpiredObjectDeleteMarker?: boolean };
  NoncurrentVersionExpiration?: { NoncurrentDays?: number; NewerNoncurrentVersions?: number };
  AbortIncompleteMultipartUpload?: { DaysAfterInitiation?: number };
  Transitions?: Transition[];
  NoncurrentVersionTransitions?: Transition[];
}

interface Transition {
  StorageClass?: string;
  Days?: number;
  NoncurrentDays?: number;
  Date?: string;
}

interface Matcher {
  Prefix?: string;
  ObjectSizeGreaterThan?: number;
  ObjectSizeLessThan?: number;
}

/** @throws AwsError MalformedXML or InvalidArgument */
export function checkedRules(rules: unknown): LifecycleRule[] {
  // Dates become texts.
  const given = JSON.parse(JSON.stringify(rules ?? [])) as LifecycleRule[];
  const malformed = (problem: string) => new AwsError("MalformedXML", problem, 400);
  if (given.length === 0 || given.length > 1000) throw malformed("A lifecycle configuration has 1 to 1000 rules.");
  const checked = given.map((rule, index) => ({ ...rule, ID: rule.ID || `rule-${index + 1}` }));
  if (new Set(checked.map(({ ID }) => ID)).size < checked.length) throw invalid("Rule ID must be unique.");
  for (const rule of checked) {
    if (rule.Status !== "Enabled" && rule.Status !== "Disabled") throw malformed("Status is Enabled or Disabled.");
    const { Expiration, NoncurrentVersionExpiration: noncurrent, AbortIncompleteMultipartUpload: abort } = rule;
    const actions = [Expiration, noncurrent, abort, rule.Transitions, rule.NoncurrentVersionTransitions];
    if (actions.every((action) => action === undefined)) {
      throw invalid("At least one action needs to be specified in a rule");
    }
    for (const days of [Expiration?.Days, noncurrent?.NoncurrentDays, abort?.DaysAfterInitiation]) {
      if (days !== undefined && !(Number.isInteger(days) && days >= 1))
        throw invalid("'Days' must be a positive integer");
    }
    const date = Expiration?.Date;
    if (date !== undefined && !/T00:00:00(\.0+)?Z$/.test(date)) throw invalid("'Date' must be at midnight GMT");
  }
  return checked;
}

export interface Lifecycle {
  /** A bucket's rules have changed. */
  changed(): void;
  stop(): void;
}

/** @param operations how uploads that were never completed are listed and ended */
export function lifecycle(s3: S3, operations: Record<string, Operation>): Lifecycle {
  const { buckets, cloud, store } = s3;
  const { clock } = cloud;
  const call: Call = {
    principal: { type: "service", arn: "s3.amazonaws.com", account: cloud.account },
    sourceIp: "127.0.0.1",
  };
  let timer: Timer | undefined;
  let stopped = false;

  function arm(): void {
    if (timer || stopped || !buckets.all().some(({ lifecycle: rules = [] }) => rules.length > 0)) return;
    const now = clock.now();
    timer = clock.after(midnightAfter(now) - now, () => {
      timer = undefined;
      void run().finally(arm);
    });
  }

  async function run(): Promise<void> {
    for (const bucket of buckets.all()) {
      for (const rule of bucket.lifecycle ?? []) {
        if (rule.Status !== "Enabled") continue;
        try {
          await apply(bucket, rule);
        } catch (error) {
          const message = `lifecycle rule ${rule.ID} of ${bucket.name}: ${(error as Error).message}`;
          cloud.log({ level: "error", source: "s3", message });
        }
      }
    }
  }

  async function apply(bucket: Bucket, rule: LifecycleRule): Promise<void> {
    const byKey = Map.groupBy(store.versions(bucket.name, prefixOf(rule)), ({ key }) => key);
    for (const versions of byKey.values()) await applyToKey(bucket, rule, versions);
    await abortUploads(bucket, rule);
  }

  /** @param versions of one key, the latest first */
  async function applyToKey(bucket: Bucket, rule: LifecycleRule, versions: ObjectVersion[]): Promise<void> {
    const [latest, ...older] = versions;
    const { Expiration = {}, NoncurrentVersionExpiration: noncurrent } = rule;
    const { NoncurrentDays, NewerNoncurrentVersions = 0 } = noncurrent ?? {};
    for (const [index, version] of older.entries()) {
      // It is noncurrent since the one after it came.
      await move(rule, version, rule.NoncurrentVersionTransitions, versions[index]!.modified);
      const isOld = NoncurrentDays !== undefined && isOver(versions[index]!.modified, NoncurrentDays);
      if (!isOld || index < NewerNoncurrentVersions || !matches(rule, version)) continue;
      if (isLocked(version, clock.now())) continue;
      store.removeVersion(version);
      await s3.announce("LifecycleExpiration:Delete", version, call);
    }
    if (!latest) return;
    if (latest.isDeleteMarker) {
      const isAlone = store.versions(bucket.name, latest.key).filter(({ key }) => key === latest.key).length === 1;
      if (Expiration.ExpiredObjectDeleteMarker && isAlone) store.removeVersion(latest);
      return;
    }
    const isDue =
      (Expiration.Days !== undefined && isOver(latest.modified, Expiration.Days)) ||
      (Expiration.Date !== undefined && Date.parse(Expiration.Date) <= clock.now());
    if (isDue && matches(rule, latest)) await expire(bucket, latest);
    else await move(rule, latest, rule.Transitions, latest.modified);
  }

  /** To the class of the last transition that is due. */
  async function move(rule: LifecycleRule, version: ObjectVersion, transitions: Transition[] = [], since = 0) {
    const due = transitions.filter(({ Days, NoncurrentDays, Date: date }) =>
      date === undefined ? isOver(since, Days ?? NoncurrentDays ?? 0) : Date.parse(date) <= clock.now(),
    );
    const { StorageClass } = due.at(-1) ?? {};
    if (!StorageClass || StorageClass === version.storageClass || version.isDeleteMarker || !matches(rule, version))
      return;
    const moved = { ...version, storageClass: StorageClass };
    store.update(moved);
    await s3.announce("LifecycleTransition", moved, call);
  }

  async function expire(bucket: Bucket, object: ObjectVersion): Promise<void> {
    if (!bucket.versioning) {
      store.removeVersion(object);
      await s3.announce("LifecycleExpiration:Delete", object, call);
      return;
    }
    const nothing = { etag: "", headers: {}, metadata: {}, tags: {}, checksums: {}, modified: clock.now() };
    const marker = { bucket: bucket.name, key: object.key, isDeleteMarker: true, ...nothing };
    const put = store.put(marker, undefined, bucket.versioning === "Enabled");
    await s3.announce("LifecycleExpiration:DeleteMarkerCreated", put, call);
  }

  async function abortUploads({ name }: Bucket, rule: LifecycleRule): Promise<void> {
    const days = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
    if (days === undefined) return;
    const input = { Bucket: name, Prefix: prefixOf(rule) };
    const { Uploads } = await operations.ListMultipartUploads!.run(input, call);
    for (const { Key, UploadId, Initiated } of Uploads as { Key: string; UploadId: string; Initiated: Date }[]) {
      if (isOver(Initiated.getTime(), days))
        await operations.AbortMultipartUpload!.run({ Bucket: name, Key, UploadId }, call);
    }
  }

  /** Days count from the midnight after. */
  const isOver = (since: number, days: number) => midnightAfter(since + days * DAY_MS - 1) <= clock.now();

  return {
    changed: arm,
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

function midnightAfter(ms: number): number {
  return (Math.floor(ms / DAY_MS) + 1) * DAY_MS;
}

function prefixOf({ Prefix, Filter }: LifecycleRule): string {
  return Filter?.And?.Prefix ?? Filter?.Prefix ?? Prefix ?? "";
}

function matches({ Filter = {} }: LifecycleRule, { tags, size }: ObjectVersion): boolean {
  const wanted = [...(Filter.Tag ? [Filter.Tag] : []), ...(Filter.And?.Tags ?? [])];
  const { ObjectSizeGreaterThan: more = -1, ObjectSizeLessThan: less = Number.POSITIVE_INFINITY } = {
    ...Filter,
    ...Filter.And,
  };
  return wanted.every(({ Key, Value }) => tags[Key] === Value) && size > more && size < less;
}

function invalid(problem: string): AwsError {
  return new AwsError("InvalidArgument", problem, 400);
}

/** Pulumi's inputs of `aws.s3.BucketLifecycleConfiguration`, as the API has them. */
export function rulesOfInputs(rules: unknown): LifecycleRule[] {
  const named = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(named);
    if (typeof value !== "object" || value === null) return value;
    const members = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null);
    return Object.fromEntries(
      members.map(([key, inner]) => [nameOf(key), key === "tags" ? tagsOf(inner) : named(inner)]),
    );
  };
  return checkedRules(named(rules));
}

const tagsOf = (tags: unknown): Tag[] =>
  Object.entries(tags as Record<string, string>).map(([Key, Value]) => ({ Key, Value }));
const nameOf = (key: string) => (key === "id" ? "ID" : key.slice(0, 1).toUpperCase() + key.slice(1));
