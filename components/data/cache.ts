import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { type Grant, grantConnect } from "../grants.ts";
import { checked, checkedArn, checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import { NAME_LIMITS, stackNameOf } from "../names.ts";
import type { Network } from "../network/network.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";

/** Who may use the cache, by IAM: a user has no password. */
export interface CacheUserArgs {
  /** `read` users change nothing. @default "readWrite" */
  access?: "readWrite" | "read";
  /** Pattern of the keys and channels the user reaches, such as `tenants/acme/*`. @default "*", all of this cache */
  keys?: string;
}

export interface CacheArgs {
  network: Network;
  /** Physical name. @default Pulumi's autonaming */
  cacheName?: string;
  /** Valkey's major version. @default "8" */
  majorVersion?: "7" | "8";
  /** GB that the cache may hold, 1 to 5000; then it evicts. @default 1 */
  maxStorageGb?: number;
  /** ElastiCache processing units a second, 1000 to 15000000; then it throttles. @default 5000 */
  maxEcpuPerSecond?: number;
  /** Daily snapshots to keep, 0 to 35. @default 7 where protected, else 0 */
  snapshotRetentionDays?: number;
  /** UTC hour and minute of the daily snapshot. @default "03:00" */
  snapshotTime?: string;
  /** ARNs of snapshots (RDB files in S3) that the cache begins with. @default it begins empty */
  restoreFrom?: pulumi.Input<string>[];
  /** Users by name. @default one user, `app`, who reads and writes all keys */
  users?: Record<string, CacheUserArgs>;
  /** KMS key. @default AWS's own key for ElastiCache */
  kmsKeyArn?: pulumi.Input<string>;
  /** @default "protected" */
  protection?: Protection;
  tags?: Tags;
}

/**
 * ElastiCache Serverless with Valkey: over TLS only, users known by IAM, closed to the network until `allowFrom`. It costs
 * when idle (at least 100 MB of storage by the hour), so no cell has one that did not ask for it.
 *
 * ```ts
 * const cache = new Cache("sessions", { network, maxStorageGb: 2 });
 * cache.allowFrom("api", apiSecurityGroup.id);
 * new Function("api", { entry: "functions/api", grants: [cache.grantConnect("app")] });
 * ```
 */
export class Cache extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly cacheName: pulumi.Output<string>;
  /** Host of reads and writes, on port 6379. */
  readonly endpoint: pulumi.Output<string>;
  /** Host of reads that may be a moment behind, on port 6380. */
  readonly readerEndpoint: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  /** Name → Valkey user name, which an IAM token is made for. */
  readonly userNames: Record<string, pulumi.Output<string>>;
  readonly #component: string;
  readonly #users: Record<string, aws.elasticache.User>;

  constructor(name: string, args: CacheArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:data:Cache", name, {}, options);
    checkArgs("Cache", name, args, { network: "say where it stands" });
    this.#component = `Cache "${name}"`;
    validate(this.#component, name, args);
    const child = { parent: this };
    const isProtected = (args.protection ?? "protected") === "protected";
    const snapshots = args.snapshotRetentionDays ?? (isProtected ? 7 : 0);

    const firewall = new aws.ec2.SecurityGroup(
      `${name}-firewall`,
      { vpcId: args.network.vpcId, description: "Valkey: closed until a client is allowed", tags: args.tags },
      child,
    );
    this.#users = declareUsers(name, args, child);
    const group = new aws.elasticache.UserGroup(
      `${name}-users`,
      {
        engine: "valkey",
        userGroupId: stackNameOf("cacheUser", [name]),
        userIds: Object.values(this.#users).map(({ userId }) => userId),
        tags: args.tags,
      },
      child,
    );
    const cache = new aws.elasticache.ServerlessCache(
      name,
      {
        name: args.cacheName,
        engine: "valkey",
        majorEngineVersion: args.majorVersion ?? "8",
        cacheUsageLimits: {
          dataStorage: { maximum: args.maxStorageGb ?? 1, unit: "GB" },
          ecpuPerSeconds: [{ maximum: args.maxEcpuPerSecond ?? 5000 }],
        },
        snapshotRetentionLimit: snapshots,
        dailySnapshotTime: snapshots > 0 ? (args.snapshotTime ?? "03:00") : undefined,
        snapshotArnsToRestores: args.restoreFrom?.map((arn, index) =>
          checked(arn, (plain) =>
            checkForm(
              this.#component,
              `restoreFrom[${index}]`,
              plain,
              /^arn:aws[a-z-]*:(s3|elasticache):/,
              "the ARN of a snapshot",
            ),
          ),
        ),
        // ElastiCache Serverless spans two or three zones.
        subnetIds: args.network.isolatedSubnetIds.apply((ids) => ids.slice(0, 3)),
        securityGroupIds: [firewall.id],
        userGroupId: group.userGroupId,
        kmsKeyId: checkedArn(this.#component, "kmsKeyArn", args.kmsKeyArn, "kms"),
        tags: args.tags,
      },
      { parent: this, protect: isProtected },
    );
    this.arn = cache.arn;
    this.cacheName = cache.name;
    this.endpoint = cache.endpoints.apply(([endpoint]) => endpoint!.address);
    this.readerEndpoint = cache.readerEndpoints.apply(([endpoint]) => endpoint!.address);
    this.securityGroupId = firewall.id;
    this.userNames = Object.fromEntries(Object.entries(this.#users).map(([key, user]) => [key, user.userName]));
    this.registerOutputs({
      arn: this.arn,
      endpoint: this.endpoint,
      readerEndpoint: this.readerEndpoint,
      securityGroupId: this.securityGroupId,
      userNames: this.userNames,
    });
  }

  /** Lets who has a security group connect. Nobody else can. */
  allowFrom(name: string, securityGroupId: pulumi.Input<string>): aws.vpc.SecurityGroupIngressRule {
    return new aws.vpc.SecurityGroupIngressRule(
      `${name}-ingress`,
      {
        securityGroupId: this.securityGroupId,
        referencedSecurityGroupId: securityGroupId,
        ipProtocol: "tcp",
        fromPort: 6379,
        toPort: 6380,
        description: "Valkey over TLS: 6379 writes, 6380 reads",
      },
      { parent: this },
    );
  }

  /** What a function needs to connect as one of the users, and as no other. */
  grantConnect(user = "app"): Grant {
    const found = this.#users[user];
    if (!found) {
      const names = Object.keys(this.#users).join(", ");
      throw new InvalidArgumentError(this.#component, "user", user, `it has to be one of its users: ${names}`);
    }
    return grantConnect(this.arn, found.arn);
  }
}

function declareUsers(
  name: string,
  args: CacheArgs,
  child: pulumi.CustomResourceOptions,
): Record<string, aws.elasticache.User> {
  const users = Object.entries(args.users ?? { app: {} }).map(([user, settings]) => {
    // IAM knows a user by a name that is also the id, of which there is one in an account and region.
    const userId = stackNameOf("cacheUser", [name, user]);
    const resource = new aws.elasticache.User(
      `${name}-user-${user}`,
      {
        userId,
        userName: userId,
        engine: "valkey",
        accessString: accessString(settings),
        authenticationMode: { type: "iam" },
        tags: args.tags,
      },
      child,
    );
    return [user, resource] as const;
  });
  return Object.fromEntries(users);
}

/** Valkey's ACL. What could harm other users (FLUSHALL, KEYS, CONFIG) is nobody's; clients ask INFO and CLUSTER first. */
export function accessString({ access = "readWrite", keys = "*" }: CacheUserArgs): string {
  const commands = access === "read" ? "-@all +@read +@connection +cluster|slots +cluster|shards" : "+@all";
  return `on ~${keys} resetchannels &${keys} ${commands} -@dangerous +info`;
}

function validate(component: string, name: string, args: CacheArgs): void {
  const form = /^[a-z](?!.*--)[a-z0-9-]{0,38}[a-z0-9]$/;
  checkForm(component, "cacheName", args.cacheName, form, "lower-case letters, digits and single hyphens, at most 40");
  if (args.cacheName === undefined && name.length > NAME_LIMITS.cache - 8) {
    throw new InvalidArgumentError(
      component,
      "cacheName",
      undefined,
      `ElastiCache takes ${NAME_LIMITS.cache} characters, too few for this name and a suffix; give a cacheName`,
    );
  }
  checkForm(component, "majorVersion", args.majorVersion, /^[78]$/, '"7" or "8"');
  checkRange(component, "maxStorageGb", args.maxStorageGb, 1, 5000);
  checkRange(component, "maxEcpuPerSecond", args.maxEcpuPerSecond, 1000, 15_000_000);
  checkRange(component, "snapshotRetentionDays", args.snapshotRetentionDays, 0, 35);
  checkForm(component, "snapshotTime", args.snapshotTime, /^([01]\d|2[0-3]):[0-5]\d$/, "an hour and minute: 03:00");
  if (args.users && Object.keys(args.users).length === 0) {
    throw new InvalidArgumentError(component, "users", args.users, "name at least one user, or leave it out");
  }
  for (const [user, { access, keys }] of Object.entries(args.users ?? {})) {
    checkForm(
      component,
      `users.${user}`,
      user,
      /^[a-z][a-z0-9-]*$/,
      "a name of lower-case letters, digits and hyphens",
    );
    checkForm(component, `users.${user}.access`, access, /^(readWrite|read)$/, "readWrite or read");
    checkForm(component, `users.${user}.keys`, keys, /^[^\s~&]+$/, "a pattern without blanks, ~ and &");
  }
}
