/** Roles, keys, users, parameters and secrets. From the Service Authorization Reference, 2026-11. */
import { type ActionRow, global, regional } from "./row.ts";

export const identity: ActionRow[] = [
  {
    // PassRole stands in a statement of its own (policies.ts): it says to which services.
    types: ["aws:iam/role"],
    service: "iam",
    on: global("iam", "role/{name}"),
    read: "GetRole GetRolePolicy ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole",
    write:
      "CreateRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole PutRolePolicy DeleteRolePolicy AttachRolePolicy DetachRolePolicy TagRole UntagRole",
  },
  {
    types: ["aws:iam/policy:Policy"],
    service: "iam",
    on: global("iam", "policy/{name}"),
    read: "GetPolicy GetPolicyVersion ListPolicyVersions",
    write: "CreatePolicy CreatePolicyVersion DeletePolicyVersion DeletePolicy TagPolicy UntagPolicy",
  },
  {
    types: ["aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"],
    service: "kms",
    on: regional("kms", "key/*"),
    read: "DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags",
    write:
      "CreateKey PutKeyPolicy UpdateKeyDescription EnableKey DisableKey EnableKeyRotation DisableKeyRotation ScheduleKeyDeletion CreateGrant TagResource UntagResource",
    anywhere: "CreateKey",
  },
  {
    types: ["aws:kms/alias:Alias"],
    service: "kms",
    on: regional("kms", "key/*", "alias/{name}"),
    read: "ListAliases",
    write: "CreateAlias UpdateAlias DeleteAlias",
    anywhere: "ListAliases",
  },
  {
    types: ["aws:ssm/parameter:Parameter"],
    service: "ssm",
    on: regional("ssm", "parameter{name}"),
    read: "GetParameter GetParameters DescribeParameters ListTagsForResource",
    write: "PutParameter DeleteParameter AddTagsToResource RemoveTagsFromResource",
    anywhere: "DescribeParameters",
  },
  {
    // Who sets a rotation has to be allowed to call its function too.
    types: ["aws:secretsmanager/secretRotation:SecretRotation"],
    service: "lambda",
    on: regional("lambda", "function:{name}"),
    read: "",
    write: "InvokeFunction",
  },
  {
    types: ["aws:secretsmanager/"],
    service: "secretsmanager",
    on: regional("secretsmanager", "secret:{name}"),
    read: "DescribeSecret GetSecretValue GetResourcePolicy",
    write:
      "CreateSecret UpdateSecret PutSecretValue DeleteSecret RestoreSecret RotateSecret CancelRotateSecret UpdateSecretVersionStage PutResourcePolicy DeleteResourcePolicy TagResource UntagResource",
  },
  {
    types: [
      "aws:cognito/userPool",
      "aws:cognito/userGroup:",
      "aws:cognito/identityProvider:",
      "aws:cognito/resourceServer:",
    ],
    service: "cognito-idp",
    on: regional("cognito-idp", "userpool/*"),
    read: "DescribeUserPool DescribeUserPoolClient DescribeUserPoolDomain DescribeIdentityProvider DescribeResourceServer GetGroup GetUserPoolMfaConfig ListTagsForResource",
    write:
      "CreateUserPool UpdateUserPool DeleteUserPool AddCustomAttributes SetUserPoolMfaConfig CreateUserPoolClient UpdateUserPoolClient DeleteUserPoolClient CreateUserPoolDomain UpdateUserPoolDomain DeleteUserPoolDomain CreateGroup UpdateGroup DeleteGroup CreateIdentityProvider UpdateIdentityProvider DeleteIdentityProvider CreateResourceServer UpdateResourceServer DeleteResourceServer TagResource UntagResource",
    anywhere: "CreateUserPool DescribeUserPoolDomain",
  },
  {
    types: ["aws:cognito/identityPool"],
    service: "cognito-identity",
    on: regional("cognito-identity", "identitypool/*"),
    read: "DescribeIdentityPool GetIdentityPoolRoles GetPrincipalTagAttributeMap ListTagsForResource",
    write:
      "CreateIdentityPool UpdateIdentityPool DeleteIdentityPool SetIdentityPoolRoles SetPrincipalTagAttributeMap TagResource UntagResource",
    anywhere: "CreateIdentityPool",
  },
];
