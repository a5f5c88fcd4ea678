/**
 * Everything that distributions name by an id and that is nothing but settings: policies, access controls, keys. Each kind is
 * created, read, changed, removed and listed in the same way.
 */
import { randomUUID } from "node:crypto";
import { type Access, AwsError, type Operation } from "../../service.ts";
import type { CloudFront } from "./index.ts";
import { checkVersion, type Kept, newId } from "./kept.ts";
import type { Shape } from "./shapes.ts";

interface Kind {
  /** `CachePolicy`: its operations and members are named after it. */
  name: string;
  /** The end of the operation that lists them. */
  plural: string;
  /** In ARNs; actions on kinds without one are allowed on `*`. */
  resource?: string;
  /** The beginning of an id; a UUID without one. */
  prefix?: string;
  noSuch: string;
  inUse: string;
  exists: string;
  /** Stands in a list as a whole, beside its type or not, or as a summary. */
  listed: "typed" | "whole" | "summary";
}

const POLICY = { listed: "typed" } as const;

export const KINDS: Kind[] = [
  ...["CachePolicy", "OriginRequestPolicy", "ResponseHeadersPolicy"].map((name) => ({
    ...POLICY,
    ...{ name, plural: name.replace(/y$/, "ies"), noSuch: `NoSuch${name}`, inUse: `${name}InUse` },
    exists: `${name}AlreadyExists`,
    resource: name.replace(/\B[A-Z]/g, "-$&").toLowerCase(),
  })),
  {
    ...{ name: "OriginAccessControl", plural: "OriginAccessControls", resource: "origin-access-control", prefix: "E" },
    ...{ noSuch: "NoSuchOriginAccessControl", inUse: "OriginAccessControlInUse", listed: "summary" },
    exists: "OriginAccessControlAlreadyExists",
  },
  {
    ...{ name: "CloudFrontOriginAccessIdentity", plural: "CloudFrontOriginAccessIdentities", prefix: "E" },
    ...{ noSuch: "NoSuchCloudFrontOriginAccessIdentity", inUse: "CloudFrontOriginAccessIdentityInUse" },
    ...{ exists: "CloudFrontOriginAccessIdentityAlreadyExists", listed: "summary", resource: "origin-access-identity" },
  },
  {
    ...{ name: "PublicKey", plural: "PublicKeys", prefix: "K", noSuch: "NoSuchPublicKey", inUse: "PublicKeyInUse" },
    ...{ exists: "PublicKeyAlreadyExists", listed: "summary" },
  },
  {
    ...{ name: "KeyGroup", plural: "KeyGroups", noSuch: "NoSuchResource", inUse: "ResourceInUse" },
    ...{ exists: "KeyGroupAlreadyExists", listed: "whole" },
  },
];

export function settingsOperations(cloudfront: CloudFront): Record<string, Operation> {
  return Object.assign({}, ...KINDS.map((kind) => operationsOf(cloudfront, kind)));
}

function operationsOf({ cloud, store }: CloudFront, kind: Kind): Record<string, Operation> {
  const { name, plural, resource } = kind;
  const config = `${name}Config`;
  const on =
    (action: string) =>
    ({ Id = "*" }: { Id?: string }): Access => ({
      action: `cloudfront:${action}`,
      resource: resource ? `arn:aws:cloudfront::${cloud.account}:${resource}/${Id}` : "*",
    });

  function find(id: string): Kept {
    const found = store.get(name, id);
    if (!found) throw new AwsError(kind.noSuch, `The specified ${words(name)} does not exist.`, 404);
    return found;
  }

  function checkName(given: Shape, own?: string): void {
    const key = given.Name === undefined ? "CallerReference" : "Name";
    const taken = store.all(name).some((other) => other.id !== own && other.config[key] === given[key]);
    if (!taken) return;
    throw new AwsError(kind.exists, `The ${words(name)} ${given[key]} already exists.`, 409);
  }

  const answer = (kept: Kept) => ({
    [name]: describe(kept, config),
    ETag: kept.etag,
    Location: `https://cloudfront.amazonaws.com/2020-05-31/${resource ?? words(name).replaceAll(" ", "-")}/${kept.id}`,
  });

  return {
    [`Create${name}`]: {
      authorize: on(`Create${name}`),
      run(input: Shape) {
        check(name, input[config], store);
        checkName(input[config]);
        const id = kind.prefix ? newId(kind.prefix) : randomUUID();
        return answer(store.put({ kind: name, id, config: input[config], origin: "api" }));
      },
    },
    [`Get${name}`]: { authorize: on(`Get${name}`), run: ({ Id }) => answer(find(Id)) },
    [`Get${name}Config`]: {
      authorize: on(`Get${name}Config`),
      run({ Id }) {
        const kept = find(Id);
        return { [config]: kept.config, ETag: kept.etag };
      },
    },
    [`Update${name}`]: {
      authorize: on(`Update${name}`),
      run(input: Shape) {
        const kept = find(input.Id);
        if (kept.origin === "aws") throw new AwsError("IllegalUpdate", "AWS's own policies can not be changed.", 400);
        checkVersion(kept, input.IfMatch);
        check(name, input[config], store);
        checkName(input[config], kept.id);
        if (name === "PublicKey" && input[config].EncodedKey !== kept.config.EncodedKey) {
          throw new AwsError(
            "CannotChangeImmutablePublicKeyFields",
            "You can't change the value of a public key.",
            400,
          );
        }
        return answer(store.put({ kind: name, id: kept.id, config: input[config], origin: kept.origin }));
      },
    },
    [`Delete${name}`]: {
      authorize: on(`Delete${name}`),
      run({ Id, IfMatch }) {
        const kept = find(Id);
        if (kept.origin === "aws") throw new AwsError("IllegalDelete", "AWS's own policies can not be deleted.", 400);
        checkVersion(kept, IfMatch);
        const users = [...store.all("Distribution"), ...store.all("KeyGroup")];
        // An id is drawn at random: where it stands, it is meant.
        if (users.some((user) => user.id !== Id && JSON.stringify(user.config).includes(Id))) {
          throw new AwsError(kind.inUse, `The ${words(name)} is in use.`, 409);
        }
        store.remove(kept);
        return {};
      },
    },
    [`List${plural}`]: {
      authorize: () => ({ action: `cloudfront:List${plural}`, resource: "*" }),
      run({ Marker, MaxItems, Type }) {
        const all = store.all(name).filter(({ origin }) => !Type || (origin === "aws") === (Type === "managed"));
        const { page, next, max } = paged(all, Marker, MaxItems);
        const Items = page.map((kept) => {
          if (kind.listed === "summary") return { ...kept.config, ...describe(kept, config) };
          const whole = { [name]: describe(kept, config) };
          return kind.listed === "whole" ? whole : { Type: kept.origin === "aws" ? "managed" : "custom", ...whole };
        });
        const member = `${name}List`;
        const more = { Marker: Marker ?? "", IsTruncated: next !== undefined };
        return { [member]: { MaxItems: max, Quantity: Items.length, Items, NextMarker: next, ...more } };
      },
    },
  };
}

function describe({ id, config, created, modified }: Kept, member: string): Shape {
  const times = { LastModifiedTime: new Date(modified), CreatedTime: new Date(created) };
  return { Id: id, ...times, S3CanonicalUserId: id.toLowerCase().repeat(4), [member]: config };
}

/** @param max 100 at most */
export function paged(all: Kept[], marker: string | undefined, max = 100) {
  const after = marker ? all.findIndex(({ id }) => id === marker) + 1 : 0;
  const size = Math.min(Number(max) || 100, 100);
  const page = all.slice(after, after + size);
  return { page, max: size, next: after + size < all.length ? page.at(-1)?.id : undefined };
}

function check(kind: string, config: Shape, store: CloudFront["store"]): void {
  if (kind === "KeyGroup") {
    for (const id of config.Items ?? []) {
      if (!store.get("PublicKey", id))
        throw new AwsError("InvalidArgument", `The public key ${id} does not exist.`, 400);
    }
  }
  if (kind === "PublicKey" && !/^-----BEGIN PUBLIC KEY-----/.test(config.EncodedKey ?? "")) {
    throw new AwsError("InvalidArgument", "Your request contains empty/invalid/out of limits RSA Encoded Key", 400);
  }
  if (kind === "CachePolicy") {
    const { MinTTL = 0, DefaultTTL, MaxTTL } = config;
    if (MinTTL > (DefaultTTL ?? MinTTL) || (DefaultTTL ?? MinTTL) > (MaxTTL ?? Number.POSITIVE_INFINITY)) {
      throw new AwsError(
        "InvalidArgument",
        "The parameter MinTTL, DefaultTTL and MaxTTL have to be in ascending order.",
        400,
      );
    }
  }
}

/** `CachePolicy` → `cache policy` */
const words = (name: string): string => name.replace(/\B[A-Z]/g, " $&").toLowerCase();
