/**
 * Cognito user pools on one machine: users who sign up and in, real RS256 tokens, triggers, hosted sign-in pages with
 * OAuth 2.0. Codes and invitations are kept with the mail of SES (`/_mail`).
 *
 * Not emulated: choice-based sign-in, passkeys, codes by SMS or mail as a second
 * factor, federation, devices, risk configuration, the implicit grant, importing users.
 */
import type { Cloud, Service } from "../../service.ts";
import { hostedPages } from "./hosted/index.ts";
import { controlPlane } from "./pools/control-plane.ts";
import { declaredResources } from "./pools/declared.ts";
import { directory } from "./pools/directory.ts";
import { groupOperations } from "./pools/group-operations.ts";
import { settings } from "./pools/settings.ts";
import { authentication } from "./sign-in/authentication.ts";
import { challenges } from "./sign-in/challenges.ts";
import { customAuth } from "./sign-in/custom-auth.ts";
import { signInOperations } from "./sign-in/sign-in.ts";
import { tokens } from "./tokens/tokens.ts";
import { triggers } from "./triggers.ts";
import { accountOperations } from "./users/account.ts";
import { administrationOperations } from "./users/administration.ts";
import { codes } from "./users/codes.ts";
import { messages } from "./users/messages.ts";
import { signUp } from "./users/sign-up.ts";

export function cognito(cloud: Cloud): Service {
  const { database, clock } = cloud;
  const people = directory(database, clock);
  const declared = settings(cloud, people);
  const functions = triggers(cloud);
  const signed = tokens(cloud, people, functions);
  const sent = codes(database, clock);
  const pages = hostedPages(cloud, people, signed, () => ({ entrance, ...joining }));
  const mail = messages(cloud, functions, pages.confirmUrl);
  const entrance = authentication(people, functions, clock);
  const joining = signUp(people, signed, sent, mail, functions, clock);
  const open = challenges(clock);
  const custom = customAuth(people, functions, entrance, open);
  const onPool =
    (action: string) =>
    ({ UserPoolId }: { UserPoolId?: string }) => ({
      action: `cognito-idp:${action}`,
      resource: declared.poolArn(UserPoolId ?? ""),
    });
  return {
    name: "cognito-idp",
    client: () => import("@aws-sdk/client-cognito-identity-provider"),
    requiresMembers: "InvalidParameterException",
    resources: declaredResources(declared),
    operations: {
      ...controlPlane(cloud, people, declared, onPool),
      ...groupOperations(people, declared, onPool),
      ...administrationOperations(people, signed, sent, mail, functions, joining, clock, onPool),
      ...signInOperations(people, signed, entrance, open, custom, clock, onPool),
      ...joining.operations,
      ...accountOperations(people, signed, sent, mail, open, clock),
      // Not an operation of AWS's and not on the wire: how an identity pool learns whose token it is shown.
      ReadIdToken: {
        run: async ({ Token, UserPoolId, ServerSideTokenCheck }) => ({
          Claims: await signed.readIdToken(Token, UserPoolId, ServerSideTokenCheck),
        }),
      },
    },
    handle: pages.handle,
  };
}
