/** The same refusal has another name in each of AWS's protocols; services and the core throw one. */
import type { Protocol } from "./schema.ts";

const JSON_CODES: Record<string, string> = {
  AccessDenied: "AccessDeniedException",
  ExpiredToken: "ExpiredTokenException",
  IncompleteSignature: "IncompleteSignatureException",
  InvalidClientTokenId: "UnrecognizedClientException",
  MissingAuthenticationToken: "MissingAuthenticationTokenException",
  SignatureDoesNotMatch: "InvalidSignatureException",
};

const CODES: Record<Protocol, Record<string, string>> = {
  awsJson1_0: JSON_CODES,
  awsJson1_1: JSON_CODES,
  restJson1: JSON_CODES,
  awsQuery: { AccessDeniedException: "AccessDenied", UnknownOperationException: "InvalidAction" },
  restXml: {
    AccessDeniedException: "AccessDenied",
    InvalidClientTokenId: "InvalidAccessKeyId",
    MissingAuthenticationToken: "AccessDenied",
    UnknownOperationException: "NotImplemented",
  },
};

export function errorCode(protocol: Protocol, code: string): string {
  return CODES[protocol][code] ?? code;
}
