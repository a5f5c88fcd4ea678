/** Who says whose call it is: a function, a user pool, or tokens of anybody's. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import type { ApiArgs, ApiParts } from "./api.ts";

/** Tokens (JWT) that API Gateway verifies by itself. */
export interface JwtArgs {
  /** `"https://login.example.com/"`. */
  issuer: pulumi.Input<string>;
  /** Whom a token has to be for; at least one. */
  audiences: pulumi.Input<string>[];
}

export interface Authorizer {
  id: pulumi.Output<string>;
  /** What routes and methods call this kind. */
  kind: string;
}

const SERVICE = "apigateway.amazonaws.com";

export function restAuthorizer(
  parent: pulumi.ComponentResource,
  name: string,
  api: aws.apigateway.RestApi,
  { authorizer, userPool, authorizerTtlSeconds }: ApiParts,
): Authorizer {
  const common = { restApi: api.id, authorizerResultTtlInSeconds: authorizerTtlSeconds };
  const made = new aws.apigateway.Authorizer(
    `${name}-authorizer`,
    authorizer
      ? {
          ...common,
          type: "REQUEST",
          authorizerUri: authorizer.invokeArn,
          // Both are part of the cache's key: a token that is good for one tenant's host says nothing of another's.
          identitySource: "method.request.header.Authorization,method.request.header.Host",
        }
      : { ...common, type: "COGNITO_USER_POOLS", providerArns: [userPool!.arn] },
    { parent },
  );
  authorizer?.allowInvoke(
    `${name}-authorizer-invoke`,
    SERVICE,
    pulumi.interpolate`${api.executionArn}/authorizers/${made.id}`,
  );
  return { id: made.id, kind: authorizer ? "CUSTOM" : "COGNITO_USER_POOLS" };
}

export function httpAuthorizer(
  parent: pulumi.ComponentResource,
  name: string,
  api: aws.apigatewayv2.Api,
  { authorizer, userPool, jwt, authorizerTtlSeconds }: ApiParts,
): Authorizer {
  const made = new aws.apigatewayv2.Authorizer(
    `${name}-authorizer`,
    authorizer
      ? {
          apiId: api.id,
          name: "tenant",
          authorizerType: "REQUEST",
          authorizerUri: authorizer.invokeArn,
          authorizerPayloadFormatVersion: "2.0",
          enableSimpleResponses: true,
          identitySources: ["$request.header.Authorization", "$request.header.Host"],
          authorizerResultTtlInSeconds: authorizerTtlSeconds,
        }
      : {
          apiId: api.id,
          name: "tokens",
          authorizerType: "JWT",
          identitySources: ["$request.header.Authorization"],
          jwtConfiguration: jwt ?? {
            issuer: pulumi.interpolate`https://${userPool!.endpoint}`,
            audiences: [userPool!.clientId, ...Object.values(userPool!.applicationClientIds)],
          },
        },
    { parent },
  );
  authorizer?.allowInvoke(
    `${name}-authorizer-invoke`,
    SERVICE,
    pulumi.interpolate`${api.executionArn}/authorizers/${made.id}`,
  );
  return { id: made.id, kind: authorizer ? "CUSTOM" : "JWT" };
}

export function checkAuthorizer(component: string, args: ApiArgs): void {
  const given = (["authorizer", "userPool", "jwt"] as const).filter((kind) => args[kind] !== undefined);
  if (given.length !== 1) {
    throw new InvalidArgumentError(component, "authorizer", given, "give one of authorizer, userPool and jwt");
  }
  if (args.jwt && args.type !== "http") {
    throw new InvalidArgumentError(
      component,
      "jwt",
      "given",
      'REST APIs do not verify tokens by themselves; use type "http"',
    );
  }
  if (args.usagePlans && !args.authorizer) {
    const remedy = "the key of a plan comes with a Lambda authorizer's answer; give one";
    throw new InvalidArgumentError(component, "usagePlans", Object.keys(args.usagePlans), remedy);
  }
  const functions = [args.handler, ...Object.values(args.handlers ?? {})];
  if (functions.some(({ tenantIsolation }) => tenantIsolation) && !args.authorizer) {
    const remedy = "an isolated function is told its tenant by a Lambda authorizer; give one";
    throw new InvalidArgumentError(component, "authorizer", undefined, remedy);
  }
  if (!args.jwt) return;
  if (args.jwt.audiences.length === 0) {
    throw new InvalidArgumentError(component, "jwt.audiences", [], "tokens for anybody else would be good; name yours");
  }
  if (typeof args.jwt.issuer === "string") {
    checkForm(component, "jwt.issuer", args.jwt.issuer, /^https:\/\/[^\s]+$/, "an https address");
  }
}
