import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";

const cache =
  (args: Partial<terrace.CacheArgs> = {}, name = "sessions") =>
  () =>
    new terrace.Cache(name, { network: new terrace.Network("net", { cidr: "10.0.0.0/20" }), ...args });

const serverless = (stack: Deployment) => stack.resource("aws:elasticache/serverlessCache:ServerlessCache");
const users = (stack: Deployment) => stack.all("aws:elasticache/user:User").map(({ inputs }) => inputs);

describe("Cache", () => {
  it("is Valkey with limits that bound its cost, in the isolated subnets", async () => {
    const stack = await deploy(cache());
    expect(serverless(stack).inputs).toMatchObject({
      engine: "valkey",
      majorEngineVersion: "8",
      cacheUsageLimits: { dataStorage: { maximum: 1, unit: "GB" }, ecpuPerSeconds: [{ maximum: 5000 }] },
      subnetIds: stack.resource("awsx:ec2:Vpc").outputs.isolatedSubnetIds,
    });
  });

  it("has users whom IAM knows and no password, in a group of their own", async () => {
    const stack = await deploy(cache({ users: { app: {}, reports: { access: "read", keys: "tenants/*" } } }));
    const [app, reports] = users(stack);
    for (const user of [app!, reports!]) {
      expect(user).toMatchObject({ engine: "valkey", authenticationMode: { type: "iam" } });
      expect(user.userName).toBe(user.userId);
      expect(user.passwords).toBeUndefined();
    }
    expect(app!.accessString).toBe("on ~* resetchannels &* +@all -@dangerous +info");
    expect(reports!.accessString).toMatch(/^on ~tenants\/\* resetchannels &tenants\/\* -@all \+@read /);
    expect(stack.resource("UserGroup").inputs.userIds).toEqual([app!.userId, reports!.userId]);
    expect(serverless(stack).inputs.userGroupId).toBe(stack.resource("UserGroup").inputs.userGroupId);
  });

  it("lets nobody connect until a client is allowed, and then that client alone", async () => {
    expect((await deploy(cache())).all("SecurityGroupIngressRule")).toEqual([]);
    const stack = await deploy(() => {
      cache()().allowFrom("api", "sg-0123");
    });
    expect(stack.resource("aws:ec2/securityGroup:SecurityGroup").inputs.ingress).toBeUndefined();
    expect(stack.resource("SecurityGroupIngressRule").inputs).toMatchObject({
      referencedSecurityGroupId: "sg-0123",
      ipProtocol: "tcp",
      fromPort: 6379,
      toPort: 6380,
    });
  });

  it("grants a connection as one user, by both ARNs", async () => {
    let statement: unknown;
    const stack = await deploy(async () => {
      const made = cache({ users: { app: {}, reports: { access: "read" } } })();
      terrace.policyOf([made.grantConnect("reports")]).apply((json) => {
        statement = JSON.parse(json).Statement[0];
      });
    });
    expect(statement).toMatchObject({
      Action: ["elasticache:Connect"],
      Resource: [
        serverless(stack).outputs.arn,
        stack.resource("aws:elasticache/user:User", "sessions-user-reports").outputs.arn,
      ],
    });
    expect(await refused(() => cache()().grantConnect("admin"))).toContain(
      'Cache "sessions": user is "admin"; it has to be one of its users: app',
    );
  });

  it("is kept and snapshotted daily where protected, and neither in development", async () => {
    const kept = serverless(await deploy(cache()));
    expect(kept.inputs).toMatchObject({ snapshotRetentionLimit: 7, dailySnapshotTime: "03:00" });
    expect(kept.options.protect).toBe(true);
    const quick = serverless(await deploy(cache({ protection: "disposable" })));
    expect(quick.inputs.snapshotRetentionLimit).toBe(0);
    expect(quick.inputs.dailySnapshotTime).toBeUndefined();
    expect(quick.options.protect).toBeUndefined();
  });

  it("begins with a snapshot, encrypted with one's own key", async () => {
    const snapshot = "arn:aws:s3:::backups/sessions.rdb";
    const kmsKeyArn = pulumi.output("arn:aws:kms:eu-west-1:000000000000:key/1");
    const stack = await deploy(cache({ restoreFrom: [snapshot], kmsKeyArn }));
    expect(serverless(stack).inputs).toMatchObject({
      snapshotArnsToRestores: [snapshot],
      kmsKeyId: "arn:aws:kms:eu-west-1:000000000000:key/1",
    });
  });

  it.each(
    byMessage<Partial<terrace.CacheArgs>>([
      [{ network: undefined as never }, "network is missing; say where it stands"],
      [{ cacheName: "A--b" }, 'cacheName is "A--b"'],
      [{ majorVersion: "6" as never }, 'majorVersion is "6"; it has to be "7" or "8"'],
      [{ maxStorageGb: 0 }, "maxStorageGb is 0; it has to be a number from 1 to 5000"],
      [{ maxEcpuPerSecond: 10 }, "maxEcpuPerSecond is 10"],
      [{ snapshotRetentionDays: 36 }, "snapshotRetentionDays is 36"],
      [{ snapshotTime: "24:00" }, 'snapshotTime is "24:00"'],
      [{ restoreFrom: ["sessions.rdb"] }, 'restoreFrom[0] is "sessions.rdb"; it has to be the ARN of a snapshot'],
      [{ restoreFrom: [pulumi.output("later.rdb")] }, 'restoreFrom[0] is "later.rdb"'],
      [{ kmsKeyArn: pulumi.output("alias/mine") }, 'kmsKeyArn is "alias/mine"'],
      [{ users: {} }, "users is {}; name at least one user"],
      [{ users: { "A b": {} } }, 'users.A b is "A b"'],
      [{ users: { app: { access: "all" as never } } }, 'users.app.access is "all"; it has to be readWrite or read'],
      [{ users: { app: { keys: "* +@all" } } }, 'users.app.keys is "* +@all"'],
    ]),
  )("refuses: %s", async (message, args) => {
    const error = await refused(cache(args));
    expect(error).toContain(`Cache "sessions": ${message}`);
    expect(error.split("\n").find((line) => line.includes("Cache"))).toContain("; ");
  });

  it("refuses a name that leaves no room for a suffix, and tells the argument that does", async () => {
    expect(await refused(cache({}, "s".repeat(33)))).toContain("give a cacheName");
  });
});
