import { resource } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { ECHO, restApi } from "./resources.ts";

let cloud: GatewayCloud;

beforeEach(async () => {
  cloud = await startApi({ acme: { host: "acme.example", apiId: "restapi001", stage: "v1" } });
  await cloud.define("echo", ECHO);
  const schema = {
    $schema: "http://json-schema.org/draft-04/schema#",
    type: "object",
    required: ["title"],
    additionalProperties: false,
    properties: {
      title: { type: "string", minLength: 1, pattern: "\\S" },
      size: { type: "integer", minimum: 0, exclusiveMinimum: true },
      kind: { type: "string", enum: ["a", "b"] },
    },
  };
  const inputs = {
    requestModels: { "application/json": "NewAlbum" },
    requestValidatorId: "validator",
    requestParameters: { "method.request.querystring.mode": true, "method.request.header.X-Any": false },
  };
  await cloud.provision(
    ...restApi({ methods: { "POST /albums": { function: "echo", inputs } } }),
    resource("aws:apigateway/model:Model", "NewAlbum", {
      restApi: "restapi001",
      name: "NewAlbum",
      contentType: "application/json",
      schema: JSON.stringify(schema),
    }),
    resource("aws:apigateway/requestValidator:RequestValidator", "validator", {
      restApi: "restapi001",
      validateRequestBody: true,
      validateRequestParameters: true,
    }),
  );
});

afterEach(() => cloud.stop());

const post = (body: string, path = "/albums?mode=x", headers = {}) =>
  cloud.fetch(path, {
    method: "POST",
    host: "acme.localhost",
    body,
    headers: { "content-type": "application/json", ...headers },
  });

describe("request validation", () => {
  it("lets a good body pass", async () => {
    expect((await post('{"title":"Alps","size":1,"kind":"b"}')).status).toBe(200);
  });

  it.each([
    ["malformed JSON", "{"],
    ["an empty body", ""],
    ["a missing member", "{}"],
    ["an unknown member", '{"title":"x","other":1}'],
    ["a wrong type", '{"title":1}'],
    ["a blank text", '{"title":" "}'],
    ["a number at draft 4's exclusive minimum", '{"title":"x","size":0}'],
    ["a value outside the enumeration", '{"title":"x","kind":"c"}'],
  ])("refuses %s: 400 Invalid request body", async (_what, body) => {
    expect(await post(body)).toMatchObject({ status: 400, json: { message: "Invalid request body" } });
  });

  it("refuses a missing required parameter by name", async () => {
    expect(await post('{"title":"x"}', "/albums")).toMatchObject({
      status: 400,
      json: { message: "Missing required request parameters: [mode]" },
    });
  });

  it("leaves bodies of other content types to the function", async () => {
    expect((await post("plain", undefined, { "content-type": "text/plain" })).status).toBe(200);
  });

  it("tells what was wrong in $context.error.validationErrorString", async () => {
    await cloud.provision(
      resource("aws:apigateway/response:Response", "bad", {
        restApiId: "restapi001",
        responseType: "BAD_REQUEST_BODY",
        responseTemplates: { "application/json": '{"detail":"$context.error.validationErrorString"}' },
      }),
    );
    expect((await post('{"title":""}')).json.detail).toContain("/title: ");
  });
});
