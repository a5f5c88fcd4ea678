import type { Rule, Subject } from "../rule.ts";
import { RESOURCE_POLICIES, statementsOf } from "../statements.ts";

const BLOCKS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"] as const;
const BUCKET = "aws:s3/bucket:Bucket";
const OPEN_RANGES = ["0.0.0.0/0", "::/0"];

export const noPublicAccess: Rule = {
  name: "no-public-access",
  description: "Nothing is open to everybody but the API and the website, which decide about each request.",
  remedy: "Name the principals, networks or distributions that need it.",
  level: "mandatory",
  *check(subject, stack) {
    const { type, properties } = subject;
    if (type === BUCKET) yield* bucket(subject, stack.ofType("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"));
    if (type === "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock") {
      for (const block of BLOCKS) if (properties[block] !== true) yield `${block} is not true`;
    }
    if (type.startsWith("aws:rds/") && properties.publiclyAccessible === true) yield "publiclyAccessible is true";
    if (type === "aws:lambda/functionUrl:FunctionUrl" && properties.authorizationType !== "AWS_IAM") {
      yield "the function's URL asks for no signature (authorizationType)";
    }
    if (type === "aws:ec2/securityGroup:SecurityGroup") yield* openPorts(properties.ingress);
    if (type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") yield* openPorts([properties]);
    yield* openPolicy(subject);
  },
};

function* bucket({ properties }: Subject, blocks: readonly Subject[]): Iterable<string> {
  const names = [properties.bucket, properties.id, properties.arn];
  if (!blocks.some((block) => names.includes(block.properties.bucket))) yield "the bucket has no public access block";
}

function* openPorts(rules: unknown): Iterable<string> {
  for (const rule of Array.isArray(rules) ? rules : []) {
    const ranges = [rule?.cidrBlocks, rule?.ipv6CidrBlocks, rule?.cidrIpv4, rule?.cidrIpv6].flat();
    const open = ranges.find((range) => OPEN_RANGES.includes(range));
    if (open) yield `ports ${rule.fromPort}-${rule.toPort} are open to ${open}`;
  }
}

/** `*` with a condition on who or whence is a service's way to say "my account's resources". */
function* openPolicy({ type, properties }: Subject): Iterable<string> {
  for (const { effect, principals, conditions, actions } of statementsOf(properties[RESOURCE_POLICIES[type] ?? ""])) {
    const everybody = Object.values(principals).some((names) => names.includes("*"));
    const limited = [...conditions.keys()].some((name) =>
      / aws:(sourcearn|sourceaccount|principalorgid|principalaccount|principalarn|sourcevpc|sourcevpce|sourceip)$/.test(
        name,
      ),
    );
    if (effect === "Allow" && everybody && !limited) yield `everybody may ${actions.join(", ")}`;
  }
}
