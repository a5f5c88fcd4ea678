/**
 * S3 on one machine: objects with metadata, checksums, ranges, conditions, versions, tags, copies, multipart, presigned and form
 * uploads, object lock, CORS, bucket policies, public access blocks, event notifications, website hosting.
 *
 * Not emulated: ACLs (owners only, as AWS's default is), replication runs, select, access points. A
 * form's upload is held in memory whole, 256 MB at most. What counts as a public
 * policy is an allow for everybody without a condition. Calls on loopback count as `aws:SecureTransport`.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { Access, Call, Cloud, Service } from "../../service.ts";
import { blockOf, bucketConfiguration } from "./buckets/bucket-configuration.ts";
import { bucketOperations } from "./buckets/bucket-operations.ts";
import { type Bucket, type Buckets, bucketsOf, setPolicy } from "./buckets/buckets.ts";
import { type CorsRule, preflight, withCors } from "./buckets/cors.ts";
import { lifecycle, rulesOfInputs } from "./buckets/lifecycle.ts";
import { isWebsiteHost, websiteOfInputs } from "./buckets/website-configuration.ts";
import { defaultOf, type Encryption, s3Encryption } from "./content/encryption.ts";
import { type Content, type ObjectVersion, objectStore } from "./content/store.ts";
import { tellEventBridge } from "./events/event-bridge.ts";
import { notify, rulesOf, sequencer } from "./events/notifications.ts";
import { copyOperation } from "./objects/copy-object.ts";
import { declareObject } from "./objects/declared-objects.ts";
import { deleteOperations } from "./objects/delete-objects.ts";
import { multipartOperations } from "./objects/multipart.ts";
import { objectAttributes } from "./objects/object-attributes.ts";
import { lockConfiguration, objectLockOperations } from "./objects/object-lock.ts";
import { objectOperations } from "./objects/object-operations.ts";
import { taggingOperations } from "./objects/object-tagging.ts";
import { restoreOperation } from "./objects/storage-class.ts";

/** What the groups of operations share. */
export interface S3 {
  cloud: Cloud;
  store: ReturnType<typeof objectStore>;
  buckets: Buckets;
  onBucket(action: string, context?: Access["context"]): (input: { Bucket: string }, call: Call) => Access;
  onObject(action: string, context?: Access["context"]): (input: { Bucket: string; Key: string }, call: Call) => Access;
  /** Stores an object, tells who wants to know, and answers after that: what was answered for is not lost with the process. */
  putObject(
    version: Omit<ObjectVersion, "versionId" | "file" | "modified" | "isDeleteMarker" | "size">,
    content: Content,
    event: string,
    call: Call,
  ): Promise<ObjectVersion>;
  encryption: Encryption;
  /** A bucket's lifecycle rules are others now. */
  lifecycleChanged(): void;
  announce(event: string, object: ObjectVersion, call: Call): Promise<void>;
}

export function s3(cloud: Cloud): Service {
  const store = objectStore(cloud.database, cloud.directory);
  const buckets = bucketsOf(cloud);
  const nextSequence = sequencer(() => cloud.clock.now());
  let announcing: Promise<void> = Promise.resolve();

  /** Nobody without a signature comes in by a policy where public buckets are restricted. */
  function policyFor(name: string, { principal }: Call): string | undefined {
    const bucket = buckets.get(name);
    if (principal.type === "anonymous" && bucket?.publicAccessBlock?.restrictPublicBuckets) return undefined;
    return bucket?.policy;
  }

  const shared: S3 = {
    ...{ cloud, store, buckets, encryption: s3Encryption(cloud) },
    lifecycleChanged: () => expiring.changed(),
    onBucket: (action, context) => (input, call) => ({
      action: `s3:${action}`,
      resource: `arn:aws:s3:::${input.Bucket}`,
      resourcePolicy: policyFor(input.Bucket, call),
      ...(context && { context }),
    }),
    onObject: (action, context) => (input, call) => ({
      action: `s3:${action}`,
      resource: `arn:aws:s3:::${input.Bucket}/${input.Key}`,
      resourcePolicy: policyFor(input.Bucket, call),
      ...(context && { context }),
    }),
    async putObject(version, content, event, call) {
      const bucket = buckets.find(version.bucket);
      const complete = { ...version, isDeleteMarker: false, modified: cloud.clock.now() };
      const stored = store.put(complete, content, bucket.versioning === "Enabled");
      await shared.announce(event, stored, call);
      return stored;
    },
    announce(event, object, { principal, http }) {
      const { notifications: rules = [], eventBridge } = buckets.get(object.bucket) ?? {};
      if (rules.length === 0 && !eventBridge) return Promise.resolve();
      const sequence = nextSequence();
      const traceHeader = http?.headers["x-amzn-trace-id"];
      // In the order of the writes.
      announcing = announcing.then(async () => {
        if (eventBridge) await tellEventBridge(cloud, event, object, principal.account, sequence);
        await notify(cloud, rules, event, object, principal.sessionName ?? principal.account, sequence, traceHeader);
      });
      return announcing;
    },
  };

  const multipart = multipartOperations(shared);
  const expiring = lifecycle(shared, multipart);
  expiring.changed();

  return {
    name: "s3",
    client: () => import("@aws-sdk/client-s3"),
    requiresMembers: "MalformedXML",
    resources: resourcesOf(shared),
    operations: withCors(shared, {
      ...bucketOperations(shared),
      ...bucketConfiguration(shared),
      ...objectOperations(shared),
      ...copyOperation(shared),
      ...deleteOperations(shared),
      ...taggingOperations(shared),
      ...objectAttributes(shared),
      ...objectLockOperations(shared),
      ...restoreOperation(shared),
      ...multipart,
    }),
    async handle(request) {
      if (request.method === "OPTIONS") return preflight(shared, request);
      if (isWebsiteHost(request)) return (await import("./buckets/website.ts")).website(shared, request);
      const { form } = request;
      return form && (await import("./objects/form-upload.ts")).postObject(shared, request, form);
    },
    async stop() {
      expiring.stop();
      await announcing;
      store.close();
    },
  };
}

function resourcesOf(shared: S3): Service["resources"] {
  const { buckets, lifecycleChanged } = shared;
  const declare = ({ inputs, outputs }: Resource): void => {
    const bucket = buckets.declare(String(outputs.bucket), (inputs.tags ?? {}) as Record<string, string>);
    if (inputs.objectLockEnabled === true && !bucket.objectLock) {
      Object.assign(bucket, { versioning: "Enabled", objectLock: {} });
    }
  };
  const resources: Service["resources"] = {
    "aws:s3/bucket:Bucket": declare,
    "aws:s3/bucketV2:BucketV2": declare,
    "aws:s3/bucketObject:BucketObject": declareObject(shared),
    "aws:s3/bucketObjectv2:BucketObjectv2": declareObject(shared),
  };
  const kept = (): void => {};
  const aspects: Record<string, (bucket: Bucket, inputs: Resource["inputs"]) => void | Promise<void>> = {
    bucketPolicy: (bucket, { policy }) => setPolicy(bucket, String(policy)),
    bucketVersioning(bucket, { versioningConfiguration }) {
      const { status } = versioningConfiguration as { status: string };
      bucket.versioning = status === "Disabled" ? undefined : (status as Bucket["versioning"]);
    },
    bucketCorsConfiguration(bucket, { corsRules }) {
      bucket.cors = corsRules as unknown as CorsRule[];
    },
    async bucketNotification(bucket, inputs) {
      const rules = rulesOf(inputs);
      const { checkTargets, sendTestEvents } = await import("./events/notification-targets.ts");
      await checkTargets(shared.cloud, bucket.name, rules);
      bucket.notifications = rules;
      bucket.eventBridge = inputs.eventbridge === true;
      const declared = JSON.stringify(rules);
      if (bucket.tried === declared) return;
      await sendTestEvents(shared.cloud, bucket.name, rules);
      bucket.tried = declared;
      buckets.changed(bucket);
    },
    bucketPublicAccessBlock(bucket, inputs) {
      bucket.publicAccessBlock = blockOf(inputs);
    },
    // What these ask for holds here anyway, or nothing on one machine acts on it.
    bucketOwnershipControls: kept,
    bucketServerSideEncryptionConfiguration(bucket, { rules }) {
      const [rule] = (rules ?? []) as Record<string, unknown>[];
      const { sseAlgorithm, kmsMasterKeyId } = (rule?.applyServerSideEncryptionByDefault ?? {}) as Record<
        string,
        unknown
      >;
      const given = {
        ...{ algorithm: sseAlgorithm ?? "AES256", keyId: kmsMasterKeyId, bucketKey: rule?.bucketKeyEnabled },
        blocked: rule?.blockedEncryptionTypes,
      };
      bucket.encryption = defaultOf(given);
    },
    bucketLifecycleConfiguration(bucket, { rules }) {
      bucket.lifecycle = rulesOfInputs(rules);
      lifecycleChanged();
    },
    bucketLogging: kept,
    bucketWebsiteConfiguration(bucket, inputs) {
      bucket.kept = { ...bucket.kept, BucketWebsite: websiteOfInputs(inputs) };
    },
    bucketReplicationConfig: kept,
    bucketObjectLockConfiguration(bucket, { objectLockEnabled = "Enabled", rule }) {
      const { mode, days, years } = ((rule as Record<string, unknown>)?.defaultRetention ?? {}) as Record<
        string,
        unknown
      >;
      const Rule = mode === undefined ? undefined : { DefaultRetention: { Mode: mode, Days: days, Years: years } };
      bucket.objectLock = lockConfiguration(bucket, { ObjectLockEnabled: objectLockEnabled, Rule });
    },
  };
  for (const [name, provision] of Object.entries(aspects)) {
    const spelled = name[0]!.toUpperCase() + name.slice(1);
    const change = ({ inputs }: Resource) => provision(buckets.find(String(inputs.bucket)), inputs);
    resources[`aws:s3/${name}:${spelled}`] = change;
    resources[`aws:s3/${name}V2:${spelled}V2`] = change;
  }
  return resources;
}
