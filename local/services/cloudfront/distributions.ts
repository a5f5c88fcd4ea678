/** Distributions: created, read, changed, removed and listed, and made to forget what their edges keep. */
import { randomUUID } from "node:crypto";
import { type Access, AwsError, type Operation } from "../../service.ts";
import { checkDistribution } from "./distribution-check.ts";
import type { CloudFront } from "./index.ts";
import { checkVersion, type Kept, newId } from "./kept.ts";
import { paged } from "./settings.ts";
import { itemsOf, listed, type Shape } from "./shapes.ts";

export function distributionOperations(cloudfront: CloudFront): Record<string, Operation> {
  const { cloud, store, cache } = cloudfront;
  const arnOf = (id: string) => `arn:aws:cloudfront::${cloud.account}:distribution/${id}`;
  const on =
    (action: string) =>
    (input: { Id?: string; DistributionId?: string }): Access => ({
      action: `cloudfront:${action}`,
      resource: arnOf(input.Id ?? input.DistributionId ?? "*"),
    });

  function find(id: string): Kept {
    const found = store.get("Distribution", id);
    if (!found) throw new AwsError("NoSuchDistribution", "The specified distribution does not exist.", 404);
    return found;
  }

  function invalidationOf(distribution: Kept, id: string): Shape {
    const found = (distribution.more.invalidations as Shape[] | undefined)?.find(({ Id }) => Id === id);
    if (!found) throw new AwsError("NoSuchInvalidation", "The specified invalidation does not exist.", 404);
    return shown(found);
  }

  function create(config: Shape, tags: Shape[] = []) {
    const known = store.all("Distribution").find((other) => other.config.CallerReference === config.CallerReference);
    if (known) {
      if (JSON.stringify(known.config) === JSON.stringify(config)) return answer(known);
      const message =
        "The caller reference that you are using to create a distribution is associated with another distribution.";
      throw new AwsError("DistributionAlreadyExists", message, 409);
    }
    checkDistribution(cloudfront, config);
    const id = newId("E");
    const domainName = `d${randomUUID().replaceAll("-", "").slice(0, 13)}.cloudfront.net`;
    const more = { arn: arnOf(id), domainName, label: id.toLowerCase(), tags: tagsOf(tags) };
    const kept = store.put({ kind: "Distribution", id, config, origin: "api", more });
    cloudfront.hostsChanged();
    return answer(kept);
  }

  const answer = (kept: Kept) => ({
    Distribution: describe(kept, store),
    ETag: kept.etag,
    Location: `https://cloudfront.amazonaws.com/2020-05-31/distribution/${kept.id}`,
  });

  function change(kept: Kept, config: Shape) {
    if (config.CallerReference !== kept.config.CallerReference) {
      throw new AwsError("IllegalUpdate", "The update contains modifications that are not allowed.", 400);
    }
    checkDistribution(cloudfront, config, kept.id);
    const changed = store.put({ kind: "Distribution", id: kept.id, config, origin: kept.origin });
    cache.forget(kept.id);
    cloudfront.hostsChanged();
    return answer(changed);
  }

  return {
    CreateDistribution: {
      authorize: () => on("CreateDistribution")({}),
      run: ({ DistributionConfig }) => create(DistributionConfig),
    },
    CreateDistributionWithTags: {
      authorize: () => [on("CreateDistribution")({}), on("TagResource")({})],
      run: ({ DistributionConfigWithTags: { DistributionConfig, Tags } }) => create(DistributionConfig, Tags?.Items),
    },
    GetDistribution: { authorize: on("GetDistribution"), run: ({ Id }) => answer(find(Id)) },
    GetDistributionConfig: {
      authorize: on("GetDistributionConfig"),
      run({ Id }) {
        const { config, etag } = find(Id);
        return { DistributionConfig: config, ETag: etag };
      },
    },
    UpdateDistribution: {
      authorize: on("UpdateDistribution"),
      run({ Id, IfMatch, DistributionConfig }) {
        const kept = find(Id);
        checkVersion(kept, IfMatch);
        return change(kept, DistributionConfig);
      },
    },
    DeleteDistribution: {
      authorize: on("DeleteDistribution"),
      run({ Id, IfMatch }) {
        const kept = find(Id);
        checkVersion(kept, IfMatch);
        if (kept.config.Enabled) {
          const message = "The distribution you are trying to delete has not been disabled.";
          throw new AwsError("DistributionNotDisabled", message, 409);
        }
        store.remove(kept);
        cache.forget(Id);
        cloudfront.hostsChanged();
        return {};
      },
    },
    ListDistributions: {
      authorize: () => ({ action: "cloudfront:ListDistributions", resource: "*" }),
      run({ Marker, MaxItems }) {
        const { page, next, max } = paged(store.all("Distribution"), Marker, MaxItems);
        const Items = page.map((kept) => ({ ...kept.config, ...describe(kept, store) }));
        const about = { Marker: Marker ?? "", MaxItems: max, IsTruncated: next !== undefined, NextMarker: next };
        return { DistributionList: { ...about, Quantity: Items.length, Items } };
      },
    },
    CreateInvalidation: {
      authorize: on("CreateInvalidation"),
      run({ DistributionId, InvalidationBatch }) {
        const kept = find(DistributionId);
        const { CallerReference, Paths } = InvalidationBatch;
        const paths: string[] = itemsOf(Paths);
        if (Paths.Quantity !== paths.length) {
          throw new AwsError("InconsistentQuantities", "The value of Quantity and the size of Items don't match.", 400);
        }
        if (paths.length === 0 || paths.some((path) => !path.startsWith("/"))) {
          throw new AwsError("InvalidArgument", "Your request contains one or more invalid invalidation paths.", 400);
        }
        const all: Shape[] = kept.more.invalidations ?? [];
        const Location = (id: string) =>
          `https://cloudfront.amazonaws.com/2020-05-31/distribution/${kept.id}/invalidation/${id}`;
        const before = all.find((other) => other.InvalidationBatch.CallerReference === CallerReference);
        if (before) {
          if (JSON.stringify(itemsOf(before.InvalidationBatch.Paths)) !== JSON.stringify(paths)) {
            throw new AwsError(
              "InvalidArgument",
              "Your request contains a caller reference that was used for a previous invalidation batch for the same distribution.",
              400,
            );
          }
          return { Invalidation: shown(before), Location: Location(before.Id) };
        }
        const made = {
          ...{ Id: newId("I"), Status: "Completed", CreateTime: cloud.clock.now() },
          InvalidationBatch: { CallerReference, Paths: listed(paths) },
        };
        kept.more.invalidations = [made, ...all].slice(0, 100);
        store.save(kept);
        cache.invalidate(kept.id, paths);
        return { Invalidation: shown(made), Location: Location(made.Id) };
      },
    },
    GetInvalidation: {
      authorize: on("GetInvalidation"),
      run: ({ DistributionId, Id }) => ({ Invalidation: invalidationOf(find(DistributionId), Id) }),
    },
    ListInvalidations: {
      authorize: on("ListInvalidations"),
      run({ DistributionId }) {
        const Items = ((find(DistributionId).more.invalidations as Shape[]) ?? []).map(shown);
        return { InvalidationList: { Marker: "", MaxItems: 100, IsTruncated: false, Quantity: Items.length, Items } };
      },
    },
    ...taggingOperations(cloudfront),
  };
}

function taggingOperations({ store }: CloudFront): Record<string, Operation> {
  const on =
    (action: string) =>
    ({ Resource }: { Resource: string }): Access => ({ action: `cloudfront:${action}`, resource: Resource });

  function find(arn: string): Kept {
    const [kind = "", id = ""] = arn.split(":").slice(5).join(":").split("/");
    const found = store.get(kind === "function" ? "Function" : "Distribution", id);
    if (!found) throw new AwsError("NoSuchResource", "A resource that was specified is not valid.", 404);
    return found;
  }

  return {
    TagResource: {
      authorize: on("TagResource"),
      run({ Resource, Tags }) {
        const kept = find(Resource);
        kept.more.tags = { ...kept.more.tags, ...tagsOf(itemsOf(Tags)) };
        store.save(kept);
        return {};
      },
    },
    UntagResource: {
      authorize: on("UntagResource"),
      run({ Resource, TagKeys }) {
        const kept = find(Resource);
        for (const key of itemsOf(TagKeys)) delete kept.more.tags?.[key];
        store.save(kept);
        return {};
      },
    },
    ListTagsForResource: {
      authorize: on("ListTagsForResource"),
      run: ({ Resource }) => ({
        Tags: { Items: Object.entries(find(Resource).more.tags ?? {}).map(([Key, Value]) => ({ Key, Value })) },
      }),
    },
  };
}

const tagsOf = (tags: Shape[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value ?? ""]));

const shown = (invalidation: Shape): Shape => ({ ...invalidation, CreateTime: new Date(invalidation.CreateTime) });

function describe({ id, config, modified, more }: Kept, store: CloudFront["store"]): Shape {
  const behaviors = [config.DefaultCacheBehavior, ...itemsOf(config.CacheBehaviors)];
  const groups = [...new Set(behaviors.flatMap((behavior) => itemsOf(behavior?.TrustedKeyGroups)))];
  const keys = groups.map((KeyGroupId) => ({
    KeyGroupId,
    KeyPairIds: listed(store.get("KeyGroup", KeyGroupId)?.config.Items ?? []),
  }));
  return {
    ...{ Id: id, ARN: more.arn, DomainName: more.domainName, Status: "Deployed", LastModifiedTime: new Date(modified) },
    ...{ InProgressInvalidationBatches: 0, DistributionConfig: config },
    ActiveTrustedSigners: { Enabled: false, Quantity: 0 },
    ActiveTrustedKeyGroups: { Enabled: keys.length > 0, ...listed(keys) },
  };
}
