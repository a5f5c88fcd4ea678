/**
 * Code signing configurations: whose packages a function takes. Nothing is signed on this machine and no signature is
 * verified: a package that carries AWS Signer's mark is taken for one that a trusted profile signed.
 */
import { readFileSync } from "node:fs";
import type { Asset, Resource } from "../../../../engine/graph.ts";
import { AwsError } from "../../../service.ts";

export interface CodeSigningConfig {
  arn: string;
  id: string;
  description: string;
  /** ARNs of versions of signing profiles. */
  publishers: string[];
  /** What becomes of a package that nobody trusted has signed. @default "Warn" */
  untrusted: "Warn" | "Enforce";
  tags: Record<string, string>;
  lastModified: number;
  /** A change by the API is a change of it. */
  declaration: Resource;
}

export interface CodeSigningConfigs {
  all(): CodeSigningConfig[];
  put(resource: Resource): void;
  /** @throws AwsError where there is none */
  find(arn: string): CodeSigningConfig;
  remove(arn: string): void;
}

/** In each package that AWS Signer has signed. */
const MARK = "META-INF/aws_signer_signature";

export function codeSigningConfigs(now: () => number): CodeSigningConfigs {
  const all = new Map<string, CodeSigningConfig>();
  return {
    all: () => [...all.values()],
    put(declaration) {
      const { inputs, outputs, id } = declaration;
      const arn = String(outputs.arn);
      const { signingProfileVersionArns = [] } = (inputs.allowedPublishers ?? {}) as Record<string, string[]>;
      const policies = (inputs.policies ?? inputs.codeSigningPolicies ?? {}) as Record<string, string>;
      const untrusted = policies.untrustedArtifactOnDeployment ?? "Warn";
      if (signingProfileVersionArns.length < 1 || signingProfileVersionArns.length > 20) {
        throw invalid("AllowedPublishers names 1 to 20 versions of signing profiles.");
      }
      if (untrusted !== "Warn" && untrusted !== "Enforce") {
        throw invalid(`UntrustedArtifactOnDeployment ${untrusted} is neither Warn nor Enforce.`);
      }
      all.set(arn, {
        ...{ arn, id: String(outputs.configId ?? id), description: String(inputs.description ?? ""), untrusted },
        ...{ publishers: signingProfileVersionArns, tags: (inputs.tags ?? {}) as Record<string, string> },
        ...{ lastModified: now(), declaration },
      });
    },
    find(arn) {
      const found = all.get(arn);
      if (found) return found;
      throw new AwsError(
        "CodeSigningConfigNotFoundException",
        `The code signing configuration cannot be found: ${arn}`,
        404,
        {
          Type: "User",
        },
      );
    },
    remove: (arn) => void all.delete(arn),
  };
}

/**
 * A package that comes for a function with this configuration.
 * @param warn Told of one that is taken though nobody trusted has signed it
 * @throws AwsError CodeVerificationFailedException where it is not taken
 */
export function checkSigned(config: CodeSigningConfig, code: Asset, warn: (message: string) => void): void {
  // Names stand as they are in a zip's directory, which nothing packs.
  if (code.$asset === "fileArchive" && readFileSync(code.path).includes(MARK)) return;
  const problem = `the package is not signed by a profile that ${config.arn} trusts`;
  if (config.untrusted === "Warn") {
    warn(`${problem}; it is deployed all the same, for the policy is Warn`);
    return;
  }
  throw new AwsError(
    "CodeVerificationFailedException",
    `Lambda cannot deploy the function: ${problem}. Nothing signs on this machine: set UntrustedArtifactOnDeployment to Warn.`,
    400,
    { Type: "User" },
  );
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message, 400, { Type: "User" });
}
