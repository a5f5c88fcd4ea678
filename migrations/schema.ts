/** Written by `npm run db:types` from the migrations: do not edit. */

import type { ColumnType } from "kysely";

/** A JSON document as it is read. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** What a JSON column takes: a string is JSON text already, anything else is made into it. */
export type JsonInput = boolean | number | string | object;
type Instant = Date | string;
type Long = string | number | bigint;

export interface AlbumsTable {
  tenant_id: ColumnType<string, string | undefined, string>;
  album_id: ColumnType<string, string | undefined, string>;
  title: string;
  description: string | null;
  created_at: ColumnType<Date, Instant | undefined, Instant>;
  updated_at: ColumnType<Date, Instant | undefined, Instant>;
}

export interface AuditEventsTable {
  tenant_id: ColumnType<string, string | undefined, string>;
  sequence: ColumnType<string, Long, Long>;
  event_id: string;
  event_type: string;
  occurred_at: ColumnType<Date, Instant, Instant>;
  actor: string | null;
  payload: ColumnType<Json, JsonInput, JsonInput>;
  previous_hash: string;
  hash: string;
  recorded_at: ColumnType<Date, Instant | undefined, Instant>;
}

export interface OutboxTable {
  tenant_id: ColumnType<string, string | undefined, string>;
  event_id: ColumnType<string, string | undefined, string>;
  event_type: string;
  payload: ColumnType<Json, JsonInput, JsonInput>;
  actor: string | null;
  created_at: ColumnType<Date, Instant | undefined, Instant>;
  published_at: ColumnType<Date | null, Instant | null | undefined, Instant | null>;
}

export interface PhotosTable {
  tenant_id: ColumnType<string, string | undefined, string>;
  photo_id: ColumnType<string, string | undefined, string>;
  album_id: string;
  file_name: string;
  content_type: string;
  announced_bytes: number;
  status: ColumnType<string, string | undefined, string>;
  failure_reason: string | null;
  width: number | null;
  height: number | null;
  format: string | null;
  bytes: number | null;
  sha256: string | null;
  taken_at: ColumnType<string | null, Instant | null | undefined, Instant | null>;
  camera: string | null;
  thumbnails: ColumnType<Json, JsonInput | undefined, JsonInput>;
  created_at: ColumnType<Date, Instant | undefined, Instant>;
  updated_at: ColumnType<Date, Instant | undefined, Instant>;
}

export interface ProcessedEventsTable {
  tenant_id: ColumnType<string, string | undefined, string>;
  consumer: string;
  event_id: string;
  processed_at: ColumnType<Date, Instant | undefined, Instant>;
}

export interface UsageDailyTable {
  tenant_id: ColumnType<string, string | undefined, string>;
  day: string;
  metric: string;
  value: ColumnType<string, Long | undefined, Long>;
}

export interface WebhookDeliveriesTable {
  tenant_id: ColumnType<string, string | undefined, string>;
  event_id: string;
  event_type: string;
  status: ColumnType<string, string | undefined, string>;
  attempts: ColumnType<number, number | undefined, number>;
  response_status: number | null;
  last_error: string | null;
  created_at: ColumnType<Date, Instant | undefined, Instant>;
  updated_at: ColumnType<Date, Instant | undefined, Instant>;
}

export interface Database {
  albums: AlbumsTable;
  audit_events: AuditEventsTable;
  outbox: OutboxTable;
  photos: PhotosTable;
  processed_events: ProcessedEventsTable;
  usage_daily: UsageDailyTable;
  webhook_deliveries: WebhookDeliveriesTable;
}

/** Column → PostgreSQL type, for the Data API dialect. */
export const columnTypes = {
  albums: {
    tenant_id: "text",
    album_id: "uuid",
    title: "text",
    description: "text",
    created_at: "timestamptz",
    updated_at: "timestamptz",
  },
  audit_events: {
    tenant_id: "text",
    sequence: "int8",
    event_id: "uuid",
    event_type: "text",
    occurred_at: "timestamptz",
    actor: "text",
    payload: "jsonb",
    previous_hash: "text",
    hash: "text",
    recorded_at: "timestamptz",
  },
  outbox: {
    tenant_id: "text",
    event_id: "uuid",
    event_type: "text",
    payload: "jsonb",
    actor: "text",
    created_at: "timestamptz",
    published_at: "timestamptz",
  },
  photos: {
    tenant_id: "text",
    photo_id: "uuid",
    album_id: "uuid",
    file_name: "text",
    content_type: "text",
    announced_bytes: "int4",
    status: "text",
    failure_reason: "text",
    width: "int4",
    height: "int4",
    format: "text",
    bytes: "int4",
    sha256: "text",
    taken_at: "timestamp",
    camera: "text",
    thumbnails: "jsonb",
    created_at: "timestamptz",
    updated_at: "timestamptz",
  },
  processed_events: {
    tenant_id: "text",
    consumer: "text",
    event_id: "uuid",
    processed_at: "timestamptz",
  },
  usage_daily: {
    tenant_id: "text",
    day: "date",
    metric: "text",
    value: "int8",
  },
  webhook_deliveries: {
    tenant_id: "text",
    event_id: "uuid",
    event_type: "text",
    status: "text",
    attempts: "int4",
    response_status: "int4",
    last_error: "text",
    created_at: "timestamptz",
    updated_at: "timestamptz",
  },
};
