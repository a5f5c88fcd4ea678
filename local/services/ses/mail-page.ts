/** What a developer reads mail with: `/_mail` of the AWS API's port, a page for a browser and JSON for a program. */
import { escapeXml as escape } from "../../protocols/xml.ts";
import { AwsError, type AwsRequest, type AwsResponse } from "../../service.ts";
import type { Mail, Mailbox } from "./mailbox.ts";

/** No bucket's name begins with an underscore. */
export const MAIL_PATH = "/_mail";

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --muted: #667; --accent: #0b5cad }
@media (prefers-color-scheme: dark) { :root { --muted: #aab; --accent: #7ab8ff } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 2rem 1.25rem; max-width: 60rem }
h1 { font-size: 1.5rem; margin: 0 0 1rem; overflow-wrap: anywhere }
a { color: var(--accent) }
ul { list-style: none; padding: 0; margin: 0 }
li { border-top: 1px solid var(--line) }
li a { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; padding: .75rem 0; color: inherit; text-decoration: none }
li a:hover strong, li a:focus strong { text-decoration: underline; color: var(--accent) }
li span, time, dt { color: var(--muted) }
li span { grid-column: 1 / -1; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1.5rem }
dd { margin: 0; overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: 8px; padding: 1rem; margin: 0 0 1rem; font: inherit }
details pre { font: 14px/1.5 ui-monospace, monospace }
iframe { width: 100%; height: 28rem; border: 1px solid var(--line); border-radius: 8px; background: #fff; margin-bottom: 1rem }`;

/** Undefined where the request is for something else. */
export function mailPage(mails: Mailbox, { method, url, headers }: AwsRequest): AwsResponse | undefined {
  if (url.pathname !== MAIL_PATH && !url.pathname.startsWith(`${MAIL_PATH}/`)) return undefined;
  // A name that somebody else's site leads here by is not ours: its pages could read what is answered.
  if (!/^(127\.0\.0\.1|\[::1\]|localhost|[\w.-]+\.localhost)$/.test(url.hostname))
    throw new AwsError("AccessDenied", "Mail is read by the names of this machine only.", 403);
  if (method !== "GET") throw new AwsError("MethodNotAllowed", "Mail can be read, and nothing else.", 405);
  const id = url.pathname.slice(MAIL_PATH.length + 1);
  const wantsPage = (headers.accept ?? "").includes("text/html");
  if (id === "") {
    const to = url.searchParams.get("to");
    const found = mails.list().filter((mail) => to === null || recipients(mail).some((each) => each.includes(to)));
    return wantsPage ? page("Mail of this machine", listOf(found)) : json({ messages: found });
  }
  const mail = mails.find(decodeURIComponent(id));
  if (!mail) throw new AwsError("NotFound", "There is no such message.", 404);
  return wantsPage ? page(mail.subject || "(no subject)", oneOf(mail)) : json(mail);
}

const recipients = ({ to, cc, bcc }: Mail): string[] => [...to, ...cc, ...bcc];

function listOf(mails: Mail[]): string {
  if (mails.length === 0)
    return "<p>Nothing was sent yet. What SES and Cognito send is kept here; nothing leaves this machine.</p>";
  const items = mails.map(
    (mail) => `<li><a href="${MAIL_PATH}/${escape(mail.id)}"><strong>${escape(mail.subject || "(no subject)")}</strong>
      ${timeOf(mail)}<span>to ${escape(recipients(mail).join(", "))}${mail.outcome === "Delivered" ? "" : ` · ${mail.outcome}`}</span></a></li>`,
  );
  return `<ul>${items.join("")}</ul>`;
}

function oneOf(mail: Mail): string {
  const rows: [string, string[]][] = [
    ["From", [mail.from]],
    ["To", mail.to],
    ["Cc", mail.cc],
    ["Bcc", mail.bcc],
    ["Reply to", mail.replyTo],
    ["Attached", mail.attachments.map(({ name, contentType, bytes }) => `${name} (${contentType}, ${bytes} bytes)`)],
    ["Outcome", mail.outcome === "Delivered" ? [] : [mail.outcome]],
  ];
  const list = rows
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `<dt>${name}</dt><dd>${escape(values.join(", "))}</dd>`);
  return `<p><a href="${MAIL_PATH}">All mail</a></p>
<dl>${list.join("")}<dt>Sent</dt><dd>${timeOf(mail)}</dd></dl>
${mail.html === undefined ? "" : `<iframe sandbox title="The message" srcdoc="${escape(mail.html)}"></iframe>`}
${mail.text === undefined ? "" : `<pre>${escape(mail.text)}</pre>`}
${mail.raw === undefined ? "" : `<details><summary>Source</summary><pre>${escape(mail.raw)}</pre></details>`}`;
}

function timeOf({ sentAt }: Mail): string {
  const iso = new Date(sentAt).toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 16).replace("T", " ")} UTC</time>`;
}

function page(title: string, body: string): AwsResponse {
  return {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; frame-ancestors 'none'",
    },
    body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>${STYLE}</style></head>
<body><h1>${escape(title)}</h1>${body}</body></html>
`,
  };
}

function json(body: object): AwsResponse {
  return {
    status: 200,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
    body: JSON.stringify(body),
  };
}
