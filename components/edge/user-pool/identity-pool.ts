import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Grant } from "../../grants.ts";
import { policyDocument, policyOf } from "../../policy-documents.ts";
import type { Tags } from "../../tags.ts";

/** AWS credentials for signed-in users, in a role whose session is tagged with the user's tenant. */
export interface IdentityPoolArgs {
  /** What a user may do; `${aws:PrincipalTag/TenantId}` stands for the user's tenant. */
  grants: Grant[];
}

/** @returns the identity pool's id. */
export function identityPool(
  parent: pulumi.Resource,
  name: string,
  pool: aws.cognito.UserPool,
  clientIds: pulumi.Input<string>[],
  { grants }: IdentityPoolArgs,
  tags: Tags | undefined,
): pulumi.Output<string> {
  const child = { parent };
  const identities = new aws.cognito.IdentityPool(
    `${name}-identities`,
    {
      identityPoolName: name,
      allowUnauthenticatedIdentities: false,
      allowClassicFlow: false,
      cognitoIdentityProviders: clientIds.map((clientId) => ({
        clientId,
        providerName: pool.endpoint,
        // A user who was disabled or deleted gets no credentials with a token that is still good.
        serverSideTokenCheck: true,
      })),
      tags,
    },
    child,
  );
  const role = new aws.iam.Role(
    `${name}-user-role`,
    {
      assumeRolePolicy: policyDocument([
        {
          Effect: "Allow",
          Principal: { Federated: "cognito-identity.amazonaws.com" },
          Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
          Condition: {
            StringEquals: { "cognito-identity.amazonaws.com:aud": identities.id },
            "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" },
          },
        },
      ]),
      tags,
    },
    child,
  );
  new aws.iam.RolePolicy(`${name}-user-policy`, { role: role.name, policy: policyOf(grants) }, child);
  new aws.cognito.IdentityPoolRoleAttachment(
    `${name}-user-roles`,
    { identityPoolId: identities.id, roles: { authenticated: role.arn } },
    child,
  );
  new aws.cognito.IdentityPoolProviderPrincipalTag(
    `${name}-user-tags`,
    {
      identityPoolId: identities.id,
      identityProviderName: pool.endpoint,
      useDefaults: false,
      principalTags: { TenantId: "custom:tenant" },
    },
    child,
  );
  return identities.id;
}
