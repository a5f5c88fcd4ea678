/** Reads a message that comes as a whole (MIME): who, what, its text, its attachments. */

export interface MimeMessage {
  headers: Record<string, string>;
  text?: string;
  html?: string;
  attachments: { name: string; contentType: string; bytes: number }[];
}

/** Parts within parts; more is an attack. */
const DEEPEST = 20;

export function readMime(source: Buffer): MimeMessage {
  const message: MimeMessage = { headers: {}, attachments: [] };
  readPart(source, message, 0);
  return message;
}

function readPart(source: Buffer, message: MimeMessage, depth: number): void {
  const { headers, body } = split(source);
  if (depth === 0) message.headers = headers;
  const type = headers["content-type"] ?? "text/plain";
  const boundary = parameter(type, "boundary");
  if (/^multipart\//i.test(type) && boundary !== undefined) {
    if (depth < DEEPEST) for (const part of parts(body, boundary)) readPart(part, message, depth + 1);
    return;
  }
  const content = decode(body, headers["content-transfer-encoding"]);
  const disposition = headers["content-disposition"] ?? "";
  const kind = /^text\/(plain|html)/i.exec(type)?.[1]?.toLowerCase() as "plain" | "html" | undefined;
  const place = kind === "html" ? "html" : "text";
  if (kind && !/^attachment/i.test(disposition) && message[place] === undefined) {
    message[place] = toText(content, parameter(type, "charset"));
    return;
  }
  const name = parameter(disposition, "filename") ?? parameter(type, "name") ?? "unnamed";
  message.attachments.push({ name, contentType: type.split(";")[0]!.trim(), bytes: content.length });
}

function split(source: Buffer): { headers: Record<string, string>; body: Buffer } {
  const end = /\r?\n\r?\n/.exec(source.toString("latin1"));
  const head = source.subarray(0, end?.index ?? source.length).toString("utf8");
  const headers: Record<string, string> = {};
  for (const line of head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = words(line.slice(colon + 1).trim());
  }
  return { headers, body: end ? source.subarray(end.index + end[0].length) : Buffer.alloc(0) };
}

function parts(body: Buffer, boundary: string): Buffer[] {
  const text = body.toString("latin1");
  return text
    .split(`--${boundary}`)
    .slice(1)
    .filter((part) => !part.startsWith("--"))
    .map((part) => Buffer.from(part.replace(/^[ \t]*\r?\n/, "").replace(/\r?\n$/, ""), "latin1"));
}

function decode(body: Buffer, encoding = "7bit"): Buffer {
  if (/^base64$/i.test(encoding)) return Buffer.from(body.toString("latin1"), "base64");
  if (!/^quoted-printable$/i.test(encoding)) return body;
  return quotedPrintable(body.toString("latin1").replace(/=[ \t]*\r?\n/g, ""));
}

function quotedPrintable(text: string): Buffer {
  return Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

/** `=?utf-8?B?…?=` */
function words(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/=\?([\w-]+)\?([BQ])\?([^?]*)\?=/gi, (_, charset: string, encoding: string, data: string) =>
      toText(/b/i.test(encoding) ? Buffer.from(data, "base64") : quotedPrintable(data.replaceAll("_", " ")), charset),
    );
}

function parameter(header: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, "i").exec(header);
  return match?.[1] ?? match?.[2];
}

function toText(bytes: Buffer, charset = "utf-8"): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return bytes.toString("utf8"); // a charset that nobody knows
  }
}
