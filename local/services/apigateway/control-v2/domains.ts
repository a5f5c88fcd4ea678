/** Custom domains and their mappings as the API of HTTP APIs sees them: base paths of several segments are told of here only. */
import type { Cloud, Operation } from "../../../service.ts";
import { newDomain } from "../control/domains.ts";
import { badRequest, conflict, notFound } from "../control/kinds.ts";
import type { Apis } from "../model/apis.ts";
import { type Document, segment } from "../model/documents.ts";
import { newKeyId } from "../model/keys.ts";
import { type KindsV2, pageV2 } from "./kinds.ts";

const DOMAIN = "/domainnames/{DomainName}";

export function domainV2Operations({ region }: Cloud, { documents }: Apis, kinds: KindsV2): Record<string, Operation> {
  const pathOf = (domain: string) => `/domainnames/${segment(domain)}`;
  const mappingsOf = (domain: string) => documents.children(`${pathOf(domain)}/apimappings`);

  function check(domain: string, { id, apiId, stage, basePath }: Document): void {
    const api = documents.get(`/apis/${apiId}`) ? `/apis/${apiId}` : `/restapis/${apiId}`;
    if (!documents.get(api)) throw badRequest("Invalid API identifier specified");
    if (!documents.get(`${api}/stages/${segment(stage)}`)) throw badRequest("Invalid stage identifier specified");
    if (!/^(?:[\w$.+!*'()~-]+(?:\/[\w$.+!*'()~-]+)*)?$/.test(basePath))
      throw badRequest("Invalid API mapping key specified");
    if (mappingsOf(domain).some((each) => each.basePath === basePath && each.id !== id)) {
      throw conflict("The ApiMapping key already exists for this domain name");
    }
  }

  function mappingOf({ DomainName, ApiMappingId, ...rest }: Document): Document {
    kinds.find(DOMAIN, { DomainName, ...rest });
    const found = documents.get(`${pathOf(DomainName)}/apimappings/${segment(ApiMappingId)}`);
    if (!found) throw notFound("The API mapping resource specified in the request was not found.");
    return found;
  }

  function put(domain: string, mapping: Document): Document {
    check(domain, mapping);
    documents.put(`${pathOf(domain)}/apimappings/${segment(mapping.id)}`, mapping);
    return describeMapping(mapping);
  }

  return {
    CreateDomainName: {
      authorize: () => kinds.on("POST", "/domainnames"),
      run({ DomainName, DomainNameConfigurations, Tags: tags }) {
        const document = { ...newDomain(region, DomainName), ...readConfigurations(DomainNameConfigurations), tags };
        if (documents.get(pathOf(DomainName))) throw badRequest("The domain name you provided already exists.");
        documents.put(pathOf(DomainName), document);
        return describe(document);
      },
    },
    GetDomainName: { ...kinds.may("GET", DOMAIN), run: (input) => describe(kinds.find(DOMAIN, input)) },
    GetDomainNames: {
      authorize: () => kinds.on("GET", "/domainnames"),
      run: (input) => pageV2(documents.children("/domainnames"), input, describe),
    },
    UpdateDomainName: {
      ...kinds.may("PATCH", DOMAIN),
      run(input) {
        const next = { ...kinds.find(DOMAIN, input), ...readConfigurations(input.DomainNameConfigurations) };
        documents.put(pathOf(input.DomainName), next);
        return describe(next);
      },
    },
    DeleteDomainName: {
      ...kinds.may("DELETE", DOMAIN),
      run(input) {
        kinds.find(DOMAIN, input);
        documents.remove(pathOf(input.DomainName));
        return {};
      },
    },
    CreateApiMapping: {
      ...kinds.may("POST", `${DOMAIN}/apimappings`),
      run(input) {
        kinds.find(DOMAIN, input);
        const { ApiId: apiId, Stage: stage, ApiMappingKey: basePath = "" } = input;
        return put(input.DomainName, { id: newKeyId().slice(0, 6), apiId, stage, basePath });
      },
    },
    GetApiMapping: {
      ...kinds.may("GET", `${DOMAIN}/apimappings/{ApiMappingId}`),
      run: (input) => describeMapping(mappingOf(input)),
    },
    GetApiMappings: {
      ...kinds.may("GET", `${DOMAIN}/apimappings`),
      run(input) {
        kinds.find(DOMAIN, input);
        return pageV2(mappingsOf(input.DomainName), input, describeMapping);
      },
    },
    UpdateApiMapping: {
      ...kinds.may("PATCH", `${DOMAIN}/apimappings/{ApiMappingId}`),
      run(input) {
        const known = mappingOf(input);
        const {
          ApiId: apiId = known.apiId,
          Stage: stage = known.stage,
          ApiMappingKey: basePath = known.basePath,
        } = input;
        return put(input.DomainName, { ...known, apiId, stage, basePath });
      },
    },
    DeleteApiMapping: {
      ...kinds.may("DELETE", `${DOMAIN}/apimappings/{ApiMappingId}`),
      run(input) {
        documents.remove(`${pathOf(input.DomainName)}/apimappings/${segment(mappingOf(input).id)}`);
        return {};
      },
    },
  };
}

function readConfigurations(configurations: Document[] | undefined): Document {
  const [first] = configurations ?? [];
  if (!first) return {};
  return { regionalCertificateArn: first.CertificateArn, securityPolicy: first.SecurityPolicy ?? "TLS_1_2" };
}

function describe(document: Document): Document {
  return {
    DomainName: document.domainName,
    ApiMappingSelectionExpression: "$request.basepath",
    DomainNameConfigurations: [
      {
        ApiGatewayDomainName: document.regionalDomainName,
        CertificateArn: document.regionalCertificateArn,
        DomainNameStatus: document.domainNameStatus ?? "AVAILABLE",
        EndpointType: "REGIONAL",
        HostedZoneId: document.regionalHostedZoneId,
        SecurityPolicy: document.securityPolicy,
      },
    ],
    Tags: document.tags,
  };
}

function describeMapping({ id, apiId, stage, basePath }: Document): Document {
  return { ApiId: apiId, ApiMappingId: id, ApiMappingKey: basePath, Stage: stage };
}
