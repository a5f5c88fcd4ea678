import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Value } from "../../../engine/graph.ts";
import { role } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { ECHO, ECHO_V2, httpApi, restApi } from "./resources.ts";

let cloud: GatewayCloud;
const ROLE = "arn:aws:iam::000000000000:role/caller";

beforeEach(async () => {
  cloud = await startApi();
  await cloud.define("echo", ECHO);
  await cloud.define("echo2", ECHO_V2);
  const inputs: Record<string, Value> = { authorization: "AWS_IAM" };
  await cloud.provision(
    ...restApi({ methods: { "GET /pets": { function: "echo", inputs }, "GET /birds": { function: "echo", inputs } } }),
    ...httpApi({ routes: { "GET /pets": { function: "echo2", inputs: { authorizationType: "AWS_IAM" } } } }),
    role(ROLE, [
      {
        Effect: "Allow",
        Action: "execute-api:Invoke",
        Resource: ["restapi001/v1/GET/pets", "httpapi001/$default/GET/pets"].map(
          (path) => `arn:aws:execute-api:eu-west-1:000000000000:${path}`,
        ),
      },
    ]),
  );
});

afterEach(() => cloud.stop());

/** Node's own, in the form that signers take. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret ? createHmac("sha256", secret) : createHash("sha256");
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

async function get(host: string, path: string, change: (headers: Record<string, string>) => void = () => {}) {
  const { credentials, region } = cloud.running.client(ROLE);
  const signer = new SignatureV4({ credentials, region, service: "execute-api", sha256: Sha256 as never });
  const request = { method: "GET", protocol: "http:", hostname: host, path, headers: { host } };
  const { headers } = await signer.sign(request);
  change(headers);
  return cloud.fetch(path, { host, headers });
}

describe("IAM as a REST API's authorizer", () => {
  const host = "restapi001.execute-api.localhost";

  it("lets a role call what it may, and the function sees who it is", async () => {
    const { status, json } = await get(host, "/v1/pets");
    expect(status).toBe(200);
    expect(json.requestContext.identity).toMatchObject({
      ...{ accountId: "000000000000", caller: "caller:test", user: "caller:test" },
      userArn: "arn:aws:sts::000000000000:assumed-role/caller/test",
    });
  });

  it("refuses what the role may not call: 403, naming the action and the method", async () => {
    const { status, json } = await get(host, "/v1/birds");
    expect(status).toBe(403);
    expect(json.Message).toMatch(/is not authorized to perform: execute-api:Invoke on resource: .*\/v1\/GET\/birds/);
  });

  it("refuses requests that are unsigned, or signed wrongly", async () => {
    expect(await cloud.fetch("/v1/pets", { host })).toMatchObject({
      ...{ status: 403, json: { message: "Missing Authentication Token" } },
    });
    const forged = await get(host, "/v1/pets", (headers) => {
      headers.authorization = headers.authorization!.replace(/Signature=.{8}/, "Signature=00000000");
    });
    expect(forged).toMatchObject({ status: 403, headers: { "x-amzn-errortype": "InvalidSignatureException" } });
    const unknown = await get(host, "/v1/pets", (headers) => {
      headers.authorization = headers.authorization!.replace(/Credential=\w+/, "Credential=AKIANOBODY");
    });
    expect(unknown.status).toBe(403);
  });
});

it("IAM as an HTTP API's authorizer lets a role call what it may, and refuses others with Forbidden", async () => {
  const host = "httpapi001.execute-api.localhost";
  const { status, json } = await get(host, "/pets");
  expect(status).toBe(200);
  expect(json.requestContext.authorizer.iam).toMatchObject({
    ...{ accountId: "000000000000", callerId: "caller:test", cognitoIdentity: null },
    userArn: "arn:aws:sts::000000000000:assumed-role/caller/test",
  });
  expect(await cloud.fetch("/pets", { host })).toMatchObject({ status: 403, json: { message: "Forbidden" } });
});
