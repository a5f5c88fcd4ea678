import { signedObjects } from "../../../functions/api/signed-objects.ts";

const at = Date.UTC(2026, 0, 1);
const options = {
  ...{ bucket: "photos", region: "eu-west-1", now: () => at },
  credentials: async () => ({ accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret", sessionToken: "token/1" }),
};
const key = "tenants/acme/photos/1/original";

describe("a signed upload", () => {
  it("holds content type and size in its signature, replaces no upload, and ends after a quarter of an hour", async () => {
    const { url, headers, expiresAt } = await signedObjects(options).upload(key, "image/jpeg", 1234);
    const { host, pathname, searchParams } = new URL(url);
    expect(host).toBe("photos.s3.eu-west-1.amazonaws.com");
    expect(pathname).toBe(`/${key}`);
    expect(searchParams.get("X-Amz-SignedHeaders")).toBe("content-length;content-type;host;if-none-match");
    expect(searchParams.get("X-Amz-Expires")).toBe("900");
    expect(searchParams.get("X-Amz-Security-Token")).toBe("token/1");
    expect(headers).toEqual({ "content-type": "image/jpeg", "content-length": "1234", "if-none-match": "*" });
    expect(expiresAt).toBe("2026-01-01T00:15:00.000Z");
  });

  it("is another signature for another type or size", async () => {
    const objects = signedObjects(options);
    const signatures = await Promise.all(
      [["image/jpeg", 1] as const, ["image/jpeg", 2] as const, ["image/png", 1] as const].map(async ([type, bytes]) =>
        new URL((await objects.upload(key, type, bytes)).url).searchParams.get("X-Amz-Signature"),
      ),
    );
    expect(new Set(signatures).size).toBe(3);
  });

  it("goes to another endpoint by path when one is given", async () => {
    const { url } = await signedObjects({ ...options, endpoint: "http://127.0.0.1:4511" }).upload(key, "image/png", 1);
    expect(url.split("?")[0]).toBe(`http://127.0.0.1:4511/photos/${key}`);
  });
});

describe("a signed download", () => {
  it("keeps the file's name from ending or forging a header", async () => {
    const url = await signedObjects(options).downloadUrl(key, { fileName: 'a"\r\nx: (ü).jpg' });
    expect(new URL(url).searchParams.get("response-content-disposition")).toBe(
      "attachment; filename*=UTF-8''a%22%0D%0Ax%3A%20%28%C3%BC%29.jpg",
    );
  });
});

describe("removal", () => {
  it.each([
    [204, true],
    [404, true],
    [403, false],
    [500, false],
  ])("answered with %i: succeeds %s", async (status, succeeds) => {
    const methods: unknown[] = [];
    const fetch = (async (_: unknown, init: RequestInit) => {
      methods.push(init.method);
      return new Response(null, { status });
    }) as typeof globalThis.fetch;
    const removal = signedObjects({ ...options, fetch }).remove([key]);
    if (succeeds) await removal;
    else await expect(removal).rejects.toThrow(`answered with ${status}`);
    expect(methods).toEqual(["DELETE"]);
  });
});
