/** What a developer's browser shows at the gateway's own address: what runs here, and the commands that look into it. */
import { escapeXml as escape } from "../protocols/xml.ts";
import type { LocalOutputs } from "./outputs.ts";

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --muted: #667; --accent: #0b5cad }
@media (prefers-color-scheme: dark) { :root { --muted: #aab; --accent: #7ab8ff } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 2rem 1.25rem; max-width: 64rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem } p { margin: .25rem 0 }
a { color: var(--accent) } .muted, th { color: var(--muted) }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .5rem 1.25rem .5rem 0; border-top: 1px solid var(--line) }
th { font-weight: normal } tbody th { font-weight: 600; color: inherit }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere }`;

const COMMANDS: [command: string, what: string][] = [
  ["npm run demo", "two tenants' photos, from sign-in to isolation, claim by claim"],
  ["npm run logs -- --follow", "what functions and APIs write, as they write it; --tenant picks one"],
  ["npm run queues -- --peek", "what waits where, dead letters included"],
  ["npm run invoke", "functions, and the events they can be called with"],
  ["npm run sql -- --tenant <id>", "SQL as that tenant's own role: row security applies"],
  ["npm run iam -- why <tenant> <action> <resource>", "what IAM would say, and which statement decides"],
];

/**
 * Shows no password and no key: other users of this machine can open it too.
 *
 * @param outputs undefined while sign-ins are still being made
 */
export function homePage(outputs: LocalOutputs | undefined): string {
  if (!outputs)
    return '<!doctype html><meta http-equiv="refresh" content="1"><title>Terrace</title>Terrace is starting…';
  const { stack, aws, tenants, websites } = outputs;
  const rows = Object.entries(tenants).map(
    ([id, { placement, apiUrl, user }]) => `<tr><th scope="row">${escape(id)}</th><td>${escape(placement)}</td>
<td><code>${escape(apiUrl)}</code><br>${link(`${apiUrl}/health`, "health")} · ${link(`${apiUrl}/openapi.json`, "OpenAPI")}</td>
<td>${escape(user)}</td></tr>`,
  );
  const sites = Object.entries(websites).map(([name, url]) => `<p>${escape(name)}: ${link(url, url)}</p>`);
  const commands = COMMANDS.map(
    ([command, what]) => `<tr><td><code>${escape(command)}</code></td><td>${what}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Terrace: stack ${escape(stack)}</title>
<style>${STYLE}</style></head><body>
<h1>Terrace on this machine</h1><p class="muted">Stack ${escape(stack)}</p>
<h2>Tenants</h2>
${
  rows.length === 0
    ? "<p>The stack declares no tenants.</p>"
    : `<div class="wide"><table><thead><tr><th>Tenant</th><th>Placement</th><th>API</th><th>Sign-in</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>
<p class="muted">Passwords are printed by <code>npm start</code> and kept, with all else one needs, in <code>.terrace/outputs.json</code>.</p>`
}
${sites.length === 0 ? "" : `<h2>Websites</h2>${sites.join("")}`}
<h2>AWS</h2>
<p>Any SDK and the AWS CLI work against <code>${escape(aws.endpoint)}</code> (<code>AWS_ENDPOINT_URL</code>), region <code>${escape(aws.region)}</code>.</p>
<p>${link(`${aws.endpoint}/_mail`, "Mail that was sent")}</p>
<h2>Look inside</h2>
<div class="wide"><table><tbody>${commands.join("")}</tbody></table></div>
</body></html>
`;
}

const link = (url: string, text: string) => `<a href="${escape(url)}">${escape(text)}</a>`;
