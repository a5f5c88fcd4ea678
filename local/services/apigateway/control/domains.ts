/** Custom domains and what stands at their base paths. One domain is seen by the API of REST and by that of HTTP APIs. */
import { randomBytes } from "node:crypto";
import type { Cloud, Operation } from "../../../service.ts";
import type { Apis } from "../model/apis.ts";
import { type Document, segment } from "../model/documents.ts";
import { newKeyId } from "../model/keys.ts";
import { badRequest, conflict, type Kinds, notFound, page, shown } from "./kinds.ts";

const DOMAIN = "/domainnames/{domainName}";
/** What the API of REST calls the base path of the whole host. */
const NONE = "(none)";

export function domainOperations({ region }: Cloud, { documents }: Apis, kinds: Kinds): Record<string, Operation> {
  const mappingsOf = (domainName: string) => documents.children(`/domainnames/${segment(domainName)}/apimappings`);

  function mappingOf(input: Document): Document {
    kinds.find(DOMAIN, input);
    const basePath = input.basePath === NONE ? "" : input.basePath;
    const found = mappingsOf(input.domainName).find((each) => each.basePath === basePath);
    if (!found) throw notFound("Invalid base path mapping identifier specified");
    return found;
  }

  function check(domainName: string, { id, apiId, stage, basePath }: Document): void {
    if (basePath.includes("/")) {
      throw badRequest(
        "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level base path mapping, use API Gateway V2.",
      );
    }
    if (!/^[A-Za-z0-9$\-_.+!*'()]*$/.test(basePath)) throw badRequest("Invalid base path specified");
    if (!documents.get(`/restapis/${apiId}`)) throw badRequest("Invalid REST API identifier specified");
    if (stage && !documents.get(`/restapis/${apiId}/stages/${segment(stage)}`)) {
      throw badRequest("Invalid stage identifier specified");
    }
    if (mappingsOf(domainName).some((each) => each.basePath === basePath && each.id !== id)) {
      throw conflict("Base path already exists for this domain name");
    }
  }

  const put = (domainName: string, mapping: Document) =>
    documents.put(`/domainnames/${segment(domainName)}/apimappings/${segment(mapping.id)}`, mapping);

  return {
    CreateDomainName: {
      authorize: () => kinds.on("POST", "/domainnames"),
      run(input) {
        const document = { ...newDomain(region, input.domainName), ...input };
        if (documents.get(`/domainnames/${segment(input.domainName)}`)) {
          throw badRequest("The domain name you provided already exists.");
        }
        documents.put(`/domainnames/${segment(input.domainName)}`, document);
        return shown(document);
      },
    },
    GetDomainName: kinds.get(DOMAIN),
    GetDomainNames: kinds.list("/domainnames"),
    UpdateDomainName: kinds.update(DOMAIN, {
      ...{ certificateArn: "text", regionalCertificateArn: "text", certificateName: "text", securityPolicy: "text" },
      ...{ "mutualTlsAuthentication/truststoreUri": "text", "endpointConfiguration/ipAddressType": "text" },
    }),
    DeleteDomainName: kinds.remove(DOMAIN),
    CreateBasePathMapping: {
      authorize: ({ domainName }) => kinds.on("POST", `/domainnames/${domainName}/basepathmappings`),
      run(input) {
        const { domainName, restApiId: apiId, stage, basePath } = input;
        kinds.find(DOMAIN, input);
        const mapping = {
          id: newKeyId().slice(0, 6),
          apiId,
          stage,
          basePath: basePath === NONE ? "" : (basePath ?? ""),
        };
        check(domainName, mapping);
        put(domainName, mapping);
        return describe(mapping);
      },
    },
    GetBasePathMapping: {
      ...kinds.may("GET", `${DOMAIN}/basepathmappings/{basePath}`),
      run: (input) => describe(mappingOf(input)),
    },
    GetBasePathMappings: {
      ...kinds.may("GET", `${DOMAIN}/basepathmappings`),
      run(input) {
        kinds.find(DOMAIN, input);
        return page(mappingsOf(input.domainName), input, describe);
      },
    },
    UpdateBasePathMapping: {
      ...kinds.may("PATCH", `${DOMAIN}/basepathmappings/{basePath}`),
      run(input) {
        const next = { ...mappingOf(input) };
        for (const { op, path, value = "" } of input.patchOperations ?? []) {
          if (op === "replace" && path === "/basePath") next.basePath = value === NONE ? "" : value;
          else if (op === "replace" && path === "/stage") next.stage = value;
          else if (op === "replace" && path === "/restapiId") next.apiId = value;
          else {
            throw badRequest(
              `Invalid patch path  '${path}' specified for op '${op}'. Must be one of: [/basePath, /restapiId, /stage]`,
            );
          }
        }
        check(input.domainName, next);
        put(input.domainName, next);
        return describe(next);
      },
    },
    DeleteBasePathMapping: {
      ...kinds.may("DELETE", `${DOMAIN}/basepathmappings/{basePath}`),
      run(input) {
        documents.remove(`/domainnames/${segment(input.domainName)}/apimappings/${segment(mappingOf(input).id)}`);
        return {};
      },
    },
  };
}

/** A regional one: what DNS would point to is made up. */
export function newDomain(region: string, domainName: unknown): Document {
  if (!/^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$/.test(String(domainName))) {
    throw badRequest("Invalid domain name specified");
  }
  return {
    ...{ domainName, domainNameStatus: "AVAILABLE", securityPolicy: "TLS_1_2" },
    regionalDomainName: `d-${newKeyId()}.execute-api.${region}.amazonaws.com`,
    regionalHostedZoneId: `Z${randomBytes(7).toString("hex").toUpperCase()}`,
    endpointConfiguration: { types: ["REGIONAL"], ipAddressType: "ipv4" },
  };
}

function describe({ apiId, stage, basePath }: Document): Document {
  return { basePath: basePath === "" ? NONE : basePath, restApiId: apiId, stage };
}
