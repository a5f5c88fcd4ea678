import { runInNewContext } from "node:vm";
import { redirectCode } from "../../components/edge/redirect.ts";
import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

const api = { id: "abc", stage: "v1" };
const domain =
  (args: Partial<terrace.DomainArgs> = {}) =>
  () =>
    new terrace.Domain("d", { host: "api.example.com", zone: "example.com", api, ...args });

describe("Domain", () => {
  it("leads to an HTTP API as well, below a path where asked", async () => {
    const stack = await deploy(domain({ api: { ...api, type: "http" }, basePath: "shop" }));
    const front = stack.resource("aws:apigatewayv2/domainName:DomainName");
    expect(front.inputs.domainNameConfiguration).toMatchObject({ endpointType: "REGIONAL", securityPolicy: "TLS_1_2" });
    expect(stack.resource("ApiMapping").inputs).toMatchObject({ apiId: "abc", stage: "v1", apiMappingKey: "shop" });
    const place = front.outputs.domainNameConfiguration as { targetDomainName: string };
    expect(stack.resource("aws:route53/record:Record", "d-a").inputs.aliases).toMatchObject([
      { name: place.targetDomainName },
    ]);
    expect((await deploy(domain({ basePath: "shop" }))).resource("BasePathMapping").inputs.basePath).toBe("shop");
  });

  it("leads clients to a WebSocket API", async () => {
    process.env.TERRACE_BUNDLE_TARGET = "host";
    const stack = await deploy(() => {
      const fn = new terrace.Function("fn", { entry: "tests/fixtures/functions/hello" });
      const live = new terrace.WebSocketApi("live", { authorizer: fn, routes: { $connect: fn } });
      domain({ host: "live.example.com", api: { id: live.apiId, stage: live.stageName, type: "websocket" } })();
    });
    const front = stack.resource("aws:apigatewayv2/domainName:DomainName");
    expect(front.inputs).toMatchObject({
      domainName: "live.example.com",
      domainNameConfiguration: { endpointType: "REGIONAL", securityPolicy: "TLS_1_2" },
    });
    const { id } = stack.resource("aws:apigatewayv2/api:Api");
    expect(stack.resource("ApiMapping").inputs).toMatchObject({ domainName: front.id, apiId: id, stage: "v1" });
    const { targetDomainName, hostedZoneId } = front.outputs.domainNameConfiguration as Record<string, string>;
    for (const record of ["d-a", "d-aaaa"]) {
      expect(stack.resource("aws:route53/record:Record", record).inputs.aliases).toMatchObject([
        { name: targetDomainName, zoneId: hostedZoneId },
      ]);
    }
  });

  it("asks clients for a certificate where told whom to trust", async () => {
    const mutualTls = { truststoreUri: "s3://trust/authorities.pem" };
    for (const type of ["rest", "http"] as const) {
      const stack = await deploy(domain({ mutualTls, api: { ...api, type } }));
      expect(stack.resource("DomainName").inputs.mutualTlsAuthentication).toEqual(mutualTls);
    }
  });

  it("is looked after from around the world where asked", async () => {
    const stack = await deploy(domain({ healthCheck: { failures: 2 } }));
    expect(stack.resource("HealthCheck").inputs).toMatchObject({
      ...{ fqdn: "api.example.com", type: "HTTPS", enableSni: true, resourcePath: "/health", failureThreshold: 2 },
    });
    expect((await deploy(domain())).all("HealthCheck")).toEqual([]);
  });

  it("stands in a zone that the same program makes", async () => {
    const stack = await deploy(() => {
      const { zoneId } = new terrace.HostedZone("zone", { zone: "example.com" });
      domain({ zoneId })();
    });
    const zone = stack.resource("aws:route53/zone:Zone");
    for (const { inputs } of stack.all("aws:route53/record:Record")) expect(inputs.zoneId).toBe(zone.outputs.zoneId);
  });

  it("has other hosts send here", async () => {
    const stack = await deploy(domain({ redirectFrom: ["old.example.com"] }));
    expect(stack.resource("aws:cloudfront/distribution:Distribution").inputs.aliases).toEqual(["old.example.com"]);
    expect(stack.resource("aws:acm/certificate:Certificate", "d-redirect-certificate").inputs.region).toBe("us-east-1");
  });

  it.each(
    byMessage<Partial<terrace.DomainArgs>>([
      [{ zone: "Example" }, 'zone is "Example"'],
      [{ host: "api.example.org" }, "a host in the zone example.com"],
      [{ api: { ...api, type: "soap" as never } }, 'api.type is "soap"'],
      [{ basePath: "/v1" }, 'basePath is "/v1"; it has to be one part of a path'],
      [{ mutualTls: { truststoreUri: "trust.pem" } }, 'mutualTls.truststoreUri is "trust.pem"'],
      [{ healthCheck: { path: "health" } }, 'healthCheck.path is "health"'],
      [{ healthCheck: { failures: 11 } }, "healthCheck.failures is 11"],
      [{ host: "*.example.com", healthCheck: {} }, "a wildcard has no host to ask"],
      [{ healthCheck: {}, mutualTls: { truststoreUri: "s3://trust/a.pem" } }, "Route 53 shows no certificate"],
      [{ api: { ...api, type: "websocket" }, healthCheck: {} }, "a WebSocket API answers nothing but an upgrade"],
      [
        { api: { ...api, type: "websocket" }, mutualTls: { truststoreUri: "s3://trust/a.pem" } },
        "API Gateway asks clients of REST and HTTP APIs alone",
      ],
      [{ redirectFrom: ["old.example.org"] }, 'redirectFrom[0] is "old.example.org"'],
    ]),
  )("refuses: %s", async (message, args) => {
    const error = await refused(domain(args));
    expect(error).toContain('Domain "d": ');
    expect(error).toContain(message);
  });
});

describe("HostedZone", () => {
  it("is kept in production: another zone of the same name would have other name servers", async () => {
    const zone = (protection: terrace.Protection) => async () =>
      (await deploy(() => new terrace.HostedZone("z", { zone: "example.com", protection }))).resource("Zone");
    expect((await zone("protected")()).options.protect).toBe(true);
    const quick = await zone("disposable")();
    expect([quick.options.protect, quick.inputs.forceDestroy]).toEqual([undefined, true]);
  });

  it("signs its answers with a key that Route 53 alone may use, for this account", async () => {
    let ds = "";
    const stack = await deploy(() => {
      new terrace.HostedZone("z", { zone: "example.com", dnssec: true }).dsRecord!.apply((record) => {
        ds = record;
      });
    });
    const key = stack.resource("aws:kms/key:Key");
    expect(key.inputs).toMatchObject({
      customerMasterKeySpec: "ECC_NIST_P256",
      keyUsage: "SIGN_VERIFY",
      region: "us-east-1",
    });
    expect(JSON.parse(String(key.inputs.policy)).Statement[1]).toMatchObject({
      Principal: { Service: "dnssec-route53.amazonaws.com" },
      Condition: { StringEquals: { "aws:SourceAccount": "000000000000" } },
    });
    expect(stack.resource("KeySigningKey").inputs.keyManagementServiceArn).toBe(key.outputs.arn);
    expect(stack.resource("HostedZoneDnsSec").dependencies).toContain(stack.resource("KeySigningKey").urn);
    expect(ds).toMatch(/^\d+ 13 2 [0-9A-F]{64}$/);
  });

  it("refuses what is no domain", async () => {
    expect(await refused(() => new terrace.HostedZone("z", { zone: "example" }))).toContain('HostedZone "z": zone is');
  });
});

describe("Redirect", () => {
  it("keeps path and query", () => {
    const event = { request: { uri: "/a", querystring: { b: { value: "1" }, c: { value: "" } } } };
    const answer = runInNewContext(`${redirectCode("www.example.com")}; handler(event)`, { event });
    expect(answer).toMatchObject({
      statusCode: 301,
      headers: { location: { value: "https://www.example.com/a?b=1&c" } },
    });
  });

  it.each(
    byMessage<terrace.RedirectArgs>([
      [{ from: [], to: "www.example.com", zone: "example.com" }, "from is []; name at least one host"],
      [{ from: ["a.example.org"], to: "www.example.com", zone: "example.com" }, 'from[0] is "a.example.org"'],
      [{ from: ["www.example.com"], to: "www.example.com", zone: "example.com" }, "it would send to itself"],
      [{ from: ["a.example.com"], to: "https://x", zone: "example.com" }, 'to is "https://x"'],
    ]),
  )("refuses: %s", async (message, args) => {
    expect(await refused(() => new terrace.Redirect("r", args))).toContain(message);
  });
});
