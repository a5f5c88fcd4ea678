/** All rules, in the order in which they are reported. */
import type { Rule } from "./rule.ts";
import { deadLetters } from "./rules/dead-letters.ts";
import { encryptionAtRest } from "./rules/encryption-at-rest.ts";
import { grantsStayInTheirCell } from "./rules/grants-stay-in-their-cell.ts";
import { logRetention } from "./rules/log-retention.ts";
import { namesInsideLimits } from "./rules/names-inside-limits.ts";
import { noPlainSecrets } from "./rules/no-plain-secrets.ts";
import { noPublicAccess } from "./rules/no-public-access.ts";
import { noWildcardGrant } from "./rules/no-wildcard-grant.ts";
import { productionKeepsData } from "./rules/production-keeps-data.ts";
import { servicesNameTheirSource } from "./rules/services-name-their-source.ts";
import { tags } from "./rules/tags.ts";
import { tlsOnly } from "./rules/tls-only.ts";
import { visibilityOutlastsFunction } from "./rules/visibility-outlasts-function.ts";

export const rules: readonly Rule[] = [
  noPlainSecrets,
  noPublicAccess,
  noWildcardGrant,
  servicesNameTheirSource,
  grantsStayInTheirCell,
  encryptionAtRest,
  tlsOnly,
  productionKeepsData,
  deadLetters,
  visibilityOutlastsFunction,
  logRetention,
  namesInsideLimits,
  tags,
];
