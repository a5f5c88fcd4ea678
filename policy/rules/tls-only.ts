import { type Rule, UNKNOWN } from "../rule.ts";
import { demanded, statementsOf } from "../statements.ts";

const OLD = /^(TLS_1_0|TLSv1|TLSv1_2016|TLSv1\.1_2016|SSLv3)$/;

export const tlsOnly: Rule = {
  name: "tls-only",
  description: "Data travels encrypted, with TLS 1.2 at least.",
  remedy: "Refuse plain connections, and name a current security policy.",
  level: "mandatory",
  types: [
    "aws:s3/bucket:Bucket",
    "aws:apigateway/domainName:DomainName",
    "aws:apigatewayv2/domainName:DomainName",
    "aws:cloudfront/distribution:Distribution",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup",
  ],
  *check({ type, properties }, stack) {
    if (type === "aws:s3/bucket:Bucket") {
      const names = [properties.bucket, properties.id, properties.arn];
      const policies = stack
        .ofType("aws:s3/bucketPolicy:BucketPolicy")
        .filter((policy) => names.includes(policy.properties.bucket));
      const refuses = policies
        .flatMap((policy) => statementsOf(policy.properties.policy))
        .some((each) => each.effect === "Deny" && demanded(each, "aws:SecureTransport", /^bool/).includes("false"));
      const notYet = policies.some((policy) => policy.properties.policy === UNKNOWN);
      if (!refuses && !notYet) yield "no bucket policy denies aws:SecureTransport = false";
    }
    if (type === "aws:apigateway/domainName:DomainName" && OLD.test(properties.securityPolicy ?? "TLS_1_0")) {
      yield "securityPolicy allows TLS 1.0";
    }
    if (type === "aws:cloudfront/distribution:Distribution") {
      const behaviors = [properties.defaultCacheBehavior, ...(properties.orderedCacheBehaviors ?? [])];
      if (behaviors.some((each) => each?.viewerProtocolPolicy === "allow-all")) yield "viewers may use plain HTTP";
      const certificate = properties.viewerCertificate;
      if (
        certificate &&
        !certificate.cloudfrontDefaultCertificate &&
        OLD.test(certificate.minimumProtocolVersion ?? "TLSv1")
      ) {
        yield "minimumProtocolVersion allows TLS 1.0";
      }
    }
    if (type === "aws:elasticache/replicationGroup:ReplicationGroup" && properties.transitEncryptionEnabled !== true) {
      yield "transitEncryptionEnabled is not true";
    }
    if (type === "aws:rds/clusterParameterGroup:ClusterParameterGroup") {
      const ssl = (properties.parameters ?? []).find((each: { name: string }) => each.name === "rds.force_ssl");
      if (ssl && String(ssl.value) !== "1") yield "rds.force_ssl is off";
    }
  },
};
