/** SES's second API. */
import type * as ses from "@aws-sdk/client-sesv2";
import { AwsError, type Clock, type Operation } from "../../service.ts";
import type { Template } from "./records.ts";
import type { Content, ErrorNames, Outgoing, Sending } from "./sending.ts";
import { renderedOrThrow } from "./v1.ts";

const NAMES: ErrorNames = { badInput: "BadRequestException", noConfigurationSet: "NotFoundException" };
const bad = (message: string) => new AwsError(NAMES.badInput, message);
const notFound = (what: string) => new AwsError("NotFoundException", `${what} does not exist.`, 404);

export function v2Operations(service: Sending, clock: Clock): Record<string, Operation> {
  const { known, send, access, account, arnOf } = service;
  const on = (
    action: string,
    resource: (input: never) => string,
    run: (input: never) => object,
  ): Record<string, Operation> => ({
    [action]: {
      authorize: (input) => ({ action: `ses:${action}`, resource: resource(input as never) }),
      run: (input) => run(input as never),
    },
  });
  const anywhere = () => "*";
  const onIdentity = ({ EmailIdentity }: { EmailIdentity?: string }) => arnOf(`identity/${EmailIdentity}`);
  const onTemplate = ({ TemplateName }: { TemplateName?: string }) => arnOf(`template/${TemplateName}`);
  const onSet = ({ ConfigurationSetName: name }: { ConfigurationSetName?: string }) =>
    arnOf(`configuration-set/${name}`);

  function template(name: string | undefined): Template {
    const found = known.templates.find(name);
    if (!found) throw notFound(`Template ${name}`);
    return found;
  }

  function outgoingOf(input: ses.SendEmailCommandInput): Outgoing {
    return {
      from: input.FromEmailAddress,
      destination: input.Destination,
      replyTo: input.ReplyToAddresses,
      configurationSet: input.ConfigurationSetName,
      tags: input.EmailTags,
      content: contentOf(input.Content),
    };
  }

  function contentOf(content: ses.EmailContent | undefined): Content {
    if (content?.Raw) return { raw: content.Raw.Data ?? new Uint8Array() };
    if (content?.Template) {
      const { TemplateName, TemplateContent: inline, TemplateData: data } = content.Template;
      if (TemplateName !== undefined) return { template: template(TemplateName), data };
      const own = { subject: inline?.Subject, text: inline?.Text, html: inline?.Html };
      return { template: { name: "inline", createdAt: 0, ...own }, data };
    }
    if (!content?.Simple) throw bad("Content must have one of: Simple, Raw, Template.");
    const { Subject, Body } = content.Simple;
    return { subject: Subject?.Data, text: Body?.Text?.Data, html: Body?.Html?.Data };
  }

  const saveTemplate = (input: ses.CreateEmailTemplateCommandInput, createdAt: number): object => {
    const { Subject: subject, Text: text, Html: html } = input.TemplateContent ?? {};
    if (!input.TemplateName || !subject) throw bad("A template needs a name and a subject.");
    known.templates.save({ name: input.TemplateName, subject, text, html, createdAt });
    return {};
  };

  return {
    SendEmail: {
      authorize(input: ses.SendEmailCommandInput) {
        const { Raw, Template: templated } = input.Content ?? {};
        const action = Raw ? "SendRawEmail" : templated ? "SendTemplatedEmail" : "SendEmail";
        return access(action, outgoingOf(input));
      },
      run: (input: ses.SendEmailCommandInput) => ({ MessageId: send(outgoingOf(input), NAMES) }),
    },
    ...on(
      "CreateEmailIdentity",
      onIdentity,
      ({ EmailIdentity: name = "", Tags }: ses.CreateEmailIdentityCommandInput) => {
        if (known.identities.find(name))
          throw new AwsError("AlreadyExistsException", `Email identity ${name} already exist.`);
        if (!/^([^@\s]+@)?[^@\s]+\.[^@\s.]+$/.test(name)) throw bad("Invalid email identity.");
        known.identities.save({ name, tags: tagsOf(Tags) });
        return { IdentityType: typeOf(name), VerifiedForSendingStatus: true };
      },
    ),
    ...on("GetEmailIdentity", onIdentity, ({ EmailIdentity }: ses.GetEmailIdentityCommandInput) => {
      const identity = known.identities.find(EmailIdentity);
      if (!identity) throw notFound(`Email identity ${EmailIdentity}`);
      return {
        IdentityType: typeOf(identity.name),
        VerifiedForSendingStatus: true,
        VerificationStatus: "SUCCESS",
        FeedbackForwardingStatus: true,
        Tags: tagList(identity.tags),
      };
    }),
    ...on("ListEmailIdentities", anywhere, () => ({
      EmailIdentities: known.identities.list().map(({ name }) => ({
        IdentityType: typeOf(name),
        IdentityName: name,
        SendingEnabled: true,
        VerificationStatus: "SUCCESS",
      })),
    })),
    ...on("DeleteEmailIdentity", onIdentity, ({ EmailIdentity = "" }: ses.DeleteEmailIdentityCommandInput) => {
      if (!known.identities.remove(EmailIdentity)) throw notFound(`Email identity ${EmailIdentity}`);
      return {};
    }),
    ...on("CreateEmailTemplate", onTemplate, (input: ses.CreateEmailTemplateCommandInput) => {
      if (known.templates.find(input.TemplateName))
        throw new AwsError("AlreadyExistsException", `Template ${input.TemplateName} already exists.`);
      return saveTemplate(input, clock.now());
    }),
    ...on("UpdateEmailTemplate", onTemplate, (input: ses.UpdateEmailTemplateCommandInput) =>
      saveTemplate(input, template(input.TemplateName).createdAt),
    ),
    ...on("GetEmailTemplate", onTemplate, ({ TemplateName }: ses.GetEmailTemplateCommandInput) => {
      const { name, subject, text, html } = template(TemplateName);
      return { TemplateName: name, TemplateContent: { Subject: subject, Text: text, Html: html } };
    }),
    ...on("DeleteEmailTemplate", onTemplate, ({ TemplateName }: ses.DeleteEmailTemplateCommandInput) => {
      known.templates.remove(template(TemplateName).name);
      return {};
    }),
    ...on("ListEmailTemplates", anywhere, () => ({
      TemplatesMetadata: known.templates
        .list()
        .map(({ name, createdAt }) => ({ TemplateName: name, CreatedTimestamp: new Date(createdAt) })),
    })),
    ...on("TestRenderEmailTemplate", onTemplate, (input: ses.TestRenderEmailTemplateCommandInput) => {
      const { subject, text, html } = renderedOrThrow(template(input.TemplateName), input.TemplateData, bad);
      return { RenderedTemplate: `Subject: ${subject}\n\n${html ?? text ?? ""}` };
    }),
    ...on("CreateConfigurationSet", onSet, (input: ses.CreateConfigurationSetCommandInput) => {
      const name = input.ConfigurationSetName ?? "";
      if (known.configurationSets.find(name))
        throw new AwsError("AlreadyExistsException", `Configuration set <${name}> already exists.`);
      const sendingEnabled = input.SendingOptions?.SendingEnabled !== false;
      known.configurationSets.save({ name, sendingEnabled, tags: tagsOf(input.Tags) });
      return {};
    }),
    ...on("GetConfigurationSet", onSet, ({ ConfigurationSetName: name }: ses.GetConfigurationSetCommandInput) => {
      const found = known.configurationSets.find(name);
      if (!found) throw notFound(`Configuration set <${name}>`);
      const SendingOptions = { SendingEnabled: found.sendingEnabled };
      return { ConfigurationSetName: name, SendingOptions, Tags: tagList(found.tags) };
    }),
    ...on("ListConfigurationSets", anywhere, () => ({
      ConfigurationSets: known.configurationSets.list().map(({ name }) => name),
    })),
    ...on(
      "DeleteConfigurationSet",
      onSet,
      ({ ConfigurationSetName: name = "" }: ses.DeleteConfigurationSetCommandInput) => {
        if (!known.configurationSets.remove(name)) throw notFound(`Configuration set <${name}>`);
        return {};
      },
    ),
    ...on(
      "PutSuppressedDestination",
      anywhere,
      ({ EmailAddress = "", Reason = "BOUNCE" }: ses.PutSuppressedDestinationCommandInput) => {
        known.suppressed.save({ name: EmailAddress, reason: Reason, updatedAt: clock.now() });
        return {};
      },
    ),
    ...on("GetSuppressedDestination", anywhere, ({ EmailAddress }: ses.GetSuppressedDestinationCommandInput) => {
      const found = known.suppressed.find(EmailAddress);
      if (!found) throw notFound(`Email address ${EmailAddress}`);
      const { name, reason, updatedAt } = found;
      return {
        SuppressedDestination: { EmailAddress: name, Reason: reason, LastUpdateTime: new Date(updatedAt) },
      };
    }),
    ...on("ListSuppressedDestinations", anywhere, () => ({
      SuppressedDestinationSummaries: known.suppressed.list().map(({ name, reason, updatedAt }) => ({
        EmailAddress: name,
        Reason: reason,
        LastUpdateTime: new Date(updatedAt),
      })),
    })),
    ...on(
      "DeleteSuppressedDestination",
      anywhere,
      ({ EmailAddress = "" }: ses.DeleteSuppressedDestinationCommandInput) => {
        if (!known.suppressed.remove(EmailAddress)) throw notFound(`Email address ${EmailAddress}`);
        return {};
      },
    ),
    ...on("GetAccount", anywhere, () => ({
      ProductionAccessEnabled: account().production,
      SendingEnabled: account().sendingEnabled,
      EnforcementStatus: "HEALTHY",
      SendQuota: { Max24HourSend: 50_000, MaxSendRate: 14, SentLast24Hours: 0 },
    })),
    ...on("PutAccountDetails", anywhere, ({ ProductionAccessEnabled }: ses.PutAccountDetailsCommandInput) => {
      known.account.save({ ...account(), name: "account", production: ProductionAccessEnabled === true });
      return {};
    }),
    ...on(
      "PutAccountSendingAttributes",
      anywhere,
      ({ SendingEnabled }: ses.PutAccountSendingAttributesCommandInput) => {
        known.account.save({ ...account(), name: "account", sendingEnabled: SendingEnabled === true });
        return {};
      },
    ),
  };
}

function typeOf(name: string): "EMAIL_ADDRESS" | "DOMAIN" {
  return name.includes("@") ? "EMAIL_ADDRESS" : "DOMAIN";
}

function tagsOf(tags: ses.Tag[] = []): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));
}

function tagList(tags: Record<string, string>): ses.Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
