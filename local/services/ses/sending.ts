/** The rules that both APIs share: who may send, to whom, and what becomes of a message. */
import { type Access, AwsError, type Cloud } from "../../service.ts";
import { addressIn, splitAddresses } from "./addresses.ts";
import { type Mail, mailbox } from "./mailbox.ts";
import { readMime } from "./mime.ts";
import { records, type Template } from "./records.ts";
import { MissingAttribute, renderTemplate } from "./template.ts";

export interface Destination {
  ToAddresses?: string[];
  CcAddresses?: string[];
  BccAddresses?: string[];
}

export interface Outgoing {
  from?: string;
  destination?: Destination;
  replyTo?: string[];
  content: Content;
  configurationSet?: string;
  tags?: { Name?: string; Value?: string }[];
}

export type Content =
  | { subject?: string; text?: string; html?: string }
  | { raw: Uint8Array }
  | { template: Template; data?: string };

/** The two APIs name the same failures differently. */
export interface ErrorNames {
  badInput: string;
  noConfigurationSet: string;
}

const MOST_RECIPIENTS = 50;
const LARGEST_BYTES = 40 * 1024 * 1024;
const SIMULATOR: Record<string, Mail["outcome"]> = {
  "bounce@simulator.amazonses.com": "Bounced",
  "complaint@simulator.amazonses.com": "Complaint",
  "suppressionlist@simulator.amazonses.com": "Suppressed",
};

export type Sending = ReturnType<typeof sending>;

export function sending(cloud: Cloud) {
  const mails = mailbox(cloud);
  const known = records(cloud);
  const arnOf = (resource: string) => `arn:aws:ses:${cloud.region}:${cloud.account}:${resource}`;

  /** The address itself, or the domain that it is below. */
  function identityOf(address: string): string | undefined {
    const labels = address.slice(address.lastIndexOf("@") + 1).split(".");
    const domains = labels.map((_, index) => labels.slice(index).join("."));
    return [address, ...domains].find((name) => known.identities.find(name) !== undefined);
  }

  const account = () => known.account.find("account") ?? { name: "account", production: true, sendingEnabled: true };

  function recipientsOf({ destination = {}, content }: Outgoing): Required<Destination> {
    const { ToAddresses = [], CcAddresses = [], BccAddresses = [] } = destination;
    if ("raw" in content && ToAddresses.length + CcAddresses.length + BccAddresses.length === 0) {
      const { headers } = readMime(Buffer.from(content.raw));
      const list = (name: string) => splitAddresses(headers[name] ?? "");
      return { ToAddresses: list("to"), CcAddresses: list("cc"), BccAddresses: list("bcc") };
    }
    return { ToAddresses, CcAddresses, BccAddresses };
  }

  function senderOf({ from, content }: Outgoing): string | undefined {
    return from ?? ("raw" in content ? readMime(Buffer.from(content.raw)).headers.from : undefined);
  }

  function send(outgoing: Outgoing, names: ErrorNames): string {
    const bad = (message: string) => new AwsError(names.badInput, message);
    const sender = senderOf(outgoing);
    if (!sender) throw bad("Missing required header 'From'.");
    const from = addressIn(sender);
    if (!from) throw bad("Missing final '@domain'");
    const recipients = recipientsOf(outgoing);
    const everybody = [...recipients.ToAddresses, ...recipients.CcAddresses, ...recipients.BccAddresses];
    if (everybody.length === 0) throw bad("Destination has no recipients.");
    if (everybody.length > MOST_RECIPIENTS) throw bad(`Recipient count exceeds ${MOST_RECIPIENTS}.`);
    const addresses = everybody.map((each) => addressIn(each));
    if (addresses.includes(undefined)) throw bad("Missing final '@domain'");
    if (outgoing.configurationSet !== undefined && !known.configurationSets.find(outgoing.configurationSet))
      throw new AwsError(names.noConfigurationSet, `Configuration set <${outgoing.configurationSet}> does not exist.`);
    const { production, sendingEnabled } = account();
    if (!sendingEnabled || known.configurationSets.find(outgoing.configurationSet)?.sendingEnabled === false)
      throw new AwsError("AccountSendingPausedException", "Sending is paused for this account.");
    // In the sandbox also those who receive must be verified; the simulator always is.
    const checked = [from, ...(production ? [] : (addresses as string[]))];
    const failed = checked.filter((each) => !identityOf(each) && !each.endsWith("@simulator.amazonses.com"));
    if (failed.length > 0) {
      const where = `The following identities failed the check in region ${cloud.region.toUpperCase()}`;
      throw new AwsError("MessageRejected", `Email address is not verified. ${where}: ${failed.join(", ")}`);
    }
    const content = contentOf(outgoing.content, bad);
    const tags = (outgoing.tags ?? []).map(({ Name = "", Value = "" }) => [Name, Value]);
    const mail = mails.keep({
      from: sender,
      to: recipients.ToAddresses,
      cc: recipients.CcAddresses,
      bcc: recipients.BccAddresses,
      replyTo: outgoing.replyTo ?? [],
      configurationSet: outgoing.configurationSet,
      tags: Object.fromEntries(tags),
      sender: "ses",
      outcome: outcomeOf(addresses as string[]),
      ...content,
    });
    if (content.outcome) {
      const message = `a message to ${everybody.join(", ")} was not rendered: ${content.text}`;
      cloud.log({ level: "warn", source: "ses", message });
    }
    return mail.id;
  }

  function outcomeOf(addresses: string[]): Mail["outcome"] {
    const simulated = addresses.map((each) => SIMULATOR[each]).find((outcome) => outcome !== undefined);
    if (simulated) return simulated;
    return addresses.every((each) => known.suppressed.find(each)) ? "Suppressed" : "Delivered";
  }

  return {
    mails,
    known,
    account,
    arnOf,
    send,
    /** What IAM is asked about a message: the identity that it is sent as, its template and its configuration set. */
    access(action: string, outgoing: Outgoing): Access[] {
      const sender = senderOf(outgoing) ?? "";
      const from = addressIn(sender) ?? sender;
      const { ToAddresses, CcAddresses, BccAddresses } = recipientsOf(outgoing);
      const context: Record<string, string | string[]> = { "ses:FromAddress": from };
      const display = /^\s*"?([^"<]+?)"?\s*</.exec(sender)?.[1];
      if (display !== undefined) context["ses:FromDisplayName"] = display;
      const recipients = [...ToAddresses, ...CcAddresses, ...BccAddresses].map((each) => addressIn(each) ?? each);
      if (recipients.length > 0) context["ses:Recipients"] = recipients;
      const resources = [`identity/${identityOf(from) ?? from}`];
      if ("template" in outgoing.content) resources.push(`template/${outgoing.content.template.name}`);
      if (outgoing.configurationSet !== undefined) resources.push(`configuration-set/${outgoing.configurationSet}`);
      return resources.map((resource) => ({ action: `ses:${action}`, resource: arnOf(resource), context }));
    },
  };
}

/** A template whose data lacks something is taken, and never arrives. */
function contentOf(
  content: Content,
  bad: (message: string) => AwsError,
): Pick<Mail, "subject" | "text" | "html" | "raw"> & Partial<Pick<Mail, "attachments" | "outcome">> {
  if ("raw" in content) {
    if (content.raw.length > LARGEST_BYTES) throw bad(`Message length is more than ${LARGEST_BYTES} bytes long.`);
    const { headers, text, html, attachments } = readMime(Buffer.from(content.raw));
    return { subject: headers.subject ?? "", text, html, attachments, raw: Buffer.from(content.raw).toString("utf8") };
  }
  if (!("template" in content)) {
    if (content.subject === undefined) throw bad("Missing required header 'Subject'.");
    if (content.text === undefined && content.html === undefined) throw bad("Message body is empty.");
    return { subject: content.subject, text: content.text, html: content.html };
  }
  try {
    return rendered(content.template, content.data, bad);
  } catch (error) {
    if (!(error instanceof MissingAttribute)) throw error;
    return { subject: content.template.subject ?? "", text: error.message, outcome: "RenderingFailure" };
  }
}

export function rendered(
  { subject, text, html }: Template,
  data: string | undefined,
  bad: (message: string) => AwsError,
): { subject: string; text?: string; html?: string } {
  let values: Record<string, unknown>;
  try {
    values = JSON.parse(data || "{}");
  } catch {
    throw bad("Template data is not valid JSON.");
  }
  return {
    subject: renderTemplate(subject ?? "", values),
    text: text === undefined ? undefined : renderTemplate(text, values),
    html: html === undefined ? undefined : renderTemplate(html, values, true),
  };
}
