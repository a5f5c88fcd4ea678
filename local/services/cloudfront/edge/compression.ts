/** What CloudFront compresses by itself: texts and their like, from 1,000 to 10,000,000 bytes, that the origin left as they are. */
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { type Answer, one } from "./message.ts";

const TYPES =
  /^(text\/.*|application\/(javascript|json|ld\+json|manifest\+json|xml|.*\+xml|wasm|x-javascript|dash\+xml|eot|font.*|opentype|otf|pkcs7-mime|protobuf|rtf|truetype|ttf|vnd\.apple\.mpegurl|vnd\.mapbox-vector-tile|vnd\.ms-fontobject|x-font-.*|x-httpd-cgi|x-mpegurl|x-opentype|x-otf|x-perl|x-ttf)|font\/(eot|opentype|otf|ttf)|image\/(bmp|svg\+xml|vnd\.microsoft\.icon|x-icon))$/;

export function compressed(answer: Answer, encoding: "br" | "gzip" | ""): Answer {
  const { status, headers, body } = answer;
  const type = one(headers, "content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  const isSuited = [200, 403, 404].includes(status) && body.length >= 1000 && body.length <= 10_000_000;
  if (!encoding || !isSuited || headers["content-encoding"] || !TYPES.test(type)) return answer;
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
  const { "content-length": _, ...rest } = headers;
  const tag = one(headers, "etag");
  return {
    status,
    headers: {
      ...rest,
      "content-encoding": [encoding],
      vary: [...(headers.vary ?? []), "Accept-Encoding"],
      // The bytes are others now, the content is the same.
      ...(tag && { etag: [tag.startsWith("W/") ? tag : `W/${tag}`] }),
    },
    body: encoding === "br" ? brotliCompressSync(body, quality) : gzipSync(body),
  };
}
