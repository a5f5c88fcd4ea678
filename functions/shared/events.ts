/**
 * What the application tells of itself: CloudEvents 1.0 in JSON. An event is written to the outbox in the transaction that
 * causes it; the relay publishes it, and every consumer may get it more than once.
 */

export interface EventData {
  "album.created": { albumId: string; title: string };
  "album.updated": { albumId: string; title: string };
  "album.deleted": { albumId: string };
  "photo.created": { photoId: string; albumId: string; fileName: string; contentType: string; announcedBytes: number };
  "photo.ready": {
    photoId: string;
    albumId: string;
    format: string;
    width: number;
    height: number;
    bytes: number;
    thumbnailBytes: number;
    sha256: string;
  };
  "photo.failed": { photoId: string; albumId: string; reason: string };
  /** `storedBytes`: the original and its thumbnails; 0 where it never became ready. */
  "photo.deleted": { photoId: string; albumId: string; storedBytes: number };
}

export type EventType = keyof EventData;

export interface TenantEvent<Type extends EventType = EventType> {
  specversion: "1.0";
  /** The outbox row's id: consumers recognise a repetition by it. */
  id: string;
  source: string;
  type: Type;
  time: string;
  /** Set by the relay from the database it read, never by the payload. */
  tenantid: string;
  /** The user who caused it (`sub`); absent where the platform did. */
  actor?: string;
  datacontenttype: "application/json";
  data: EventData[Type];
}

export interface OutboxRow {
  eventId: string;
  eventType: string;
  payload: unknown;
  actor: string | null;
  /** ISO 8601 */
  createdAt: string;
}

/** @param source `/terrace/<environment>/<cell>` */
export function eventOf(row: OutboxRow, tenantId: string, source: string): TenantEvent {
  return {
    specversion: "1.0",
    id: row.eventId,
    source,
    type: row.eventType as EventType,
    time: row.createdAt,
    tenantid: tenantId,
    ...(row.actor !== null && { actor: row.actor }),
    datacontenttype: "application/json",
    data: row.payload as EventData[EventType],
  };
}

/** @throws Error that says what of the message is not an event. */
export function parseEvent(body: string): TenantEvent {
  const event = JSON.parse(body) as Partial<TenantEvent>;
  for (const name of ["id", "type", "time", "tenantid"] as const)
    if (typeof event?.[name] !== "string") throw new Error(`The message is not an event: it has no ${name}`);
  if (event.specversion !== "1.0") throw new Error(`The message is not a CloudEvent 1.0: ${String(event.specversion)}`);
  return event as TenantEvent;
}

export const isEvent = <Type extends EventType>(
  event: TenantEvent,
  type: Type,
): event is TenantEvent<Type> & TenantEvent => event.type === type;
