import {
  APIGatewayClient,
  CreateApiKeyCommand,
  CreateUsagePlanKeyCommand,
  DeleteApiKeyCommand,
  DeleteUsagePlanKeyCommand,
  GetApiKeyCommand,
  GetApiKeysCommand,
  GetUsagePlanCommand,
  GetUsagePlanKeysCommand,
  GetUsagePlansCommand,
} from "@aws-sdk/client-api-gateway";
import { apigateway } from "../../../local/services/apigateway/control/index.ts";
import { declaredApis } from "../../../local/services/apigateway/index.ts";
import { type LambdaCloud, startLambda } from "../lambda/fixture.ts";
import { resource, role } from "../lambda/resources.ts";

let cloud: LambdaCloud;
let client: APIGatewayClient;
const VALUE = "a-value-of-20-characters";

const plan = (name: string) =>
  resource("aws:apigateway/usagePlan:UsagePlan", name, {
    name,
    apiStages: [{ apiId: "api", stage: "v1" }],
    throttleSettings: { rateLimit: 20, burstLimit: 40 },
    quotaSettings: { limit: 5000, period: "DAY" },
  });

async function connect(): Promise<void> {
  await cloud.provision(plan("basic"), plan("standard"));
  client = new APIGatewayClient(cloud.running.client());
}

beforeEach(async () => {
  cloud = await startLambda({ apis: declaredApis, apigateway });
  await connect();
});

afterEach(async () => {
  client.destroy();
  await cloud.stop();
});

const createKey = () =>
  client.send(new CreateApiKeyCommand({ name: "acme", value: VALUE, enabled: true, tags: { a: "b" } }));

describe("API keys", () => {
  it("are made, found by name, shown with their value on request only, and deleted", async () => {
    const { id, value } = await createKey();
    expect([id, value]).toEqual([expect.stringMatching(/^[a-z0-9]{10}$/), VALUE]);
    const plain = await client.send(new GetApiKeyCommand({ apiKey: id }));
    expect(plain).toMatchObject({ name: "acme", enabled: true, tags: { a: "b" } });
    expect(plain.value).toBeUndefined();
    expect((await client.send(new GetApiKeyCommand({ apiKey: id, includeValue: true }))).value).toBe(VALUE);
    const { items } = await client.send(new GetApiKeysCommand({ nameQuery: "ac" }));
    expect(items?.map((key) => key.id)).toEqual([id]);
    expect((await client.send(new GetApiKeysCommand({ nameQuery: "x" }))).items).toEqual([]);
    await client.send(new DeleteApiKeyCommand({ apiKey: id }));
    await expect(client.send(new GetApiKeyCommand({ apiKey: id }))).rejects.toMatchObject({
      name: "NotFoundException",
    });
  });

  it("of a value that exists are refused: ConflictException", async () => {
    await createKey();
    await expect(createKey()).rejects.toMatchObject({ name: "ConflictException" });
  });

  it("with a value that is too short are refused: BadRequestException", async () => {
    const command = new CreateApiKeyCommand({ name: "short", value: "short" });
    await expect(client.send(command)).rejects.toMatchObject({ name: "BadRequestException" });
  });

  it("are there after a restart, on their plan", async () => {
    const { id } = await createKey();
    await client.send(new CreateUsagePlanKeyCommand({ usagePlanId: "basic", keyId: id, keyType: "API_KEY" }));
    client.destroy();
    await cloud.restart();
    await connect();
    const { items } = await client.send(new GetUsagePlanKeysCommand({ usagePlanId: "basic" }));
    expect(items).toEqual([{ id, name: "acme", type: "API_KEY" }]);
  });
});

describe("usage plans", () => {
  it("show their limits and stages", async () => {
    expect(await client.send(new GetUsagePlanCommand({ usagePlanId: "basic" }))).toMatchObject({
      id: "basic",
      apiStages: [{ apiId: "api", stage: "v1" }],
      throttle: { rateLimit: 20, burstLimit: 40 },
      quota: { limit: 5000, period: "DAY" },
    });
  });

  it("take a key once, and only one plan for a stage has it", async () => {
    const { id: keyId } = await createKey();
    const attach = (usagePlanId: string) =>
      client.send(new CreateUsagePlanKeyCommand({ usagePlanId, keyId, keyType: "API_KEY" }));
    await attach("basic");
    await expect(attach("basic")).rejects.toMatchObject({ name: "ConflictException" });
    await expect(attach("standard")).rejects.toMatchObject({ name: "ConflictException" });
    expect((await client.send(new GetUsagePlansCommand({ keyId }))).items?.map(({ id }) => id)).toEqual(["basic"]);
    await client.send(new DeleteUsagePlanKeyCommand({ usagePlanId: "basic", keyId }));
    await attach("standard");
  });

  it("answer NotFoundException for what is not there", async () => {
    const missing = new DeleteUsagePlanKeyCommand({ usagePlanId: "basic", keyId: "nobody" });
    await expect(client.send(missing)).rejects.toMatchObject({ name: "NotFoundException" });
    const unknown = new GetUsagePlanCommand({ usagePlanId: "nothing" });
    await expect(client.send(unknown)).rejects.toMatchObject({ name: "NotFoundException" });
  });
});

it("IAM judges by verb and path: a role that may post keys may not read them", async () => {
  const arn = "arn:aws:iam::000000000000:role/poster";
  const Resource = "arn:aws:apigateway:eu-west-1::/apikeys";
  await cloud.provision(role(arn, [{ Effect: "Allow", Action: "apigateway:POST", Resource }]));
  const poster = new APIGatewayClient(cloud.running.client(arn));
  const { id } = await poster.send(new CreateApiKeyCommand({ name: "made", value: VALUE }));
  const read = poster.send(new GetApiKeyCommand({ apiKey: id }));
  await expect(read).rejects.toThrow(/not authorized to perform: apigateway:GET on resource: .*::\/apikeys\//);
  poster.destroy();
});
