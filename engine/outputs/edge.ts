/** API Gateway (REST and HTTP), Cognito, Route 53, ACM. */
import {
  alphanumeric,
  arn,
  type Context,
  hex,
  identified,
  keyed,
  physicalName,
  type Registered,
  type Table,
} from "./row.ts";

const account = { account: "" };
const executionArn = (context: Context, api: string) => arn(context, "execute-api", api);

function regionalDomain(resource: Registered, context: Context) {
  return {
    regionalDomainName: `d-${alphanumeric(resource, 10)}.execute-api.${context.region}.amazonaws.com`,
    regionalZoneId: `Z${hex(resource, 13).toUpperCase()}`,
  };
}

export const edge: Table = {
  "aws:apigateway/restApi:RestApi": (resource, context) => {
    const id = alphanumeric(resource, 10);
    const rootResourceId = alphanumeric({ urn: `${resource.urn}/root` }, 10);
    return {
      id,
      name: physicalName(resource),
      rootResourceId,
      arn: arn(context, "apigateway", `/restapis/${id}`, account),
      executionArn: executionArn(context, id),
    };
  },
  "aws:apigateway/resource:Resource": (resource) => ({
    id: alphanumeric(resource, 6),
    path: `/${resource.inputs.pathPart}`,
  }),
  "aws:apigateway/method:Method": ({ inputs }) => ({
    id: `agm-${inputs.restApi}-${inputs.resourceId}-${inputs.httpMethod}`,
  }),
  "aws:apigateway/integration:Integration": ({ inputs }) => ({
    id: `agi-${inputs.restApi}-${inputs.resourceId}-${inputs.httpMethod}`,
  }),
  "aws:apigateway/methodResponse:MethodResponse": identified("agmr-"),
  "aws:apigateway/integrationResponse:IntegrationResponse": identified("agir-"),
  "aws:apigateway/response:Response": ({ inputs }) => ({
    id: `aggr-${inputs.restApiId}-${inputs.responseType}`,
  }),
  "aws:apigateway/authorizer:Authorizer": (resource, context) => {
    const id = alphanumeric(resource, 6);
    return { id, arn: arn(context, "apigateway", `/restapis/${resource.inputs.restApi}/authorizers/${id}`, account) };
  },
  "aws:apigateway/model:Model": (resource) => ({ id: alphanumeric(resource, 6), name: physicalName(resource) }),
  "aws:apigateway/requestValidator:RequestValidator": (resource) => ({
    id: alphanumeric(resource, 6),
    name: physicalName(resource),
  }),
  "aws:apigateway/deployment:Deployment": (resource) => ({
    id: alphanumeric(resource, 6),
    createdDate: "2026-01-01T00:00:00Z",
  }),
  "aws:apigateway/stage:Stage": (resource, context) => {
    const { restApi, stageName } = resource.inputs;
    return {
      id: `ags-${restApi}-${stageName}`,
      arn: arn(context, "apigateway", `/restapis/${restApi}/stages/${stageName}`, account),
      executionArn: executionArn(context, `${restApi}/${stageName}`),
      invokeUrl: `https://${restApi}.execute-api.${context.region}.amazonaws.com/${stageName}`,
    };
  },
  "aws:apigateway/methodSettings:MethodSettings": ({ inputs }) => ({
    id: `${inputs.restApi}-${inputs.stageName}-${inputs.methodPath}`,
  }),
  "aws:apigateway/account:Account": (resource) => ({ id: hex(resource, 10), apiKeyVersion: "4" }),
  "aws:apigateway/apiKey:ApiKey": (resource, context) => {
    const id = alphanumeric(resource, 10);
    return { id, name: physicalName(resource), arn: arn(context, "apigateway", `/apikeys/${id}`, account) };
  },
  "aws:apigateway/usagePlan:UsagePlan": (resource, context) => {
    const id = alphanumeric(resource, 6);
    return { id, name: physicalName(resource), arn: arn(context, "apigateway", `/usageplans/${id}`, account) };
  },
  "aws:apigateway/usagePlanKey:UsagePlanKey": ({ inputs }) => ({ id: inputs.keyId }),
  "aws:apigateway/domainName:DomainName": (resource, context) => ({
    id: resource.inputs.domainName,
    ...regionalDomain(resource, context),
  }),
  "aws:apigateway/basePathMapping:BasePathMapping": keyed("domainName", "basePath"),
  "aws:apigatewayv2/api:Api": (resource, context) => {
    const id = alphanumeric(resource, 10);
    const scheme = resource.inputs.protocolType === "WEBSOCKET" ? "wss" : "https";
    return {
      id,
      name: physicalName(resource),
      arn: arn(context, "apigateway", `/apis/${id}`, account),
      apiEndpoint: `${scheme}://${id}.execute-api.${context.region}.amazonaws.com`,
      executionArn: executionArn(context, id),
    };
  },
  "aws:apigatewayv2/route:Route": (resource) => ({ id: alphanumeric(resource, 7) }),
  "aws:apigatewayv2/routeResponse:RouteResponse": (resource) => ({ id: alphanumeric(resource, 7) }),
  "aws:apigatewayv2/integration:Integration": (resource) => ({ id: alphanumeric(resource, 7) }),
  "aws:apigatewayv2/integrationResponse:IntegrationResponse": (resource) => ({ id: alphanumeric(resource, 7) }),
  "aws:apigatewayv2/authorizer:Authorizer": (resource) => ({ id: alphanumeric(resource, 6) }),
  "aws:apigatewayv2/model:Model": (resource) => ({ id: alphanumeric(resource, 6), name: physicalName(resource) }),
  "aws:apigatewayv2/deployment:Deployment": (resource) => ({ id: alphanumeric(resource, 6), autoDeployed: false }),
  "aws:apigatewayv2/stage:Stage": (resource, context) => {
    const { apiId, name } = resource.inputs;
    return {
      id: name,
      arn: arn(context, "apigateway", `/apis/${apiId}/stages/${name}`, account),
      executionArn: executionArn(context, `${apiId}/${name}`),
      invokeUrl: `https://${apiId}.execute-api.${context.region}.amazonaws.com/${name === "$default" ? "" : name}`,
    };
  },
  "aws:apigatewayv2/domainName:DomainName": (resource, context) => {
    const { regionalDomainName, regionalZoneId } = regionalDomain(resource, context);
    const configuration = {
      ...resource.inputs.domainNameConfiguration,
      targetDomainName: regionalDomainName,
      hostedZoneId: regionalZoneId,
    };
    return { id: resource.inputs.domainName, domainNameConfiguration: configuration };
  },
  "aws:apigatewayv2/apiMapping:ApiMapping": (resource) => ({ id: alphanumeric(resource, 6) }),
  "aws:cognito/userPool:UserPool": (resource, context) => {
    const id = `${context.region}_${alphanumeric(resource, 9)}`;
    return {
      id,
      name: physicalName(resource),
      arn: arn(context, "cognito-idp", `userpool/${id}`),
      endpoint: `cognito-idp.${context.region}.amazonaws.com/${id}`,
    };
  },
  "aws:cognito/userPoolClient:UserPoolClient": (resource) => ({
    id: alphanumeric(resource, 26),
    name: physicalName(resource),
  }),
  "aws:cognito/userPoolDomain:UserPoolDomain": keyed("domain"),
  "aws:cognito/identityProvider:IdentityProvider": ({ inputs }) => ({
    id: `${inputs.userPoolId}:${inputs.providerName}`,
  }),
  "aws:cognito/identityPool:IdentityPool": (resource, context) => {
    const uuid = hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    const id = `${context.region}:${uuid}`;
    return { id, arn: arn(context, "cognito-identity", `identitypool/${id}`) };
  },
  "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment": keyed("identityPoolId"),
  "aws:cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag": keyed(
    "identityPoolId",
    "identityProviderName",
  ),
  "aws:cognito/userGroup:UserGroup": keyed("userPoolId", "name"),
  "aws:cognito/resourceServer:ResourceServer": (resource) => {
    const scopes = (resource.inputs.scopes ?? []) as { scopeName: string }[];
    const { identifier, userPoolId } = resource.inputs;
    return {
      id: `${userPoolId}|${identifier}`,
      scopeIdentifiers: scopes.map((scope) => `${identifier}/${scope.scopeName}`),
    };
  },
  "aws:route53/zone:Zone": (resource, context) => {
    const zoneId = `Z${hex(resource, 20).toUpperCase()}`;
    const nameServers = [0, 1, 2, 3].map((n) => `ns-${n}.awsdns-0${n}.example`);
    return {
      id: zoneId,
      zoneId,
      nameServers,
      arn: arn(context, "route53", `hostedzone/${zoneId}`, { region: "", account: "" }),
    };
  },
  "aws:route53/record:Record": ({ inputs }) => ({
    id: `${inputs.zoneId}_${inputs.name}_${inputs.type}`,
    fqdn: inputs.name,
  }),
  "aws:route53/healthCheck:HealthCheck": (resource, context) => {
    const id = hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    return { id, arn: arn(context, "route53", `healthcheck/${id}`, { region: "", account: "" }) };
  },
  "aws:route53/keySigningKey:KeySigningKey": (resource) => ({
    id: `${resource.inputs.hostedZoneId},${resource.inputs.name}`,
    dsRecord: `${Number.parseInt(hex(resource, 4), 16)} 13 2 ${hex(resource, 64).toUpperCase()}`,
    digestAlgorithmMnemonic: "SHA-256",
    signingAlgorithmMnemonic: "ECDSAP256SHA256",
  }),
  "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec": keyed("hostedZoneId"),
  "aws:acm/certificate:Certificate": (resource, context) => {
    const uuid = hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    const certificate = arn(context, "acm", `certificate/${uuid}`);
    const names: string[] = [resource.inputs.domainName, ...(resource.inputs.subjectAlternativeNames ?? [])];
    return {
      id: certificate,
      arn: certificate,
      status: "ISSUED",
      domainValidationOptions: names.map((domainName) => ({
        domainName,
        resourceRecordName: `_${hex({ urn: domainName }, 32)}.${domainName.replace(/^\*\./, "")}.`,
        resourceRecordType: "CNAME",
        resourceRecordValue: `_${hex(resource, 32)}.acm-validations.aws.`,
      })),
    };
  },
  "aws:acm/certificateValidation:CertificateValidation": keyed("certificateArn"),
};
