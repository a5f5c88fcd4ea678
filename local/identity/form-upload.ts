/** Uploads by a browser's form (POST Object): the form's parts, and who signed the policy that comes with it. */
import { timingSafeEqual } from "node:crypto";
import { AwsError, type AwsRequest, type FormUpload, type Principal } from "../service.ts";
import { signText } from "./sigv4.ts";

interface Keys {
  find(accessKeyId: string, sessionToken: string | undefined): { principal: Principal; secretAccessKey: string };
}

/** @returns the form, and the principal that signed its policy; none without a policy */
export async function readFormUpload(
  { headers, body }: AwsRequest,
  keys: Keys,
): Promise<{ form: FormUpload; principal?: Principal }> {
  const form = await readForm(headers["content-type"] ?? "", body);
  const { fields, policy } = form;
  if (policy === undefined) return { form };
  if (fields.awsaccesskeyid !== undefined) {
    const message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
    throw new AwsError("InvalidRequest", message, 400);
  }
  const [algorithm, credential, signature] = ["algorithm", "credential", "signature"].map((name) =>
    required(form, name),
  );
  const [accessKeyId = "", day, region, service, end] = credential!.split("/");
  if (algorithm !== "AWS4-HMAC-SHA256" || service !== "s3" || end !== "aws4_request" || !required(form, "date")) {
    throw new AwsError(
      "InvalidArgument",
      "X-Amz-Algorithm only supports AWS4-HMAC-SHA256, with a credential of S3.",
      400,
    );
  }
  const key = keys.find(accessKeyId, fields["x-amz-security-token"]);
  const expected = Buffer.from(signText(key.secretAccessKey, `${day}/${region}/s3/aws4_request`, policy));
  const given = Buffer.from(signature!);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new AwsError(
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
      403,
    );
  }
  return { form, principal: key.principal };
}

function required({ fields }: FormUpload, name: string): string {
  const value = fields[`x-amz-${name}`];
  if (value !== undefined) return value;
  const field = `X-Amz-${name[0]!.toUpperCase()}${name.slice(1)}`;
  const message = `Bucket POST must contain a field named '${field}'.  If it is specified, please check the order of the fields.`;
  throw new AwsError("InvalidArgument", message, 400);
}

/** What comes after the file is not read. */
async function readForm(type: string, body: Buffer): Promise<FormUpload> {
  let parts: FormData;
  try {
    parts = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
  } catch {
    throw new AwsError(
      "MalformedPOSTRequest",
      "The body of your POST request is not well-formed multipart/form-data.",
      400,
    );
  }
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of parts) {
    if (name !== "file") {
      if (typeof value === "string") fields[name.toLowerCase()] = value;
      continue;
    }
    const isText = typeof value === "string";
    const file = isText ? Buffer.from(value) : Buffer.from(await value.arrayBuffer());
    return { fields, file, fileName: isText ? "" : value.name, policy: fields.policy };
  }
  throw new AwsError("InvalidArgument", "POST requires exactly one file upload per request.", 400);
}
