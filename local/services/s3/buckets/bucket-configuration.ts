/** What can be set on a bucket through the API: policy, CORS, notifications, public access, versioning, tags. */
import { AwsError, type Operation } from "../../../service.ts";
import { defaultOf, OWN_KEY } from "../content/encryption.ts";
import type { NotificationRule } from "../events/notifications.ts";
import type { S3 } from "../index.ts";
import { ownersOnly } from "./acl.ts";
import { isPublic, type PublicAccessBlock, setPolicy } from "./buckets.ts";
import { keptConfiguration } from "./kept-configuration.ts";
import { checkedRules, type LifecycleRule } from "./lifecycle.ts";

// biome-ignore lint/suspicious/noExplicitAny: shapes come from the SDK client's schema at run time
type Shape = Record<string, any>;

interface Filter {
  Key?: { FilterRules?: { Name: string; Value: string }[] };
}

const TARGETS = [
  { list: "QueueConfigurations", arn: "QueueArn" },
  { list: "TopicConfigurations", arn: "TopicArn" },
  { list: "LambdaFunctionConfigurations", arn: "LambdaFunctionArn" },
] as const;

export function bucketConfiguration({ buckets, cloud, lifecycleChanged, onBucket }: S3): Record<string, Operation> {
  type Input = Shape & { Bucket: string };
  type Found = ReturnType<typeof buckets.find>;
  const reads = (action: string, read: (bucket: Found) => object): Operation<Input> => ({
    authorize: onBucket(action),
    run: ({ Bucket }) => read(buckets.find(Bucket)),
  });
  const writes = (action: string, write: (bucket: Found, input: Input) => void): Operation<Input> => ({
    authorize: onBucket(action),
    run(input) {
      const bucket = buckets.find(input.Bucket);
      write(bucket, input);
      buckets.changed(bucket);
      return {};
    },
  });

  return {
    GetBucketVersioning: reads("GetBucketVersioning", ({ versioning }) => ({ Status: versioning })),
    PutBucketVersioning: writes("PutBucketVersioning", (bucket, { VersioningConfiguration }) => {
      if (bucket.objectLock && VersioningConfiguration.Status !== "Enabled") {
        const message =
          "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
        throw new AwsError("InvalidBucketState", message, 409);
      }
      bucket.versioning = VersioningConfiguration.Status;
    }),
    GetBucketPolicy: reads("GetBucketPolicy", ({ policy }) => {
      if (!policy) throw none("NoSuchBucketPolicy", "The bucket policy does not exist");
      return { Policy: policy };
    }),
    PutBucketPolicy: writes("PutBucketPolicy", (bucket, { Policy }) => setPolicy(bucket, Policy)),
    DeleteBucketPolicy: writes("DeleteBucketPolicy", (bucket) => setPolicy(bucket, undefined)),
    GetBucketCors: reads("GetBucketCORS", ({ cors }) => {
      if (cors.length === 0) throw none("NoSuchCORSConfiguration", "The CORS configuration does not exist");
      return {
        CORSRules: cors.map((rule) => ({
          AllowedMethods: rule.allowedMethods,
          AllowedOrigins: rule.allowedOrigins,
          AllowedHeaders: rule.allowedHeaders,
          ExposeHeaders: rule.exposeHeaders,
          MaxAgeSeconds: rule.maxAgeSeconds,
        })),
      };
    }),
    PutBucketCors: writes("PutBucketCORS", (bucket, { CORSConfiguration }) => {
      bucket.cors = (CORSConfiguration.CORSRules as Shape[]).map((rule) => ({
        allowedMethods: rule.AllowedMethods,
        allowedOrigins: rule.AllowedOrigins,
        allowedHeaders: rule.AllowedHeaders,
        exposeHeaders: rule.ExposeHeaders,
        maxAgeSeconds: rule.MaxAgeSeconds,
      }));
    }),
    DeleteBucketCors: writes("PutBucketCORS", (bucket) => {
      bucket.cors = [];
    }),
    GetPublicAccessBlock: reads("GetBucketPublicAccessBlock", ({ publicAccessBlock: block }) => {
      if (!block) {
        throw none("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found");
      }
      const PublicAccessBlockConfiguration = {
        BlockPublicAcls: block.blockPublicAcls,
        IgnorePublicAcls: block.ignorePublicAcls,
        BlockPublicPolicy: block.blockPublicPolicy,
        RestrictPublicBuckets: block.restrictPublicBuckets,
      };
      return { PublicAccessBlockConfiguration };
    }),
    PutPublicAccessBlock: writes("PutBucketPublicAccessBlock", (bucket, { PublicAccessBlockConfiguration: block }) => {
      bucket.publicAccessBlock = blockOf({
        blockPublicAcls: block.BlockPublicAcls,
        ignorePublicAcls: block.IgnorePublicAcls,
        blockPublicPolicy: block.BlockPublicPolicy,
        restrictPublicBuckets: block.RestrictPublicBuckets,
      });
    }),
    DeletePublicAccessBlock: writes("PutBucketPublicAccessBlock", (bucket) => {
      bucket.publicAccessBlock = undefined;
    }),
    GetBucketNotificationConfiguration: reads("GetBucketNotification", ({ notifications, eventBridge }) => ({
      ...Object.fromEntries(
        TARGETS.map(({ list, arn }) => [
          list,
          notifications.filter((rule) => kindOf(rule) === list).map((rule) => writeRule(rule, arn)),
        ]),
      ),
      ...(eventBridge && { EventBridgeConfiguration: {} }),
    })),
    PutBucketNotificationConfiguration: {
      authorize: onBucket("PutBucketNotification"),
      async run({ Bucket, NotificationConfiguration, SkipDestinationValidation }) {
        const rules = TARGETS.flatMap(({ list, arn }) =>
          ((NotificationConfiguration[list] ?? []) as Shape[]).map((rule, index) =>
            readRule(rule, arn, `${list}-${index}`),
          ),
        );
        buckets.find(Bucket);
        if (SkipDestinationValidation !== true) {
          const { checkTargets, sendTestEvents } = await import("../events/notification-targets.ts");
          await checkTargets(cloud, Bucket, rules);
          await sendTestEvents(cloud, Bucket, rules);
        }
        const bucket = buckets.find(Bucket);
        bucket.notifications = rules;
        bucket.eventBridge = NotificationConfiguration.EventBridgeConfiguration !== undefined;
        buckets.changed(bucket);
        return {};
      },
    },
    GetBucketTagging: reads("GetBucketTagging", ({ tags }) => {
      if (Object.keys(tags).length === 0) throw none("NoSuchTagSet", "The TagSet does not exist");
      return { TagSet: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    }),
    PutBucketTagging: writes("PutBucketTagging", (bucket, { Tagging }) => {
      const tags = Tagging.TagSet as { Key: string; Value: string }[];
      bucket.tags = Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
    }),
    DeleteBucketTagging: writes("PutBucketTagging", (bucket) => {
      bucket.tags = {};
    }),
    GetBucketEncryption: reads("GetEncryptionConfiguration", ({ encryption = OWN_KEY }) => {
      const byDefault = { SSEAlgorithm: encryption.algorithm, KMSMasterKeyID: encryption.keyId };
      const rule = {
        ...{ ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: encryption.bucketKey },
        BlockedEncryptionTypes: { EncryptionType: [encryption.allowsSupplied ? "NONE" : "SSE-C"] },
      };
      return { ServerSideEncryptionConfiguration: { Rules: [rule] } };
    }),
    PutBucketEncryption: writes("PutEncryptionConfiguration", (bucket, { ServerSideEncryptionConfiguration }) => {
      const [rule = {}] = ServerSideEncryptionConfiguration.Rules as Shape[];
      const { ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: bucketKey } = rule;
      bucket.encryption = defaultOf({
        ...{ algorithm: byDefault?.SSEAlgorithm ?? "AES256", keyId: byDefault?.KMSMasterKeyID, bucketKey },
        blocked: rule.BlockedEncryptionTypes?.EncryptionType,
      });
    }),
    DeleteBucketEncryption: writes("PutEncryptionConfiguration", (bucket) => {
      delete bucket.encryption;
    }),
    GetBucketLifecycleConfiguration: reads("GetLifecycleConfiguration", ({ lifecycle: rules = [] }) => {
      if (rules.length === 0) throw none("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
      return { Rules: rules.map(dated) };
    }),
    PutBucketLifecycleConfiguration: writes("PutLifecycleConfiguration", (bucket, { LifecycleConfiguration }) => {
      bucket.lifecycle = checkedRules(LifecycleConfiguration?.Rules);
      lifecycleChanged();
    }),
    DeleteBucketLifecycle: writes("PutLifecycleConfiguration", (bucket) => {
      bucket.lifecycle = [];
    }),
    ...keptConfiguration({ reads, writes }),
    GetBucketPolicyStatus: reads("GetBucketPolicyStatus", ({ policy }) => {
      if (!policy) throw none("NoSuchBucketPolicy", "The bucket policy does not exist");
      return { PolicyStatus: { IsPublic: isPublic(policy) } };
    }),
    GetBucketAcl: reads("GetBucketAcl", () => ownersOnly(cloud.account)),
    GetBucketRequestPayment: reads("GetBucketRequestPayment", () => ({ Payer: "BucketOwner" })),
    GetBucketAccelerateConfiguration: reads("GetAccelerateConfiguration", () => ({})),
  };
}

/** Dates, where they are kept as texts. */
function dated(rule: LifecycleRule): object {
  const { Date: date, ...rest } = rule.Expiration ?? {};
  return date === undefined ? rule : { ...rule, Expiration: { ...rest, Date: new Date(date) } };
}

/** What is not named is off. */
export function blockOf(settings: Partial<PublicAccessBlock>): PublicAccessBlock {
  return {
    blockPublicAcls: settings.blockPublicAcls === true,
    ignorePublicAcls: settings.ignorePublicAcls === true,
    blockPublicPolicy: settings.blockPublicPolicy === true,
    restrictPublicBuckets: settings.restrictPublicBuckets === true,
  };
}

function kindOf({ targetArn }: NotificationRule): (typeof TARGETS)[number]["list"] {
  const service = targetArn.split(":")[2];
  if (service === "lambda") return "LambdaFunctionConfigurations";
  return service === "sns" ? "TopicConfigurations" : "QueueConfigurations";
}

function readRule(rule: Shape, arn: string, id: string): NotificationRule {
  const rules = (rule.Filter as Filter | undefined)?.Key?.FilterRules ?? [];
  const of = (name: string) => rules.find(({ Name }) => Name.toLowerCase() === name)?.Value ?? "";
  return { id: rule.Id ?? id, targetArn: rule[arn], events: rule.Events, prefix: of("prefix"), suffix: of("suffix") };
}

function writeRule({ id, targetArn, events, prefix, suffix }: NotificationRule, arn: string) {
  const rules = [
    { Name: "prefix", Value: prefix },
    { Name: "suffix", Value: suffix },
  ].filter(({ Value }) => Value !== "");
  const filter = rules.length > 0 ? { Filter: { Key: { FilterRules: rules } } } : {};
  return { Id: id, [arn]: targetArn, Events: events, ...filter };
}

function none(code: string, message: string): AwsError {
  return new AwsError(code, message, 404);
}
