/**
 * The shapes that go over the wire, once: static types here, validation in the function, models in API Gateway and the
 * OpenAPI document. Requests keep to what JSON Schema draft 4 shares with later drafts, because API Gateway's models are draft 4.
 */

import * as T from "typebox";

/** What a phone or a camera makes; sniffed again after the upload. */
export const photoContentTypes = [
  "image/jpeg",
  "image/png",
  "image/webp",
  "image/avif",
  "image/heic",
  "image/heif",
] as const;
export type PhotoContentType = (typeof photoContentTypes)[number];

/** 50 MiB */
export const maximumPhotoBytes = 50 * 1024 * 1024;

const oneOf = <const Values extends readonly string[]>(values: Values, options: T.TSchemaOptions = {}) =>
  T.Unsafe<Values[number]>({ type: "string", enum: [...values], ...options });
const nullable = <Type>(type: "string" | "integer", options: T.TSchemaOptions = {}) =>
  T.Unsafe<Type | null>({ type: [type, "null"], ...options });

const id = (what: string) => T.String({ format: "uuid", description: `The ${what}'s id` });
const timestamp = (description: string) => T.String({ format: "date-time", description });
const strict = { additionalProperties: false };

const title = T.String({ minLength: 1, maxLength: 200, pattern: "\\S" });
const description = nullable<string>("string", { maxLength: 2000 });

export const NewAlbum = T.Object({ title, description: T.Optional(description) }, strict);
export const AlbumPatch = T.Object(
  { title: T.Optional(title), description: T.Optional(description) },
  { ...strict, minProperties: 1 },
);
export const Album = T.Object({
  albumId: id("album"),
  title,
  description,
  createdAt: timestamp("When it was made"),
  updatedAt: timestamp("When it last changed"),
});

export const NewPhoto = T.Object(
  {
    fileName: T.String({ minLength: 1, maxLength: 255, description: "The name it has on the uploader's device" }),
    contentType: oneOf(photoContentTypes, { description: "Held by the upload's signature and compared with the file" }),
    bytes: T.Integer({
      minimum: 1,
      maximum: maximumPhotoBytes,
      description: "Exact size, held by the upload's signature",
    }),
  },
  strict,
);

export const Thumbnail = T.Object({
  size: T.Integer({ description: "Longest edge that was asked for, in pixels" }),
  width: T.Integer(),
  height: T.Integer(),
  bytes: T.Integer(),
  contentType: T.String(),
  url: T.String({ format: "uri", description: "Signed, for a quarter of an hour" }),
});

const photo = {
  photoId: id("photo"),
  albumId: id("album"),
  fileName: T.String(),
  contentType: T.String({ description: "As announced" }),
  status: oneOf(["pending", "processing", "ready", "failed"], {
    description: "pending: nothing was uploaded yet; failed: see failureReason",
  }),
  failureReason: nullable<string>("string"),
  width: nullable<number>("integer", { description: "Pixels, after the orientation was applied" }),
  height: nullable<number>("integer"),
  format: nullable<string>("string", { description: "What the file really is: jpeg, png, webp, avif" }),
  bytes: nullable<number>("integer"),
  sha256: nullable<string>("string", { description: "Of the original, in hexadecimal" }),
  takenAt: nullable<string>("string", { description: "Camera's local time from EXIF, ISO 8601 without offset" }),
  camera: nullable<string>("string"),
  url: nullable<string>("string", { description: "The original, signed for a quarter of an hour, once it is ready" }),
  thumbnails: T.Array(Thumbnail),
  createdAt: timestamp("When it was announced"),
  updatedAt: timestamp("When it last changed"),
};
export const Photo = T.Object(photo);

export const Upload = T.Object({
  method: oneOf(["PUT"]),
  url: T.String({ format: "uri" }),
  headers: T.Record(T.String(), T.String(), { description: "To be sent unchanged: the signature covers them" }),
  expiresAt: timestamp("When the signature ends"),
});
export const PhotoUpload = T.Object({ ...photo, upload: Upload });

const nextCursor = nullable<string>("string", {
  description: "Pass as `cursor` for the next page; null on the last one",
});
export const AlbumPage = T.Object({ items: T.Array(Album), nextCursor });
export const PhotoPage = T.Object({ items: T.Array(Photo), nextCursor });

export const PageQuery = T.Object({
  limit: T.Optional(T.Integer({ minimum: 1, maximum: 100, default: 25 })),
  cursor: T.Optional(T.String({ minLength: 1, maxLength: 500 })),
});
export type PageQuery = T.Static<typeof PageQuery>;

const day = (description: string) => T.String({ format: "date", description });
export const UsageQuery = T.Object({
  from: T.Optional(day("First day, UTC; thirty days ago unless told")),
  to: T.Optional(day("Last day, UTC; today unless told")),
});
export const Usage = T.Object({
  from: day("First day"),
  to: day("Last day"),
  days: T.Array(T.Object({ day: day("UTC"), metric: T.String(), value: T.Number() })),
  totals: T.Record(T.String(), T.Number(), { description: "By metric, over the days above" }),
});

export const Health = T.Object({ status: oneOf(["ok"]) });
export const Document = T.Unsafe<Record<string, unknown>>({ type: "object" });

/** RFC 9457 */
export const ProblemDetails = T.Object({
  type: T.String({ description: "urn:terrace:problem:<code>" }),
  title: T.String(),
  status: T.Integer(),
  detail: T.Optional(T.String()),
  requestId: T.String(),
  errors: T.Optional(T.Array(T.Object({ pointer: T.String(), detail: T.String() }))),
});

/** By the name that operations and the OpenAPI document use. */
export const schemas = {
  Album,
  AlbumPage,
  AlbumPatch,
  Document,
  Health,
  NewAlbum,
  NewPhoto,
  PageQuery,
  Photo,
  PhotoPage,
  PhotoUpload,
  ProblemDetails,
  Thumbnail,
  Upload,
  Usage,
  UsageQuery,
};
export type SchemaName = keyof typeof schemas;
