/** What an event adds to a tenant's usage. */

import { isEvent, type TenantEvent } from "../shared/events.ts";

export interface Meter {
  metric: "events" | "photos.announced" | "photos.processed" | "photos.failed" | "photos.deleted" | "storage.bytes";
  /** Added to the day's value; storage goes down by what is deleted. */
  value: number;
}

export function metersOf(event: TenantEvent): Meter[] {
  return [{ metric: "events", value: 1 }, ...special(event)];
}

function special(event: TenantEvent): Meter[] {
  if (isEvent(event, "photo.created")) return [{ metric: "photos.announced", value: 1 }];
  if (isEvent(event, "photo.failed")) return [{ metric: "photos.failed", value: 1 }];
  if (isEvent(event, "photo.ready"))
    return [
      { metric: "photos.processed", value: 1 },
      { metric: "storage.bytes", value: event.data.bytes + event.data.thumbnailBytes },
    ];
  if (isEvent(event, "photo.deleted"))
    return [
      { metric: "photos.deleted", value: 1 },
      { metric: "storage.bytes", value: -event.data.storedBytes },
    ];
  return [];
}
