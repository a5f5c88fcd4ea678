/** A cloud with Cognito alone, one pool and one client as a Pulumi program would declare them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import type { Graph, Resource, Value } from "../../../engine/graph.ts";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, type ServiceFactory, startCloud } from "../../../local/cloud.ts";
import { cognito } from "../../../local/services/cognito/index.ts";
import { ses } from "../../../local/services/ses/index.ts";
import type { Mail } from "../../../local/services/ses/mailbox.ts";

export const UserPoolId = "eu-west-1_TestPool1";
export const ClientId = "1example23456789client0001";
export const issuer = `https://cognito-idp.eu-west-1.amazonaws.com/${UserPoolId}`;
export const password = "Correct-horse-9";

export interface CognitoCloud {
  client: CognitoIdentityProviderClient;
  clock: ManualClock;
  running: RunningCloud;
  /** A user with a permanent password, `password`. */
  addUser(username: string, attributes?: Record<string, string>): Promise<void>;
  signIn(username: string, password?: string): Promise<SignedIn>;
  declare(type: string, id: string, inputs: Record<string, Value>): Promise<void>;
  /** What was sent, the newest first. */
  mails(): Promise<Mail[]>;
  /** The six digits in the newest message to somebody. */
  codeFor(address: string): Promise<string>;
  /** Stops and starts again on the same state, the program declared again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface SignedIn {
  IdToken: string;
  AccessToken: string;
  RefreshToken: string;
  ExpiresIn: number;
}

export interface Declared {
  pool?: Record<string, Value>;
  client?: Record<string, Value>;
  services?: Record<string, ServiceFactory>;
}

export async function startCognito(declared: Declared = {}): Promise<CognitoCloud> {
  const directory = mkdtempSync(join(tmpdir(), "terrace-cognito-"));
  // Signatures carry the real time: start there
  const clock = manualClock(Date.now());
  const start = async () => {
    const running = await startCloud({
      directory,
      clock,
      services: { "cognito-idp": cognito, ses, ...declared.services },
    });
    return { running, client: new CognitoIdentityProviderClient(running.client()) };
  };
  const declareAll = async () => {
    await cloud.declare("userPool:UserPool", UserPoolId, {
      name: "people",
      schemas: [{ name: "tenant", attributeDataType: "String", mutable: false }],
      ...declared.pool,
    });
    await cloud.declare("userPoolClient:UserPoolClient", ClientId, {
      name: "web",
      userPoolId: UserPoolId,
      explicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"],
      preventUserExistenceErrors: "ENABLED",
      idTokenValidity: 30,
      accessTokenValidity: 20,
      tokenValidityUnits: { idToken: "minutes", accessToken: "minutes" },
      ...declared.client,
    });
  };
  const cloud: CognitoCloud = {
    ...(await start()),
    clock,
    async addUser(Username, attributes = {}) {
      const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
      const created = { UserPoolId, Username, UserAttributes, MessageAction: "SUPPRESS" as const };
      await cloud.client.send(new AdminCreateUserCommand(created));
      await cloud.client.send(
        new AdminSetUserPasswordCommand({ UserPoolId, Username, Password: password, Permanent: true }),
      );
    },
    async signIn(USERNAME, PASSWORD = password) {
      const answer = await cloud.client.send(
        new InitiateAuthCommand({
          ClientId,
          AuthFlow: "USER_PASSWORD_AUTH",
          AuthParameters: { USERNAME, PASSWORD },
        }),
      );
      return answer.AuthenticationResult as SignedIn;
    },
    async mails() {
      const answer = await fetch(`${cloud.running.endpoint}/_mail`);
      return ((await answer.json()) as { messages: Mail[] }).messages;
    },
    async codeFor(address) {
      const found = (await cloud.mails()).find(({ to }) => to.includes(address));
      return /\d{6}/.exec(found?.text ?? found?.html ?? "")?.[0] ?? "none";
    },
    declare: (type, id, inputs) =>
      cloud.running.provision({ resources: [resource(`aws:cognito/${type}`, id, inputs)] } as unknown as Graph),
    async restart() {
      cloud.client.destroy();
      await cloud.running.stop();
      Object.assign(cloud, await start());
      await declareAll();
    },
    async stop() {
      cloud.client.destroy();
      await cloud.running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await declareAll();
  return cloud;
}

function resource(type: string, id: string, inputs: Record<string, Value>): Resource {
  return {
    urn: `urn:pulumi:test::terrace::${type}::${id}`,
    type,
    name: id,
    custom: true,
    id,
    inputs,
    outputs: inputs,
    secrets: [],
    dependencies: [],
    propertyDependencies: {},
    options: {},
  };
}
