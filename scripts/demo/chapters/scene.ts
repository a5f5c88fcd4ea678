/** What the chapters share: the platform, who tells, and what earlier chapters left behind. */

import type { Made } from "../made.ts";
import type { Platform } from "../platform.ts";
import type { Story } from "../story.ts";
import type { Uploaded } from "../uploads.ts";
import type { Visitor } from "../visitor.ts";
import type { WebhookReceiver } from "../webhook-receiver.ts";

export interface Scene {
  platform: Platform;
  made: Made;
  story: Story;
  /** Those who upload: a silo tenant and one of the pool. */
  visitors: Visitor[];
  /** Another tenant of the pool. */
  neighbour?: Visitor;
  uploads: Map<string, Uploaded[]>;
  webhooks?: WebhookReceiver;
  /** Usage before the uploads. */
  before: Map<string, Totals>;
}

export type Chapter = (scene: Scene) => Promise<void>;

/** Usage by metric. */
export type Totals = Record<string, number>;

export const SILO = "acme";
export const POOLED = "initech";
export const NEIGHBOUR = "umbrella";

export async function totals(visitor: Visitor): Promise<Totals> {
  return (await visitor.ask<{ totals: Totals }>(200, "/usage")).totals;
}

export async function newAlbum(visitor: Visitor): Promise<{ albumId: string }> {
  return visitor.ask(201, "/albums", { method: "POST", json: { title: `Demonstration ${new Date().toISOString()}` } });
}
