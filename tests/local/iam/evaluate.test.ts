import fc from "fast-check";
import { holds } from "../../../local/iam/conditions.ts";
import { evaluate } from "../../../local/iam/evaluate.ts";
import { type Policy, parsePolicy } from "../../../local/iam/policy.ts";
import type { Principal } from "../../../local/service.ts";
import { SEED } from "../../seed.ts";
import {
  type NaiveCondition,
  type NaiveContext,
  type NaiveQuestion,
  type NaiveStatement,
  naive,
  naiveHolds,
} from "./naive.ts";

const account = "000000000000";
const names = {
  account: `arn:aws:iam::${account}:root`,
  role: `arn:aws:iam::${account}:role/app`,
  session: `arn:aws:sts::${account}:assumed-role/app/one`,
};
const principal: Principal = {
  type: "assumed-role",
  arn: names.session,
  account,
  roleArn: names.role,
  sessionName: "one",
};
const policy = (...Statement: object[]): Policy => parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement }));
const allow = (more: object = {}) => ({ Effect: "Allow", Action: "sqs:SendMessage", Resource: "*", ...more });

function decide(more: Partial<Parameters<typeof evaluate>[0]>) {
  return evaluate({
    principal,
    action: "sqs:SendMessage",
    resource: "arn:aws:sqs:eu-west-1:000000000000:orders",
    context: {},
    identityPolicies: [],
    ...more,
  });
}
const allowed = (more: Parameters<typeof decide>[0]) => decide(more).allowed;

/** Values that are near each other, for every kind of operator: what is drawn is often equal, or just past it. */
const VALUES: Record<string, string[]> = {
  String: ["a", "A", "ab", "a*", "*", "a?", "${k}", "${none}", "${none, 'ab'}", "${*}", "x"],
  Numeric: ["9", "10", "10.0", "11", "-1", "nine"],
  Date: ["2026-01-01T00:00:00Z", "2026-01-01", "1767225600", "2026-01-01T00:00:01Z", "2025-12-31T23:59:59Z"],
  Bool: ["true", "false", "TRUE"],
  Binary: ["aGVsbG8=", "aGVsbG9="],
  IpAddress: ["10.0.0.0/8", "10.1.2.3", "10.1.2.0/24", "11.0.0.1", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1"],
  Arn: ["arn:aws:sns:*:1:t*", "arn:aws:sns:e:1:t:u", "arn:aws:sns:e:1:t?", "arn:*:t", "arn:aws:sns:e:1:${k}", "*"],
};
const SENT: Record<string, string[]> = {
  ...VALUES,
  String: ["a", "A", "ab", "a*", "*", "x"],
  IpAddress: ["10.1.2.3", "10.1.3.3", "11.0.0.1", "2001:db8::1", "2001:db9::1"],
  Arn: ["arn:aws:sns:e:1:t", "arn:aws:sns:e:1:t:u", "arn:aws:sns:f:1:tt", "arn:aws:sqs:e:1:a"],
};
const order = ["Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals", "NotEquals"];
const OPERATORS: Record<string, string[]> = {
  String: ["Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"].map(
    (o) => `String${o}`,
  ),
  Numeric: order.map((each) => `Numeric${each}`),
  Date: order.map((each) => `Date${each}`),
  Bool: ["Bool"],
  Binary: ["BinaryEquals"],
  IpAddress: ["IpAddress", "NotIpAddress"],
  Arn: ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
};
const FAMILIES = Object.keys(OPERATORS);
/** A key for each family, of which a request has none, one or several values; `k` is for variables. */
const conditionContext: fc.Arbitrary<NaiveContext> = fc
  .record({
    k: fc.constantFrom<string[]>([], ["x"], ["a"], ["*"], ["t"]),
    ...Object.fromEntries(
      FAMILIES.map((family) => [family.toLowerCase(), fc.array(fc.constantFrom(...SENT[family]!), { maxLength: 2 })]),
    ),
  })
  .map((context: NaiveContext) =>
    Object.fromEntries(Object.entries(context).filter(([, values]) => values.length > 0)),
  );
const conditionBlock: fc.Arbitrary<NaiveCondition> = fc
  .constantFrom(...FAMILIES)
  .chain((family) =>
    fc.record({
      key: fc.constantFrom(family, family.toUpperCase()),
      wanted: fc.uniqueArray(fc.constantFrom(...VALUES[family]!), { minLength: 1, maxLength: 3 }),
      operator: fc.constantFrom(...OPERATORS[family]!),
      qualifier: fc.constantFrom("", "", "ForAllValues:", "ForAnyValue:"),
      ifExists: fc.constantFrom("", "", "IfExists"),
      isNull: fc.constantFrom<string[] | undefined>(undefined, undefined, undefined, ["true"], ["false"]),
    }),
  )
  .map(({ key, wanted, operator, qualifier, ifExists, isNull }) => ({
    [`${qualifier}${operator}${ifExists}`]: { [key]: wanted },
    ...(isNull ? { Null: { [key]: isNull } } : {}),
  }));

describe("judging a call", () => {
  it.each(FAMILIES)(
    "agrees with the naive evaluator on every %s operator, qualifier, IfExists and variable",
    (family) => {
      const seen = new Map<string, Set<boolean>>();
      fc.assert(
        fc.property(
          conditionBlock.filter((block) =>
            Object.values(block).some((keys) => Object.keys(keys)[0]!.toLowerCase() === family.toLowerCase()),
          ),
          conditionContext,
          (Condition, context) => {
            const [statement] = policy({ Effect: "Allow", Action: "*", Resource: "*", Condition });
            const ours = holds(statement!.conditions, context);
            const [operator] = Object.keys(Condition);
            seen.set(operator!, (seen.get(operator!) ?? new Set()).add(ours));
            expect([ours, JSON.stringify({ Condition, context })]).toEqual([
              naiveHolds(Condition, context),
              JSON.stringify({ Condition, context }),
            ]);
          },
        ),
        { numRuns: 3000, ...SEED },
      );
      // Each operator of the family was seen both to hold and not to.
      const undecided = OPERATORS[family]!.filter((operator) => seen.get(operator)?.size !== 2);
      expect(undecided).toEqual([]);
    },
  );

  it("agrees with a naive evaluator written from AWS's prose, on any mix of policies", () => {
    const few = <T>(values: T[]) => fc.subarray(values, { minLength: 1, maxLength: 2 });
    const actions = few(["s3:GetObject", "s3:PutObject", "s3:Get*", "S3:?etobject", "sqs:*", "*"]);
    const resources = few([
      ...["arn:aws:s3:::b/x", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${k}", "arn:aws:s3:::b/${none}"],
      ...["arn:aws:s3:::b/${none, 'x'}", "arn:aws:s3:::?/x", "arn:aws:s3:::b/${*}", "arn:aws:sqs:e:0:q", "*"],
    ]);
    const statement = fc
      .record({
        Effect: fc.constantFrom(...new Array<"Allow">(5).fill("Allow"), "Deny" as const),
        actions,
        resources,
        notAction: fc.boolean(),
        notResource: fc.boolean(),
        condition: fc.option(conditionBlock, { nil: undefined, freq: 1 }),
      })
      .map(
        ({ Effect, actions, resources, notAction, notResource, condition }): NaiveStatement => ({
          Effect,
          [notAction ? "NotAction" : "Action"]: actions,
          [notResource ? "NotResource" : "Resource"]: resources,
          ...(condition && { Condition: condition }),
        }),
      );
    const statements = fc.array(statement, { minLength: 1, maxLength: 3 });
    const everybody = ["*", names.account, names.role, names.session, "arn:aws:iam::1:role/other"];
    const resourceStatement = fc
      .record({ statement, not: fc.boolean(), AWS: few(everybody), except: fc.subarray(everybody, { minLength: 1 }) })
      .map(({ statement, not, AWS, except }) => ({
        ...statement,
        ...(not ? { Effect: "Deny" as const, NotPrincipal: { AWS: except } } : { Principal: { AWS } }),
      }));
    const question: fc.Arbitrary<NaiveQuestion> = fc.record({
      action: fc.constantFrom("s3:GetObject", "s3:PutObject", "sqs:SendMessage"),
      resource: fc.constantFrom("arn:aws:s3:::b/x", "arn:aws:s3:::b/y", "arn:aws:s3:::b/*", "arn:aws:sqs:e:0:q"),
      context: conditionContext,
      names: fc.constant(names),
      identity: fc.array(statements, { minLength: 1, maxLength: 2 }),
      session: fc.option(statements, { nil: undefined }),
      boundary: fc.option(statements, { nil: undefined }),
      resourcePolicy: fc.option(fc.array(resourceStatement, { maxLength: 3 }), { nil: undefined }),
    });
    const seen = { allowed: 0, denied: 0 };
    fc.assert(
      fc.property(question, (asked) => {
        const ours = evaluate({
          principal,
          action: asked.action,
          resource: asked.resource,
          context: asked.context,
          identityPolicies: asked.identity.map((each) => policy(...each)),
          sessionPolicy: asked.session && policy(...asked.session),
          boundary: asked.boundary && policy(...asked.boundary),
          resourcePolicy: asked.resourcePolicy && policy(...asked.resourcePolicy),
        }).allowed;
        seen[ours ? "allowed" : "denied"]++;
        expect(ours).toBe(naive(asked));
      }),
      { numRuns: 3000, ...SEED },
    );
    // A generator that only ever made denials would prove nothing.
    expect(Math.min(seen.allowed, seen.denied)).toBeGreaterThan(100);
  });

  it("denies what nothing allows, and says which kind of policy lacks the statement", () => {
    expect(decide({})).toMatchObject({ allowed: false, reason: "no identity-based policy" });
    expect(decide({ resourcePolicy: [] })).toMatchObject({ reason: "no identity-based or resource-based policy" });
  });

  it("puts an explicit deny before any allow, wherever it stands", () => {
    const deny = policy({ ...allow(), Effect: "Deny", Sid: "Never" });
    const identityPolicies = [policy(allow())];
    expect(allowed({ identityPolicies })).toBe(true);
    expect(allowed({ identityPolicies: [...identityPolicies, deny] })).toBe(false);
    expect(allowed({ identityPolicies, sessionPolicy: deny })).toBe(false);
    expect(allowed({ identityPolicies, boundary: deny })).toBe(false);
    const denied = decide({ identityPolicies, resourcePolicy: policy({ ...allow(), Effect: "Deny", Principal: "*" }) });
    expect(denied).toMatchObject({ allowed: false, reason: "an explicit deny" });
  });

  it("gives a session no more than its session policy and its role's boundary both allow", () => {
    const identityPolicies = [policy(allow({ Action: "sqs:*" }))];
    const narrow = policy(allow({ Action: "sqs:ReceiveMessage" }));
    expect(allowed({ identityPolicies, sessionPolicy: narrow })).toBe(false);
    expect(allowed({ identityPolicies, boundary: narrow })).toBe(false);
    expect(allowed({ identityPolicies, action: "sqs:ReceiveMessage", sessionPolicy: narrow, boundary: narrow })).toBe(
      true,
    );
    expect(allowed({ sessionPolicy: policy(allow()) })).toBe(false);
  });

  it("takes a resource policy that names the role as enough, one that names only the account as not", () => {
    const naming = (AWS: string) => policy(allow({ Principal: { AWS } }));
    expect(allowed({ resourcePolicy: naming(names.role) })).toBe(true);
    expect(allowed({ resourcePolicy: naming("*") })).toBe(true);
    expect(allowed({ resourcePolicy: naming(names.account) })).toBe(false);
    expect(allowed({ resourcePolicy: naming("arn:aws:iam::000000000000:role/other") })).toBe(false);
    const both = { resourcePolicy: naming(names.account), identityPolicies: [policy(allow())] };
    expect(allowed(both)).toBe(true);
  });

  it("lets a service act only where the resource names it, for the source it names", () => {
    const sns: Principal = { type: "service", arn: "sns.amazonaws.com", account };
    const topic = "arn:aws:sns:eu-west-1:000000000000:events";
    const resourcePolicy = policy(
      allow({ Principal: { Service: "sns.amazonaws.com" }, Condition: { ArnEquals: { "aws:SourceArn": topic } } }),
    );
    const from = (source: string) => ({ principal: sns, resourcePolicy, context: { "aws:sourcearn": [source] } });
    expect(allowed(from(topic))).toBe(true);
    expect(allowed(from(`${topic}2`))).toBe(false);
    expect(allowed({ ...from(topic), principal: { ...sns, arn: "s3.amazonaws.com" } })).toBe(false);
    expect(allowed({ principal: sns, identityPolicies: [policy(allow())] })).toBe(false);
    expect(allowed({ resourcePolicy, context: { "aws:sourcearn": [topic] } })).toBe(false);
  });

  it("lets nobody in unsigned but where the resource says everybody", () => {
    const anonymous: Principal = { type: "anonymous", arn: "anonymous", account };
    expect(allowed({ principal: anonymous, identityPolicies: [policy(allow())] })).toBe(false);
    expect(
      allowed({ principal: anonymous, resourcePolicy: policy(allow({ Principal: { AWS: names.account } })) }),
    ).toBe(false);
    expect(allowed({ principal: anonymous, resourcePolicy: policy(allow({ Principal: "*" })) })).toBe(true);
  });

  it("lets a NotPrincipal spare only who is named whole: account, role and session, and nobody with a boundary", () => {
    const sparing = (...AWS: string[]) => ({
      identityPolicies: [policy(allow())],
      resourcePolicy: policy({ ...allow(), Effect: "Deny", NotPrincipal: { AWS } }),
    });
    expect(allowed(sparing(names.account, names.role, names.session))).toBe(true);
    expect(allowed(sparing(names.role))).toBe(false);
    expect(allowed(sparing(names.account, names.role))).toBe(false);
    expect(allowed({ ...sparing(names.account, names.role, names.session), boundary: policy(allow()) })).toBe(false);
  });

  it("takes a resource policy that names a user as enough, whatever the user's boundary says", () => {
    const arn = `arn:aws:iam::${account}:user/ada`;
    const user = {
      principal: { type: "user", arn, account } as Principal,
      resourcePolicy: policy(allow({ Principal: { AWS: arn } })),
    };
    expect(allowed(user)).toBe(true);
    expect(allowed({ ...user, boundary: policy(allow({ Action: "s3:*" })) })).toBe(true);
    expect(allowed({ ...user, principal: { ...user.principal, arn: `${arn}2` } })).toBe(false);
  });

  it("reads actions without case and resources with it", () => {
    const identityPolicies = [policy(allow({ Action: "SQS:sendmessage", Resource: "arn:aws:sqs:*:*:orders" }))];
    expect(allowed({ identityPolicies })).toBe(true);
    expect(allowed({ identityPolicies, resource: "arn:aws:sqs:eu-west-1:000000000000:Orders" })).toBe(false);
  });

  it("keeps a tenant's policy variable inside its tenant, also when the tag holds a wildcard", () => {
    const identityPolicies = [
      policy(allow({ Action: "s3:GetObject", Resource: "arn:aws:s3:::b/tenants/${aws:PrincipalTag/TenantId}/*" })),
    ];
    const get = (resource: string, ...tag: string[]) =>
      allowed({
        action: "s3:GetObject",
        resource: `arn:aws:s3:::b/tenants/${resource}`,
        identityPolicies,
        context: tag.length > 0 ? { "aws:principaltag/tenantid": tag } : {},
      });
    expect(get("acme/1.jpg", "acme")).toBe(true);
    expect(get("globex/1.jpg", "acme")).toBe(false);
    expect(get("acme/1.jpg", "*")).toBe(false);
    expect(get("*/1.jpg", "*")).toBe(true);
    expect(get("acme/1.jpg")).toBe(false);
    expect(get("/1.jpg")).toBe(false);
  });

  it("refuses documents that AWS refuses, naming the fault", () => {
    expect(() => parsePolicy("{")).toThrow("not valid JSON");
    expect(() => policy({ Effect: "Permit", Action: "*" })).toThrow("Effect must be Allow or Deny");
    expect(() => policy({ Effect: "Allow", Resource: "*" })).toThrow("either Action or NotAction");
  });
});
