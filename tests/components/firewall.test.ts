import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

const firewall =
  (args: terrace.FirewallArgs = {}) =>
  () =>
    new terrace.Firewall("wall", args);

interface Rule {
  name: string;
  priority: number;
  action?: object;
  overrideAction?: object;
  statement: Record<string, never>;
}
const acl = (stack: Deployment) => stack.resource("aws:wafv2/webAcl:WebAcl");
const rulesOf = (stack: Deployment) => acl(stack).inputs.rules as unknown as Rule[];

describe("Firewall", () => {
  it("blocks floods from one address and what AWS's rules find, and lets the rest in", async () => {
    const stack = await deploy(firewall());
    expect(acl(stack).inputs).toMatchObject({ scope: "REGIONAL", defaultAction: { allow: {} } });
    const [rate, ...managed] = rulesOf(stack);
    expect(rate).toMatchObject({
      name: "rate",
      action: { block: {} },
      statement: { rateBasedStatement: { aggregateKeyType: "IP", limit: 2000, evaluationWindowSec: 300 } },
    });
    expect(managed.map(({ name, overrideAction }) => [name, overrideAction])).toEqual([
      ["AWSManagedRulesAmazonIpReputationList", { none: {} }],
      ["AWSManagedRulesCommonRuleSet", { none: {} }],
      ["AWSManagedRulesKnownBadInputsRuleSet", { none: {} }],
      ["AWSManagedRulesSQLiRuleSet", { none: {} }],
    ]);
    expect(rulesOf(stack).map(({ priority }) => priority)).toEqual([0, 1, 2, 3, 4]);
  });

  it("does not take a large body for an attack", async () => {
    const common = rulesOf(await deploy(firewall())).find(({ name }) => name === "AWSManagedRulesCommonRuleSet")!;
    expect(common.statement.managedRuleGroupStatement).toMatchObject({
      vendorName: "AWS",
      ruleActionOverrides: [{ name: "SizeRestrictions_BODY", actionToUse: { count: {} } }],
    });
  });

  it("only counts while it is being tried", async () => {
    for (const rule of rulesOf(await deploy(firewall({ mode: "count", blockedCountries: ["KP"] })))) {
      expect(rule.action ?? rule.overrideAction).toEqual({ count: {} });
    }
  });

  it("keeps networks and countries out, IPv4 and IPv6", async () => {
    const stack = await deploy(
      firewall({
        blockedNetworks: ["203.0.113.0/24", "2001:db8::/32"],
        allowedNetworks: ["198.51.100.0/24"],
        blockedCountries: ["KP"],
      }),
    );
    const sets = Object.fromEntries(stack.all("aws:wafv2/ipSet:IpSet").map((set) => [set.name, set]));
    const addresses = (name: string) => [sets[name]!.inputs.ipAddressVersion, sets[name]!.inputs.addresses];
    expect(addresses("wall-blocked-v4")).toEqual(["IPV4", ["203.0.113.0/24"]]);
    expect(addresses("wall-blocked-v6")).toEqual(["IPV6", ["2001:db8::/32"]]);
    expect(addresses("wall-allowed-v4")).toEqual(["IPV4", ["198.51.100.0/24"]]);
    const refer = (name: string) => ({ ipSetReferenceStatement: { arn: sets[name]!.outputs.arn } });
    expect(rulesOf(stack).slice(0, 3)).toMatchObject([
      { statement: { orStatement: { statements: [refer("wall-blocked-v4"), refer("wall-blocked-v6")] } } },
      { statement: { notStatement: { statement: refer("wall-allowed-v4") } } },
      { statement: { geoMatchStatement: { countryCodes: ["KP"] } } },
    ]);
  });

  it("logs what it blocks and counts, without tokens and cookies, and for so long", async () => {
    const stack = await deploy(firewall({ logRetentionDays: 90 }));
    const group = stack.resource("LogGroup");
    expect(group.inputs.retentionInDays).toBe(90);
    expect(String(group.outputs.name)).toMatch(/^aws-waf-logs-wall-/);
    expect(stack.resource("WebAclLoggingConfiguration").inputs).toMatchObject({
      resourceArn: acl(stack).outputs.arn,
      logDestinationConfigs: [group.outputs.arn],
      redactedFields: [{ singleHeader: { name: "authorization" } }, { singleHeader: { name: "cookie" } }],
      loggingFilter: { defaultBehavior: "DROP" },
    });
    expect(acl(stack).inputs.visibilityConfig).toMatchObject({ sampledRequestsEnabled: false });
  });

  it("stands in us-east-1 for CloudFront, wherever the stack is", async () => {
    const stack = await deploy(firewall({ scope: "cloudfront", blockedNetworks: ["203.0.113.0/24"] }));
    for (const type of ["WebAcl", "IpSet", "LogGroup", "WebAclLoggingConfiguration"]) {
      expect([type, stack.resource(type).inputs.region]).toEqual([type, "us-east-1"]);
    }
    expect(await refused(() => firewall({ scope: "cloudfront" })().protect("x", "arn:aws:apigateway:x"))).toContain(
      "distributions name their firewall themselves",
    );
  });

  const api = (type: "rest" | "http") => () => {
    const handler = new terrace.Function("api", { entry });
    const authorizer = new terrace.Function("auth", { entry });
    const args = { openapi: "functions/api/openapi.json", handler, authorizer, type };
    return new terrace.Api("gateway", { ...args, firewall: firewall()() });
  };

  it("stands before an API's stage; an HTTP API, which cannot have one, is refused", async () => {
    const stack = await deploy(api("rest"));
    expect(stack.resource("WebAclAssociation").inputs).toMatchObject({
      webAclArn: acl(stack).outputs.arn,
      resourceArn: stack.resource("aws:apigateway/stage:Stage").outputs.arn,
    });
    expect(await refused(api("http"))).toContain(
      'Api "gateway": firewall is "one"; WAF does not stand before HTTP APIs',
    );
  });

  it.each(
    byMessage<terrace.FirewallArgs>([
      [{ scope: "global" as never }, 'scope is "global"; it has to be regional or cloudfront'],
      [{ mode: "off" as never }, 'mode is "off"; it has to be block or count'],
      [{ requestsPerFiveMinutes: 9 }, "requestsPerFiveMinutes is 9; it has to be a number from 10"],
      [{ managedRules: { Mine: {} } }, 'managedRules.Mine is "Mine"'],
      [{ blockedNetworks: ["10.0.0.0"] }, 'blockedNetworks[0] is "10.0.0.0"; it has to be a network such as'],
      [{ blockedNetworks: ["10.0.0.0/33"] }, "blockedNetworks[0]"],
      [{ allowedNetworks: ["0.0.0.0/0"] }, "allowedNetworks[0]"],
      [{ blockedCountries: ["kp"] }, 'blockedCountries[0] is "kp"; it has to be two capital letters'],
    ]),
  )("refuses: %s", async (message, args) => {
    expect(await refused(firewall(args))).toContain(`Firewall "wall": ${message}`);
  });

  it("refuses what WAF does not stand before, also when it is known late", async () => {
    expect(await refused(() => firewall()().protect("x", pulumi.output("arn:aws:s3:::bucket")))).toContain(
      'Firewall "wall": resourceArn is "arn:aws:s3:::bucket"',
    );
  });
});
