/** Lists in pages: 100 entries unless asked for another number, up to 1,000. */
import { AwsError } from "../../service.ts";

interface Asked {
  Limit?: number;
  Marker?: string;
}

/** @param all in the order of their ids */
export function page<T>(all: T[], id: (item: T) => string, { Limit = 100, Marker }: Asked) {
  if (!(Limit >= 1 && Limit <= 1000)) throw new AwsError("ValidationException", "Limit must be from 1 to 1000.");
  const after = Buffer.from(Marker ?? "", "base64url").toString();
  if (Marker !== undefined && after === "") throw new AwsError("InvalidMarkerException", "Invalid marker.");
  const rest = all.filter((item) => id(item) > after);
  const items = rest.slice(0, Limit);
  const more = rest.length > items.length;
  return {
    items,
    Truncated: more,
    NextMarker: more ? Buffer.from(id(items.at(-1)!)).toString("base64url") : undefined,
  };
}
