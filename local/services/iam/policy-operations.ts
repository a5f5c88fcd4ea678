/** Customer managed policies, with one version each. */
import { AwsError, type Cloud, type Operation } from "../../service.ts";
import type { Entities, PolicyEntity } from "./entities.ts";
import { page, readDocument, validName } from "./input.ts";

export function policyOperations({ account, clock }: Cloud, entities: Entities): Record<string, Operation> {
  const arnOf = (name: string, path = "/") => `arn:aws:iam::${account}:policy${path}${name}`;
  const onPolicy =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ PolicyArn, PolicyName, Path }) => ({ action: `iam:${action}`, resource: PolicyArn ?? arnOf(PolicyName, Path) });
  const attachments = (arn: string) => entities.roles().filter(({ role }) => role.policies.has(arn)).length;
  const describe = ({ arn, name, path, createdAt, description }: PolicyEntity) => ({
    ...{ PolicyName: name, PolicyId: `ANPA${name}`.padEnd(20, "X").slice(0, 20).toUpperCase(), Arn: arn, Path: path },
    ...{ DefaultVersionId: "v1", AttachmentCount: attachments(arn), IsAttachable: true },
    ...{ CreateDate: new Date(createdAt), UpdateDate: new Date(createdAt) },
    ...(description === undefined ? {} : { Description: description }),
  });

  return {
    CreatePolicy: {
      authorize: onPolicy("CreatePolicy"),
      run: ({ PolicyName, PolicyDocument, Path = "/", Description }) => {
        validName("policyName", PolicyName, 128);
        const arn = arnOf(PolicyName, Path);
        if (entities.policies().some((each) => each.arn === arn)) {
          throw new AwsError("EntityAlreadyExists", `A policy called ${PolicyName} already exists.`, 409);
        }
        const document = readDocument(PolicyDocument, "identity");
        const entity = {
          arn,
          name: PolicyName,
          path: Path,
          document,
          description: Description,
          createdAt: clock.now(),
        };
        entities.savePolicy(entity, true);
        return { Policy: describe(entity) };
      },
    },
    GetPolicy: {
      authorize: onPolicy("GetPolicy"),
      run: ({ PolicyArn }) => ({ Policy: describe(entities.policy(PolicyArn)) }),
    },
    GetPolicyVersion: {
      authorize: onPolicy("GetPolicyVersion"),
      run: ({ PolicyArn, VersionId }) => {
        if (VersionId !== "v1") {
          throw new AwsError("NoSuchEntity", `Policy ${PolicyArn} version ${VersionId} does not exist.`, 404);
        }
        const Document = encodeURIComponent(entities.document(PolicyArn));
        return { PolicyVersion: { Document, VersionId, IsDefaultVersion: true } };
      },
    },
    ListPolicies: {
      authorize: () => ({ action: "iam:ListPolicies", resource: "*" }),
      run: ({ Marker, MaxItems, PathPrefix = "/" }) => {
        const found = entities.policies().filter(({ path }) => path.startsWith(PathPrefix));
        return page("Policies", found.map(describe), Marker, MaxItems);
      },
    },
    DeletePolicy: {
      authorize: onPolicy("DeletePolicy"),
      run: ({ PolicyArn }) => {
        entities.policy(PolicyArn);
        if (attachments(PolicyArn) > 0) {
          throw new AwsError("DeleteConflict", "Cannot delete a policy attached to entities.", 409);
        }
        entities.removePolicy(PolicyArn);
        return {};
      },
    },
  };
}
