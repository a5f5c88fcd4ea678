import { isIP } from "node:net";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkedArn, checkForm, checkRange, checkRetention, InvalidArgumentError } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";

/** A group of rules that AWS keeps up to date. */
export interface ManagedRulesArgs {
  /** Rules of the group that only count what they would block. @default none */
  count?: string[];
}

export interface FirewallArgs {
  /** `cloudfront` stands in us-east-1 and guards a Website; `regional` guards APIs and user pools. @default "regional" */
  scope?: "regional" | "cloudfront";
  /** `count` blocks nothing: to see what would be blocked before it is. @default "block" */
  mode?: "block" | "count";
  /** Requests from one address in five minutes, 10 to 2000000000. @default 2000 */
  requestsPerFiveMinutes?: number;
  /** AWS's groups by name, first to last. @default common, known bad inputs, SQL injection, addresses of bad repute */
  managedRules?: Record<string, ManagedRulesArgs>;
  /** Networks (CIDR) that are never let in. @default none */
  blockedNetworks?: string[];
  /** The only networks (CIDR) let in. @default every network */
  allowedNetworks?: string[];
  /** Countries, as two capital letters, that are not let in. @default none */
  blockedCountries?: string[];
  /** Days to keep what was blocked or counted. @default 30 */
  logRetentionDays?: number;
  tags?: Tags;
}

/**
 * A WAF web ACL: AWS's managed rules, a rate limit by address, logs without tokens and cookies. It costs when idle ($5 a
 * month and $1 a rule), so nothing has one that did not ask for it.
 *
 * ```ts
 * const firewall = new Firewall("firewall", { requestsPerFiveMinutes: 1000 });
 * new Api("api", { openapi, handler, authorizer, firewall });
 * ```
 */
export class Firewall extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly scope: "regional" | "cloudfront";
  readonly logGroupName: pulumi.Output<string>;
  readonly #component: string;

  constructor(name: string, args: FirewallArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:Firewall", name, {}, options);
    checkArgs("Firewall", name, args);
    this.#component = `Firewall "${name}"`;
    validate(this.#component, args);
    const child = { parent: this };
    this.scope = args.scope ?? "regional";
    // What guards CloudFront is known in one region only, wherever the stack is.
    const region = this.scope === "cloudfront" ? "us-east-1" : undefined;
    const at: Place = { scope: this.scope.toUpperCase(), region, tags: args.tags };

    const acl = new aws.wafv2.WebAcl(
      name,
      { ...at, defaultAction: { allow: {} }, rules: rules(name, args, at, child), visibilityConfig: visible(name) },
      child,
    );
    const logs = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      // WAF takes only groups whose names begin so.
      { namePrefix: `aws-waf-logs-${name}-`, retentionInDays: args.logRetentionDays ?? 30, region, tags: args.tags },
      child,
    );
    new aws.wafv2.WebAclLoggingConfiguration(
      `${name}-logging`,
      {
        resourceArn: acl.arn,
        logDestinationConfigs: [logs.arn],
        region,
        redactedFields: [{ singleHeader: { name: "authorization" } }, { singleHeader: { name: "cookie" } }],
        // What passed stands in the access logs already.
        loggingFilter: {
          defaultBehavior: "DROP",
          filters: [
            {
              behavior: "KEEP",
              requirement: "MEETS_ANY",
              conditions: [{ actionCondition: { action: "BLOCK" } }, { actionCondition: { action: "COUNT" } }],
            },
          ],
        },
      },
      child,
    );
    this.arn = acl.arn;
    this.logGroupName = logs.name;
    this.registerOutputs({ arn: this.arn, logGroupName: this.logGroupName });
  }

  /** Stands before a REST API's stage, a user pool or a load balancer, by ARN. A Website takes the firewall itself. */
  protect(name: string, resourceArn: pulumi.Input<string>): aws.wafv2.WebAclAssociation {
    if (this.scope === "cloudfront") {
      throw new InvalidArgumentError(
        this.#component,
        "scope",
        this.scope,
        'distributions name their firewall themselves; for APIs and user pools, use scope "regional"',
      );
    }
    const arn = checkedArn(
      this.#component,
      "resourceArn",
      resourceArn,
      "(apigateway|cognito-idp|elasticloadbalancing)",
    );
    return new aws.wafv2.WebAclAssociation(
      `${name}-firewall`,
      { webAclArn: this.arn, resourceArn: arn },
      { parent: this },
    );
  }
}

interface Place {
  scope: string;
  region: string | undefined;
  tags: Tags | undefined;
}

type Statement = aws.types.input.wafv2.WebAclRuleStatement;
type Rule = aws.types.input.wafv2.WebAclRule;

/** What WAF inspects of a body is far less than an API takes: that a body is larger says nothing bad of it. */
export const MANAGED_RULES: Record<string, ManagedRulesArgs> = {
  AWSManagedRulesAmazonIpReputationList: {},
  AWSManagedRulesCommonRuleSet: { count: ["SizeRestrictions_BODY"] },
  AWSManagedRulesKnownBadInputsRuleSet: {},
  AWSManagedRulesSQLiRuleSet: {},
};

/** First who comes from where, then how often, then with what: the cheaper the earlier. */
function rules(name: string, args: FirewallArgs, at: Place, child: pulumi.CustomResourceOptions): Rule[] {
  const { blockedNetworks: blocked = [], allowedNetworks: allowed = [], blockedCountries: countries = [] } = args;
  const counts = args.mode === "count";
  const action = counts ? { count: {} } : { block: {} };
  const own: [string, Statement][] = [
    ...inNetworks(`${name}-blocked`, blocked, at, child).map((set): [string, Statement] => ["blocked-networks", set]),
    ...inNetworks(`${name}-allowed`, allowed, at, child).map((set): [string, Statement] => [
      "allowed-networks",
      { notStatement: { statement: set } },
    ]),
    ...(countries.length > 0
      ? [["blocked-countries", { geoMatchStatement: { countryCodes: countries } }] satisfies [string, Statement]]
      : []),
    [
      "rate",
      {
        rateBasedStatement: {
          aggregateKeyType: "IP",
          limit: args.requestsPerFiveMinutes ?? 2000,
          evaluationWindowSec: 300,
        },
      },
    ],
  ];
  const managed = Object.entries(args.managedRules ?? MANAGED_RULES).map(
    ([group, { count = [] }]): Omit<Rule, "priority"> => ({
      name: group,
      overrideAction: counts ? { count: {} } : { none: {} },
      statement: {
        managedRuleGroupStatement: {
          vendorName: "AWS",
          name: group,
          ruleActionOverrides: count.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
        },
      },
      visibilityConfig: visible(`${name}-${group}`),
    }),
  );
  const mine = own.map(
    ([rule, statement]): Omit<Rule, "priority"> => ({
      name: rule,
      action,
      statement,
      visibilityConfig: visible(`${name}-${rule}`),
    }),
  );
  return [...mine, ...managed].map((rule, priority) => ({ ...rule, priority }));
}

/** Whether an address is in one of the networks; nothing where there are none. A set holds addresses of one version. */
function inNetworks(name: string, networks: string[], at: Place, child: pulumi.CustomResourceOptions): Statement[] {
  const sets = ([4, 6] as const).flatMap((version) => {
    const addresses = networks.filter((network) => isIP(network.split("/")[0]!) === version);
    if (addresses.length === 0) return [];
    const set = new aws.wafv2.IpSet(
      `${name}-v${version}`,
      { ...at, ipAddressVersion: `IPV${version}`, addresses },
      child,
    );
    return [{ ipSetReferenceStatement: { arn: set.arn } }];
  });
  return sets.length > 1 ? [{ orStatement: { statements: sets } }] : sets;
}

const visible = (metricName: string) => ({
  metricName,
  cloudwatchMetricsEnabled: true,
  // Samples would show whole requests, tokens among them, to who may look at the console.
  sampledRequestsEnabled: false,
});

function validate(component: string, args: FirewallArgs): void {
  checkForm(component, "scope", args.scope, /^(regional|cloudfront)$/, "regional or cloudfront");
  checkForm(component, "mode", args.mode, /^(block|count)$/, "block or count");
  checkRange(component, "requestsPerFiveMinutes", args.requestsPerFiveMinutes, 10, 2_000_000_000);
  checkRetention(component, "logRetentionDays", args.logRetentionDays);
  for (const group of Object.keys(args.managedRules ?? {})) {
    checkForm(component, `managedRules.${group}`, group, /^AWSManagedRules\w+$/, "the name of one of AWS's groups");
  }
  for (const argument of ["blockedNetworks", "allowedNetworks"] as const) {
    for (const [index, network] of (args[argument] ?? []).entries()) {
      const [address = "", prefix = ""] = network.split("/");
      const most = { 0: 0, 4: 32, 6: 128 }[isIP(address)]!;
      // WAF takes no /0.
      if (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= most) continue;
      throw new InvalidArgumentError(
        component,
        `${argument}[${index}]`,
        network,
        "it has to be a network such as 203.0.113.0/24 or 2001:db8::/32",
      );
    }
  }
  for (const [index, country] of (args.blockedCountries ?? []).entries()) {
    checkForm(
      component,
      `blockedCountries[${index}]`,
      country,
      /^[A-Z]{2}$/,
      "two capital letters, as ISO 3166 has them",
    );
  }
}
