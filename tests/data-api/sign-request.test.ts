import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { signRequest } from "../../data-api/transport/sign-request.ts";

/** node's hashes in the form that the SDK's signer takes. */
class Sha256 {
  #hash: { update(data: Uint8Array | string): unknown; digest(): Buffer };
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret ? createHmac("sha256", secret as string) : createHash("sha256");
  }
  update(data: Uint8Array | string) {
    this.#hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
  reset() {}
}

const now = Date.UTC(2026, 0, 2, 3, 4, 5);

it.each([
  ["long-term credentials", { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalr/K7MDENG+bPxRfi" }],
  ["a session", { accessKeyId: "ASIAIOSFODNN7EXAMPLE", secretAccessKey: "secret", sessionToken: "to/ken+==" }],
])("signs as the SDK does, with %s", async (_title, credentials) => {
  const body = JSON.stringify({ sql: "select 'ü'" });
  const host = "rds-data.eu-west-1.amazonaws.com";

  const headers = signRequest({ host, path: "/Execute", region: "eu-west-1", body, credentials, now });

  const signer = new SignatureV4({
    service: "rds-data",
    region: "eu-west-1",
    credentials,
    sha256: Sha256 as never,
    applyChecksum: false,
  });
  const unsigned = { "content-type": "application/json", host };
  const expected = await signer.sign(
    {
      method: "POST",
      protocol: "https:",
      hostname: host,
      path: "/Execute",
      headers: unsigned,
      body,
      query: {},
    } as never,
    { signingDate: new Date(now) },
  );
  expect(headers.authorization).toBe(
    (expected as unknown as { headers: Record<string, string> }).headers.authorization,
  );
});
