/** Signatures of what SNS sends, and the certificate that they are checked with, served at SigningCertURL. */
import { createHash, createPrivateKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import { keyring } from "../../keyring.ts";
import type { AwsRequest, AwsResponse, Cloud } from "../../service.ts";

export interface Signer {
  /** The members that a message has beside its own. `version` 1 is SHA-1, 2 SHA-256. */
  sign(
    message: Record<string, string>,
    version: string | undefined,
  ): Promise<{ SignatureVersion: string; Signature: string; SigningCertURL: string }>;
  /** The certificate; undefined for any other request. */
  handle(request: AwsRequest): Promise<AwsResponse | undefined>;
}

const YEARS_MS = 10 * 365 * 86_400_000;
const PATH = /^\/SimpleNotificationService-([0-9a-f]{32})\.pem$/;
/** In this order, and no others. */
const SIGNED = ["Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type"];

interface Identity {
  key: KeyObject;
  certificate: string;
  /** In the certificate's address. */
  id: string;
}

/** The key is made with the first message that is signed, and kept. */
export function signer(cloud: Cloud): Signer {
  cloud.database.exec(
    "CREATE TABLE IF NOT EXISTS sns_signing (sealed BLOB NOT NULL, certificate TEXT NOT NULL) STRICT",
  );
  let identity: Promise<Identity> | undefined;

  async function load(): Promise<Identity> {
    const keys = keyring(cloud.directory);
    const kept = cloud.database.prepare("SELECT sealed, certificate FROM sns_signing").get();
    if (kept) return identityOf(createPrivateKey(keys.open(kept.sealed as Uint8Array)), String(kept.certificate));
    const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
    const { selfSigned } = await import("./certificate.ts");
    const now = Date.now();
    const certificate = selfSigned("sns.amazonaws.com", privateKey, now - 86_400_000, now + YEARS_MS);
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    cloud.database.prepare("INSERT INTO sns_signing VALUES (?, ?)").run(keys.seal(pem), certificate);
    return identityOf(privateKey, certificate);
  }

  const identityOf = (key: KeyObject, certificate: string): Identity => ({
    ...{ key, certificate },
    id: createHash("sha256").update(certificate).digest("hex").slice(0, 32),
  });

  return {
    async sign(message, version = "1") {
      identity ??= load();
      const { key, id } = await identity;
      const text = SIGNED.map((name) => (message[name] === undefined ? "" : `${name}\n${message[name]}\n`)).join("");
      return {
        SignatureVersion: version,
        Signature: sign(version === "2" ? "sha256" : "sha1", Buffer.from(text), key).toString("base64"),
        SigningCertURL: `${cloud.endpoint}/SimpleNotificationService-${id}.pem`,
      };
    },
    async handle({ method, url }) {
      const wanted = PATH.exec(url.pathname)?.[1];
      if (wanted === undefined || method !== "GET") return undefined;
      identity ??= load();
      const { certificate, id } = await identity;
      if (id !== wanted)
        return { status: 404, headers: { "content-type": "text/plain" }, body: "No such certificate." };
      return { status: 200, headers: { "content-type": "application/x-pem-file" }, body: certificate };
    },
  };
}
