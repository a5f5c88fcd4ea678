/** What a developer sees at the gateway's own address: where each tenant is served. */
import type { Hosts } from "./places.ts";

export function indexPage(hosts: Hosts, port: number): string {
  const rows = Object.entries(hosts).map(([label, { host, apiId, stage }]) => {
    const url = `http://${label}.localhost:${port}`;
    const cells = [
      `<a href="${escape(url)}/health">${escape(url)}</a>`,
      escape(host),
      `${escape(apiId)} / ${escape(stage)}`,
    ];
    return `<tr><th scope="row">${escape(label)}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Terrace on this machine</title>
<style>body{font:16px system-ui;margin:3rem;max-width:60rem}table{border-collapse:collapse}th,td{text-align:left;padding:.4rem 1.2rem .4rem 0;border-bottom:1px solid #ddd}</style>
<h1>Tenants on this machine</h1>
${
  rows.length === 0
    ? "<p>The stack declares no tenants.</p>"
    : `<table><tr><th>Tenant</th><th>Address</th><th>Stands for</th><th>API / stage</th></tr>${rows.join("")}</table>`
}
<p>Sign-ins are printed by <code>npm start</code> and kept in <code>.terrace/outputs.json</code>.</p></html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
