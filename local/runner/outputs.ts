/** `.terrace/outputs.json`: everything a person or a tool needs to use the running platform. */
import type { Graph } from "../../engine/graph.ts";
import { labelOf } from "../edges.ts";
import type { LocalTenant } from "./tenants.ts";

export interface LocalOutputs {
  stack: string;
  /** An administrator of the local cloud: with these the AWS CLI and any SDK work against it. */
  aws: { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string };
  tenants: Record<string, LocalTenant>;
  /** Where the program's distributions are served, by name. */
  websites: Record<string, string>;
  outputs: Graph["outputs"];
}

interface Source {
  endpoint: string;
  region: string;
  credentials: { administrator: { accessKeyId: string; secretAccessKey: string } };
}

export function localOutputs(
  cloud: Source,
  graph: Graph,
  { tenants, port }: { tenants: Record<string, LocalTenant>; port: number },
): LocalOutputs {
  const { endpoint, region, credentials } = cloud;
  const secret = new Set(graph.secretOutputs);
  const outputs = Object.entries(graph.outputs).map(([name, value]) => [name, secret.has(name) ? "[secret]" : value]);
  return {
    stack: graph.stack,
    aws: { endpoint, region, ...credentials.administrator },
    tenants,
    websites: websitesOf(graph, port),
    outputs: Object.fromEntries(outputs),
  };
}

function websitesOf({ resources }: Graph, port: number): Record<string, string> {
  const distributions = resources.filter(({ type }) => type === "aws:cloudfront/distribution:Distribution");
  return Object.fromEntries(distributions.map(({ name }) => [name, `http://${labelOf(name)}.localhost:${port}`]));
}

/** What the terminal shows when all is up. */
export function readyText(
  { stack, aws, tenants, websites }: LocalOutputs,
  { outputsFile, port, startMs }: { outputsFile: string; port: number; startMs: number },
): string {
  const lines = [`\nTerrace is ready: stack ${stack}, ${(startMs / 1000).toFixed(2)} s\n`];
  for (const [id, { placement, apiUrl, user, password }] of Object.entries(tenants)) {
    lines.push(`  ${id.padEnd(12)} ${placement.padEnd(7)} ${apiUrl}`, `  ${" ".repeat(20)} ${user}  ${password}`);
  }
  for (const [name, url] of Object.entries(websites)) lines.push(`  ${name.padEnd(20)} ${url}`);
  lines.push("", `  AWS API      ${aws.endpoint} (AWS_ENDPOINT_URL)`, `  Everything   ${outputsFile}`);
  lines.push(`  Look         http://127.0.0.1:${port} in a browser, npm run demo in a second terminal`);
  lines.push("", "  Ctrl-C stops it. Editing functions/, migrations/, components/ or a setting reloads it.\n");
  return `${lines.join("\n")}\n`;
}
