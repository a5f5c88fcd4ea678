import { homePage } from "../../../local/runner/home-page.ts";
import type { LocalOutputs } from "../../../local/runner/outputs.ts";

const outputs: LocalOutputs = {
  stack: "dev",
  aws: { endpoint: "http://127.0.0.1:4511", region: "eu-west-1", accessKeyId: "AKIAKEY", secretAccessKey: "AWSSECRET" },
  tenants: {
    acme: {
      placement: "silo",
      apiUrl: "http://acme.localhost:4510",
      user: "admin@acme.example",
      password: "PASSWORD",
      userPoolId: "eu-west-1_POOL",
      clientId: "CLIENT",
      apiKey: "APIKEY",
    },
  },
  websites: { site: "http://site.localhost:4510" },
  outputs: {},
};

it("shows where each tenant, website and AWS itself is, and who signs in", () => {
  const page = homePage(outputs);
  for (const shown of ["acme", "silo", "admin@acme.example", outputs.aws.endpoint, outputs.websites.site!])
    expect(page).toContain(shown);
  expect(page).toContain('href="http://acme.localhost:4510/openapi.json"');
});

it("shows nobody a password or a key", () => {
  for (const secret of ["PASSWORD", "APIKEY", "AKIAKEY", "AWSSECRET"]) expect(homePage(outputs)).not.toContain(secret);
});

it("takes names for text", () => {
  expect(homePage({ ...outputs, websites: { "<b>": "http://b.localhost:4510" } })).not.toContain("<b>");
});

it("says that there are no tenants, and that the platform is not up yet", () => {
  expect(homePage({ ...outputs, tenants: {} })).toContain("The stack declares no tenants.");
  expect(homePage(undefined)).toContain("is starting");
});
