/** Hosts on the gateway's port that a service answers before any API does: CloudFront's distributions. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cloud } from "./service.ts";

/** @param asked the Host header as it came */
export type Edge = (incoming: IncomingMessage, outgoing: ServerResponse, asked: string) => Promise<void>;

export interface Edges {
  /** By lower-case host; `*.example.com` stands for all below it. */
  hosts: Map<string, Edge>;
  /** What the gateway says of itself, once there is one. */
  gateway?: {
    port: number;
    /** The host that a tenant's local name stands for: `acme.localhost` → `acme.photos.example.com`. */
    standsFor(name: string): string | undefined;
    /** Whether an API is behind the host. */
    serves(host: string): boolean;
  };
}

const known = new WeakMap<Cloud, Edges>();

/** One set for each cloud. */
export function edgesOf(cloud: Cloud): Edges {
  let edges = known.get(cloud);
  if (!edges) {
    edges = { hosts: new Map() };
    known.set(cloud, edges);
  }
  return edges;
}

/** Distributions that came through the API are kept: where there are any, their service is loaded for them. */
export async function recallEdges({ database, call }: Cloud): Promise<void> {
  const hasTable = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'cloudfront_kept'").get();
  if (!hasTable || !database.prepare("SELECT 1 FROM cloudfront_kept WHERE kind = 'Distribution'").get()) return;
  await call("cloudfront", "ListDistributions", {});
}

export function edgeOf({ hosts }: Edges, name: string): Edge | undefined {
  return hosts.get(name) ?? hosts.get(`*${name.slice(name.indexOf("."))}`);
}

/** `http://<this>.localhost` of a distribution that a program calls so. */
export function labelOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
}
