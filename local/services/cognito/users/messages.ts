/** What Cognito writes to users. It is kept with the mail of SES; nothing leaves this machine. */
import type { Cloud } from "../../../service.ts";
import { type Mailbox, mailbox } from "../../ses/mailbox.ts";
import type { User } from "../pools/directory.ts";
import type { Pool } from "../pools/pool.ts";
import type { Triggers } from "../triggers.ts";

export type MessageKind =
  | "SignUp"
  | "ResendCode"
  | "ForgotPassword"
  | "UpdateUserAttribute"
  | "VerifyUserAttribute"
  | "AdminCreateUser";

export interface Sent {
  AttributeName: string;
  DeliveryMedium: "EMAIL" | "SMS";
  Destination: string;
}

interface Words {
  subject: string;
  body: string;
}

export type Messages = ReturnType<typeof messages>;

export function messages(cloud: Cloud, triggers: Triggers, confirmUrl: (user: User, clientId: string) => string) {
  const mails: Mailbox = mailbox(cloud);
  return {
    /**
     * @param attribute `email` or `phone_number`
     * @param code six digits, or a temporary password
     */
    async send(kind: MessageKind, pool: Pool, user: User, attribute: string, code: string, clientId: string) {
      const to = user.attributes[attribute]!;
      const isMail = attribute === "email";
      const custom = await triggers.ask<{ emailSubject?: string; emailMessage?: string; smsMessage?: string }>(
        "customMessage",
        {
          pool,
          source: `CustomMessage_${kind}`,
          username: user.username,
          clientId,
          request: { userAttributes: { ...user.attributes }, codeParameter: "{####}", usernameParameter: "{username}" },
          response: { smsMessage: null, emailMessage: null, emailSubject: null },
        },
      );
      const own = wordsOf(kind, pool);
      const template: Words = {
        subject: custom?.emailSubject || own.subject,
        body: (isMail ? custom?.emailMessage : custom?.smsMessage) || own.body,
      };
      const fill = (text: string) =>
        text
          .replaceAll("{####}", code)
          .replaceAll("{username}", user.username)
          .replace(/\{##(.*?)##\}/g, (_, label: string) => {
            const url = `${confirmUrl(user, clientId)}&confirmation_code=${code}`;
            return `<a href="${url.replaceAll("&", "&amp;")}">${label}</a>`;
          });
      const body = fill(template.body);
      const isHtml = /<[a-z][^>]*>/i.test(body);
      mails.keep({
        from: pool.properties.emailConfiguration?.fromEmailAddress ?? "no-reply@verificationemail.com",
        to: [to],
        subject: isMail ? template.subject : "SMS",
        ...(isHtml && isMail ? { html: body } : { text: body }),
        sender: "cognito-idp",
        tags: { userPoolId: pool.id, kind },
      });
    },
  };
}

function wordsOf(kind: MessageKind, { properties, confirmsByLink }: Pool): Words {
  if (kind === "AdminCreateUser") {
    const template = properties.adminCreateUserConfig?.inviteMessageTemplate ?? {};
    return {
      subject: template.emailSubject ?? "Your temporary password",
      body: template.emailMessage ?? "Your username is {username} and temporary password is {####}.",
    };
  }
  const template = properties.verificationMessageTemplate ?? {};
  if (confirmsByLink && (kind === "SignUp" || kind === "ResendCode"))
    return {
      subject: template.emailSubjectByLink ?? "Your verification link",
      body:
        template.emailMessageByLink ?? "Please click the link below to verify your email address. {##Verify Email##}",
    };
  const usual =
    kind === "ForgotPassword"
      ? { subject: "Your password reset code", body: "Your password reset code is {####}" }
      : { subject: "Your verification code", body: "Your confirmation code is {####}" };
  return {
    subject: template.emailSubject ?? properties.emailVerificationSubject ?? usual.subject,
    body: template.emailMessage ?? properties.emailVerificationMessage ?? usual.body,
  };
}

/** As Cognito shows where a code went: `a***@e***`. */
export function deliveryOf(attribute: string, value: string): Sent {
  if (attribute === "phone_number")
    return { AttributeName: attribute, DeliveryMedium: "SMS", Destination: `+*******${value.slice(-4)}` };
  const [name = "", domain = ""] = value.split("@");
  return { AttributeName: attribute, DeliveryMedium: "EMAIL", Destination: `${name[0]}***@${domain[0]}***` };
}
