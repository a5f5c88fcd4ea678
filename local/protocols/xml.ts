/** XML bodies through the SDK's own codec: restXml both ways, awsQuery responses. */
import { XmlCodec } from "@aws-sdk/core/protocols";
import { NormalizedSchema } from "@smithy/core/schema";
import { AwsError } from "../service.ts";
import type { BodyCodec } from "./bindings.ts";
import type { Shape, WireOperation, WireService } from "./schema.ts";

export function xmlCodec(service: WireService): BodyCodec {
  // 5 is the schema number of date-time, XML's default.
  const codec = new XmlCodec({
    timestampFormat: { useTrait: true, default: 5 },
    xmlNamespace: service.xmlNamespace ?? "",
    serviceNamespace: service.namespace,
    httpBindings: true,
  } as ConstructorParameters<typeof XmlCodec>[0]);
  // The codec is made for a client, which brings these; nothing else of the client's context is used.
  codec.setSerdeContext({
    base64Encoder: (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString("base64"),
    base64Decoder: (text: string) => Buffer.from(text, "base64"),
    utf8Encoder: (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString("utf8"),
    utf8Decoder: (text: string | Uint8Array) => Buffer.from(text as string),
  } as unknown as Parameters<typeof codec.setSerdeContext>[0]);
  return {
    contentType: "application/xml",
    read(shape, body) {
      try {
        return codec.createDeserializer().read(shape as never, body);
      } catch (error) {
        throw new AwsError("MalformedXML", `The XML you provided was not well-formed: ${(error as Error).message}`);
      }
    },
    write(shape, value) {
      const serializer = codec.createSerializer();
      serializer.write(shape as never, value as never);
      const text = serializer.flush();
      return typeof text === "string" ? `<?xml version="1.0" encoding="UTF-8"?>\n${text}` : text;
    },
  };
}

/** `<XResponse><XResult>…</XResult><ResponseMetadata/></XResponse>` */
export function writeQueryResponse(
  codec: BodyCodec,
  service: WireService,
  operation: WireOperation,
  output: unknown,
  requestId: string,
): string {
  const { name } = operation;
  const result = resultMembers(codec, operation.output, output);
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  return `<${name}Response xmlns="${service.xmlNamespace}"><${name}Result>${result}</${name}Result>${metadata}</${name}Response>`;
}

/** What stands between the root's tags: the codec names the root after the shape, the protocol after the operation. */
function resultMembers(codec: BodyCodec, shape: Shape, output: unknown): string {
  if (!NormalizedSchema.of(shape).isStructSchema()) return "";
  const text = String(codec.write(shape, output ?? {}));
  return /^(?:<\?xml[^>]*>\s*)?<[^>]*[^/]>([\s\S]*)<\/[^>]+>$/.exec(text)?.[1] ?? "";
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
