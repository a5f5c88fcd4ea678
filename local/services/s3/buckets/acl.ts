/** ACLs are what AWS's default leaves of them: they say that the owner may everything, and nothing else can be set. */
import { AwsError } from "../../../service.ts";

export function ownersOnly(account: string) {
  const grantee = { Type: "CanonicalUser", ID: account };
  return { Owner: { ID: account }, Grants: [{ Grantee: grantee, Permission: "FULL_CONTROL" }] };
}

/** Nothing to do for what the owner has anyway. @throws AwsError AccessControlListNotSupported */
export function checkAcl({ ACL }: { ACL?: string }): object {
  if (ACL === "private" || ACL === "bucket-owner-full-control") return {};
  throw new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400);
}
