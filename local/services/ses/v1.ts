/** SES's first API. */
import type * as ses from "@aws-sdk/client-ses";
import { AwsError, type Clock, type Operation } from "../../service.ts";
import type { Template } from "./records.ts";
import { type Content, type ErrorNames, type Outgoing, rendered, type Sending } from "./sending.ts";

const NAMES: ErrorNames = { badInput: "InvalidParameterValue", noConfigurationSet: "ConfigurationSetDoesNotExist" };
const bad = (message: string) => new AwsError(NAMES.badInput, message);

export function v1Operations(service: Sending, clock: Clock): Record<string, Operation> {
  const { known, send, access, account } = service;
  const any = (action: string) => () => ({ action: `ses:${action}`, resource: "*" });
  const on = (action: string, run: Operation["run"]): Record<string, Operation> => ({
    [action]: { authorize: any(action), run },
  });
  /** An operation that sends. */
  const sends = <Input>(action: string, outgoing: (input: Input) => Outgoing): Record<string, Operation> => ({
    [action]: {
      authorize: (input: Input) => access(action, outgoing(input)),
      run: (input: Input) => ({ MessageId: send(outgoing(input), NAMES) }),
    },
  });

  function template(name: string | undefined): Template {
    const found = known.templates.find(name);
    if (!found) throw new AwsError("TemplateDoesNotExist", `Template ${name} does not exist.`);
    return found;
  }

  function saveTemplate({ Template: given }: ses.CreateTemplateCommandInput, now: number): object {
    const name = given?.TemplateName;
    if (!name) throw new AwsError("InvalidTemplate", "The template has no name.");
    if (!given.SubjectPart) throw new AwsError("InvalidTemplate", "The subject must be specified.");
    known.templates.save({
      name,
      subject: given.SubjectPart,
      text: given.TextPart,
      html: given.HtmlPart,
      createdAt: now,
    });
    return {};
  }

  const verify = (name = ""): object => {
    if (name === "") throw bad("Missing identity.");
    known.identities.save({ tags: {}, ...known.identities.find(name), name });
    return {};
  };

  return {
    ...sends("SendEmail", (input: ses.SendEmailCommandInput) => ({
      ...common(input),
      destination: input.Destination,
      replyTo: input.ReplyToAddresses,
      content: bodyOf(input.Message),
    })),
    ...sends("SendRawEmail", (input: ses.SendRawEmailCommandInput) => ({
      ...common(input),
      destination: input.Destinations?.length ? { ToAddresses: input.Destinations } : undefined,
      content: { raw: input.RawMessage?.Data ?? new Uint8Array() },
    })),
    ...sends("SendTemplatedEmail", (input: ses.SendTemplatedEmailCommandInput) => ({
      ...common(input),
      destination: input.Destination,
      replyTo: input.ReplyToAddresses,
      content: { template: template(input.Template), data: input.TemplateData },
    })),
    ...on("VerifyEmailIdentity", ({ EmailAddress }) => verify(EmailAddress)),
    ...on("VerifyEmailAddress", ({ EmailAddress }) => verify(EmailAddress)),
    ...on("VerifyDomainIdentity", ({ Domain }) => {
      verify(Domain);
      return { VerificationToken: Buffer.from(String(Domain)).toString("base64") };
    }),
    ...on("DeleteIdentity", ({ Identity }) => {
      known.identities.remove(Identity);
      return {};
    }),
    ...on("ListIdentities", ({ IdentityType }: ses.ListIdentitiesCommandInput) => ({
      Identities: known.identities
        .list()
        .map(({ name }) => name)
        .filter((name) => IdentityType === undefined || name.includes("@") === (IdentityType === "EmailAddress")),
    })),
    ...on(
      "GetIdentityVerificationAttributes",
      ({ Identities = [] }: ses.GetIdentityVerificationAttributesCommandInput) => ({
        VerificationAttributes: Object.fromEntries(
          Identities.filter((name) => known.identities.find(name)).map((name) => [
            name,
            { VerificationStatus: "Success" },
          ]),
        ),
      }),
    ),
    ...on("CreateTemplate", (input: ses.CreateTemplateCommandInput) => {
      const name = input.Template?.TemplateName;
      if (known.templates.find(name)) throw new AwsError("AlreadyExists", `Template ${name} already exists.`);
      return saveTemplate(input, clock.now());
    }),
    ...on("UpdateTemplate", (input: ses.UpdateTemplateCommandInput) =>
      saveTemplate(input, template(input.Template?.TemplateName).createdAt),
    ),
    ...on("GetTemplate", ({ TemplateName }) => {
      const { name, subject, text, html } = template(TemplateName);
      return { Template: { TemplateName: name, SubjectPart: subject, TextPart: text, HtmlPart: html } };
    }),
    ...on("DeleteTemplate", ({ TemplateName }) => {
      known.templates.remove(TemplateName);
      return {};
    }),
    ...on("ListTemplates", () => ({
      TemplatesMetadata: known.templates
        .list()
        .map(({ name, createdAt }) => ({ Name: name, CreatedTimestamp: new Date(createdAt) })),
    })),
    ...on("TestRenderTemplate", ({ TemplateName, TemplateData }: ses.TestRenderTemplateCommandInput) => {
      const missing = (message: string) => new AwsError("MissingRenderingAttribute", message);
      const { subject, text, html } = renderedOrThrow(template(TemplateName), TemplateData, missing);
      return { RenderedTemplate: `Subject: ${subject}\n\n${html ?? text ?? ""}` };
    }),
    ...on("CreateConfigurationSet", ({ ConfigurationSet }: ses.CreateConfigurationSetCommandInput) => {
      const name = ConfigurationSet?.Name ?? "";
      if (known.configurationSets.find(name))
        throw new AwsError("ConfigurationSetAlreadyExists", `Configuration set <${name}> already exists.`);
      known.configurationSets.save({ name, sendingEnabled: true, tags: {} });
      return {};
    }),
    ...on("DeleteConfigurationSet", ({ ConfigurationSetName: name }) => {
      if (known.configurationSets.remove(name)) return {};
      throw new AwsError("ConfigurationSetDoesNotExist", `Configuration set <${name}> does not exist.`);
    }),
    ...on("ListConfigurationSets", () => ({
      ConfigurationSets: known.configurationSets.list().map(({ name }) => ({ Name: name })),
    })),
    ...on("GetSendQuota", () => ({ Max24HourSend: 50_000, MaxSendRate: 14, SentLast24Hours: 0 })),
    ...on("GetAccountSendingEnabled", () => ({ Enabled: account().sendingEnabled })),
    ...on("UpdateAccountSendingEnabled", ({ Enabled }) => {
      known.account.save({ ...account(), name: "account", sendingEnabled: Enabled === true });
      return {};
    }),
  };
}

function common(input: { Source?: string; ConfigurationSetName?: string; Tags?: { Name?: string; Value?: string }[] }) {
  return { from: input.Source, configurationSet: input.ConfigurationSetName, tags: input.Tags };
}

function bodyOf(message: ses.Message | undefined): Content {
  return { subject: message?.Subject?.Data, text: message?.Body?.Text?.Data, html: message?.Body?.Html?.Data };
}

/** What can not be rendered is an error of its own where rendering is what was asked for. */
export function renderedOrThrow(
  template: Template,
  data: string | undefined,
  failure: (message: string) => AwsError,
): { subject: string; text?: string; html?: string } {
  try {
    return rendered(template, data, failure);
  } catch (error) {
    throw error instanceof AwsError ? error : failure((error as Error).message);
  }
}
