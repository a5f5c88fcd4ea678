/**
 * Where a tenant's objects live in the cell's bucket. IAM holds a tenant's session below `tenants/<id>/`; the upload
 * notification matches that prefix and the suffix `/original`.
 */

export interface PhotoKey {
  tenantId: string;
  photoId: string;
}

/** Longest edge in pixels. */
export const thumbnailSizes = [256, 1024] as const;

export const originalKey = ({ tenantId, photoId }: PhotoKey) => `tenants/${tenantId}/photos/${photoId}/original`;

export const thumbnailKey = ({ tenantId, photoId }: PhotoKey, size: number) =>
  `tenants/${tenantId}/photos/${photoId}/thumbnail-${size}.webp`;

const ORIGINAL = /^tenants\/([a-z][a-z0-9]{2,30})\/photos\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/original$/;

/** The photo that an uploaded object belongs to; undefined for a key the API never signs. */
export function parseOriginalKey(key: string): PhotoKey | undefined {
  const match = ORIGINAL.exec(key);
  return match ? { tenantId: match[1] as string, photoId: match[2] as string } : undefined;
}
