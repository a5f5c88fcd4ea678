import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

const database =
  (args: Partial<terrace.DatabaseArgs> = {}) =>
  () =>
    new terrace.Database("db", { network: new terrace.Network("net", { cidr: "10.0.0.0/20" }), ...args });
const cluster = (stack: Deployment) => stack.resource("aws:rds/cluster:Cluster");

describe("Database", () => {
  it("begins with a snapshot, or with another cluster as it was at a time", async () => {
    const snapshotArn = "arn:aws:rds:eu-west-1:000000000000:cluster-snapshot:db-final";
    const snapshot = cluster(await deploy(database({ restoreFrom: { snapshotArn } })));
    expect(snapshot.inputs.snapshotIdentifier).toBe(snapshotArn);
    const time = "2027-01-01T00:00:00Z";
    const then = await deploy(database({ restoreFrom: { clusterIdentifier: "old", time } }));
    expect(cluster(then).inputs.restoreToPointInTime).toEqual({ sourceClusterIdentifier: "old", restoreToTime: time });
    const latest = await deploy(database({ restoreFrom: { clusterIdentifier: "old" } }));
    expect(cluster(latest).inputs.restoreToPointInTime).toEqual({
      sourceClusterIdentifier: "old",
      useLatestRestorableTime: true,
    });
  });

  it("is not made anew, and emptied, when what it began with is no longer named", async () => {
    let ignored: string[] | undefined;
    await deploy(() => {
      pulumi.runtime.registerStackTransformation(({ type, props, opts }) => {
        if (type === "aws:rds/cluster:Cluster") ignored = opts.ignoreChanges;
        return { props, opts };
      });
      database()();
    });
    expect(ignored).toEqual(["snapshotIdentifier", "restoreToPointInTime"]);
  });

  it("takes PostgreSQL's settings by name, for its own major version, at the next maintenance", async () => {
    const stack = await deploy(
      database({ engineVersion: "16.8", parameters: { log_min_duration_statement: "500", "pgaudit.log": "ddl" } }),
    );
    const group = stack.resource("ClusterParameterGroup");
    expect(group.inputs).toMatchObject({
      family: "aurora-postgresql16",
      parameters: [
        { name: "log_min_duration_statement", value: "500", applyMethod: "pending-reboot" },
        { name: "pgaudit.log", value: "ddl" },
      ],
    });
    expect(cluster(stack).inputs.dbClusterParameterGroupName).toBe(group.outputs.name);
    expect(cluster(await deploy(database())).inputs.dbClusterParameterGroupName).toBeUndefined();
  });

  it("lets a role of PostgreSQL sign in by IAM, and a client in through the network, where asked", async () => {
    let granted: unknown;
    const stack = await deploy(() => {
      const db = database({ iamAuthentication: true })();
      db.allowFrom("worker", "sg-0123");
      terrace.policyOf([db.grantConnect("t_acme")]).apply((json) => {
        granted = JSON.parse(json).Statement;
      });
    });
    expect(cluster(stack).inputs.iamDatabaseAuthenticationEnabled).toBe(true);
    expect(granted).toEqual([
      {
        Effect: "Allow",
        Action: ["rds-db:connect"],
        Resource: [`arn:aws:rds-db:eu-west-1:000000000000:dbuser:${cluster(stack).outputs.clusterResourceId}/t_acme`],
      },
    ]);
    expect(stack.resource("SecurityGroupIngressRule").inputs).toMatchObject({
      securityGroupId: stack.resource("aws:ec2/securityGroup:SecurityGroup").id,
      referencedSecurityGroupId: "sg-0123",
      fromPort: 5432,
      toPort: 5432,
    });
  });

  it("has a reader in each further zone, ready to take over, and says where reads go", async () => {
    let reader = "";
    const stack = await deploy(() => {
      database({ readers: 2 })().readerEndpoint.apply((host) => {
        reader = host;
      });
    });
    const tiers = stack
      .all("aws:rds/clusterInstance:ClusterInstance")
      .map(({ name, inputs }) => [name, inputs.promotionTier]);
    expect(tiers).toEqual([
      ["db-0", 0],
      ["db-1", 1],
      ["db-2", 1],
    ]);
    expect(reader).toContain(".cluster-ro-");
  });

  it("keeps its log and what it did for as long as it says", async () => {
    const stack = await deploy(database({ clusterName: "shop", logRetentionDays: 30, insights: "advanced" }));
    expect(stack.resource("LogGroup").inputs).toMatchObject({
      name: "/aws/rds/cluster/shop/postgresql",
      retentionInDays: 30,
    });
    expect(cluster(stack).inputs).toMatchObject({
      databaseInsightsMode: "advanced",
      performanceInsightsEnabled: true,
      performanceInsightsRetentionPeriod: 465,
    });
  });

  it("is a cluster that is there already, and changes nothing about it", async () => {
    let outputs: string[] = [];
    const stack = await deploy(() => {
      const db = new terrace.Database("db", { existing: { clusterIdentifier: "legacy" }, databaseName: "shop" });
      pulumi.all([db.clusterArn, db.adminSecretArn, db.endpoint]).apply((values) => {
        outputs = values;
      });
    });
    expect(stack.resources.filter(({ type }) => type.startsWith("aws:"))).toEqual([]);
    expect(outputs).toEqual([
      "arn:aws:rds:eu-west-1:000000000000:cluster:legacy",
      expect.stringMatching(/^arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-/),
      expect.stringMatching(/^legacy\.cluster-/),
    ]);
  });

  it.each(
    byMessage<Partial<terrace.DatabaseArgs>>([
      [{ network: undefined }, "network is missing; say where it stands, or name an existing cluster"],
      [{ existing: { clusterIdentifier: "legacy" } }, "network is"],
      [{ network: undefined, existing: { clusterIdentifier: "legacy" }, maxAcu: 8 }, "maxAcu is"],
      [
        { network: undefined, existing: { clusterIdentifier: "with-own-password" } },
        "existing.adminSecretArn is missing; RDS manages no secret for this cluster",
      ],
      [
        { network: undefined, existing: { clusterIdentifier: "legacy", adminSecretArn: pulumi.output("hunter2") } },
        "existing.adminSecretArn is",
      ],
      [{ kmsKeyArn: pulumi.output("mine") }, 'kmsKeyArn is "mine"'],
      [{ restoreFrom: {} }, "restoreFrom is []; give either snapshotArn or clusterIdentifier"],
      [{ restoreFrom: { clusterIdentifier: "old", time: "yesterday" } }, 'restoreFrom.time is "yesterday"'],
      [
        { restoreFrom: { snapshotArn: "arn:aws:rds:x", time: "2027-01-01T00:00:00Z" } },
        'restoreFrom.time is "2027-01-01T00:00:00Z"; a snapshot is of one time; leave it out',
      ],
      [{ restoreFrom: { snapshotArn: pulumi.output("final") } }, 'restoreFrom.snapshotArn is "final"'],
      [{ parameters: { "Log-Level": "1" } }, "parameters.Log-Level is"],
      [{ insights: "all" as never }, 'insights is "all"; it has to be standard or advanced'],
      [{ logRetentionDays: 30 }, "clusterName is missing; its log group is named after it"],
      [{ clusterName: "shop", logRetentionDays: 0 }, "logRetentionDays is 0"],
      [{ readers: 16 }, "readers is 16; it has to be a number from 0 to 15"],
      [{ backupRetentionDays: 7 }, "backupRetentionDays is 7; it has to be a number from 14 to 35"],
    ]),
  )("refuses: %s", async (message, args) => {
    expect(await refused(database(args))).toContain(`Database "db": ${message}`);
  });

  it("does not repeat a password that was given in place of its secret's ARN", async () => {
    const existing = { clusterIdentifier: "legacy", adminSecretArn: "hunter2" };
    expect(await refused(() => new terrace.Database("db", { existing }))).not.toContain("hunter2");
  });
});
