/**
 * Cognito user pools on one machine: users who sign up and in, real RS256 tokens, triggers, hosted sign-in pages with
 * OAuth 2.0. Codes and invitations are kept with the mail of SES (`/_mail`).
 *
 * Not emulated: custom authentication challenges and choice-based sign-in, passkeys, codes by SMS or mail as a second
 * factor, federation, devices, risk configuration, the implicit grant, importing users.
 */
import type { Cloud, Service } from "../../service.ts";
import { accountOperations } from "./account.ts";
import { administrationOperations } from "./administration.ts";
import { authentication } from "./authentication.ts";
import { challenges } from "./challenges.ts";
import { codes } from "./codes.ts";
import { controlPlane } from "./control-plane.ts";
import { declaredResources } from "./declared.ts";
import { directory } from "./directory.ts";
import { hostedPages } from "./hosted/index.ts";
import { messages } from "./messages.ts";
import { settings } from "./settings.ts";
import { signInOperations } from "./sign-in.ts";
import { signUp } from "./sign-up.ts";
import { tokens } from "./tokens.ts";
import { triggers } from "./triggers.ts";

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
  const onPool =
    (action: string) =>
    ({ UserPoolId }: { UserPoolId?: string }) => ({
      action: `cognito-idp:${action}`,
      resource: declared.poolArn(UserPoolId ?? ""),
    });
  return {
    name: "cognito-idp",
    client: () => import("@aws-sdk/client-cognito-identity-provider"),
    resources: declaredResources(declared),
    operations: {
      ...controlPlane(cloud, people, declared, onPool),
      ...administrationOperations(people, signed, sent, mail, functions, joining, clock, onPool),
      ...signInOperations(people, signed, entrance, open, clock, onPool),
      ...joining.operations,
      ...accountOperations(people, signed, sent, mail, open, clock),
    },
    handle: pages.handle,
  };
}
