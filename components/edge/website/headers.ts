import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { WebsiteArgs } from "../website.ts";

/** What every answer tells browsers: TLS for two years, nobody's frame, no guessing of types, nothing foreign runs. */
export function responseHeaders(
  parent: pulumi.Resource,
  name: string,
  args: Pick<WebsiteArgs, "connectTo" | "contentSecurityPolicy">,
): aws.cloudfront.ResponseHeadersPolicy {
  const override = true;
  return new aws.cloudfront.ResponseHeadersPolicy(
    `${name}-headers`,
    {
      securityHeadersConfig: {
        strictTransportSecurity: { accessControlMaxAgeSec: 63_072_000, includeSubdomains: true, override },
        contentTypeOptions: { override },
        frameOptions: { frameOption: "DENY", override },
        referrerPolicy: { referrerPolicy: "strict-origin-when-cross-origin", override },
        contentSecurityPolicy: {
          contentSecurityPolicy: args.contentSecurityPolicy ?? strictPolicy(args.connectTo),
          override,
        },
      },
      customHeadersConfig: {
        items: [
          { header: "cross-origin-opener-policy", value: "same-origin", override },
          { header: "permissions-policy", value: "camera=(), geolocation=(), microphone=(), payment=()", override },
        ],
      },
      // What S3 says of its own workings.
      removeHeadersConfig: { items: [{ header: "x-amz-server-side-encryption" }, { header: "x-amz-version-id" }] },
    },
    { parent },
  );
}

/** Only the site's own files, and calls to the origins named. */
export function strictPolicy(connectTo: readonly string[] = []): string {
  return [
    "default-src 'self'",
    `connect-src ${["'self'", ...connectTo].join(" ")}`,
    "img-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "upgrade-insecure-requests",
  ].join("; ");
}
