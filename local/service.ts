/**
 * What a local service is, and what it may use of the others. A service is a factory `(cloud) => Service` that closes
 * over its own state; the only address across services is an ARN.
 */

import type { DatabaseSync } from "node:sqlite";
import type { Readable } from "node:stream";
import type { Resource } from "../engine/graph.ts";

/** Who makes a call. `administrator` is the developer at the machine: every call is allowed. */
export interface Principal {
  type: "administrator" | "user" | "assumed-role" | "federated" | "service" | "anonymous";
  /** `arn:aws:sts::…:assumed-role/role/session`, `arn:aws:iam::…:user/name`, `arn:aws:iam::…:root`, or a service's host name. */
  arn: string;
  account: string;
  /** The role behind an assumed-role session. */
  roleArn?: string;
  sessionName?: string;
  /** Session tags: `aws:PrincipalTag/<key>`, before tags of the role itself. */
  tags?: Record<string, string>;
  /** Which of the session's tags go along to a role that it assumes. */
  transitiveTags?: string[];
  /** Condition keys that a session brings along: `cognito-identity.amazonaws.com:sub`. */
  claims?: Record<string, string[]>;
  /** Who is behind a session: `aws:SourceIdentity`. */
  sourceIdentity?: string;
  /** Inline session policy (JSON), intersected with the role's. */
  sessionPolicy?: string;
  accessKeyId?: string;
}

export interface AwsRequest {
  method: string;
  url: URL;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
  principal: Principal;
  sourceIp: string;
  /** What an operation adds to its answer beyond the protocol's own headers (CORS). */
  responseHeaders?: Record<string, string>;
  /** Of an upload by a browser's form. */
  form?: FormUpload;
  /** Of an upload that memory is too small for; `body` is empty then. */
  spooled?: SpooledBody;
  /** Aborted when the client hangs up. */
  signal?: AbortSignal;
}

/** A body in a file of its own, out of its chunks. Who takes the file away has it; what stays is removed after the answer. */
export interface SpooledBody {
  path: string;
  size: number;
  /** Lower-case names. */
  trailers: Record<string, string>;
  /** In hex. */
  md5: string;
  /** In base64, by algorithm: those that the request announced. */
  checksums: Record<string, string>;
  /** Of what came, in hex, where the request is signed with it. */
  sha256?: string;
}

export interface FormUpload {
  /** By lower-case name. */
  fields: Record<string, string>;
  file: Buffer;
  fileName: string;
  /** In base64, as it was signed. */
  policy?: string;
}

export interface AwsResponse {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer | Readable;
}

/** One thing an operation wants to do, as IAM sees it. */
export interface Access {
  /** `sqs:SendMessage` */
  action: string;
  /** The resource's ARN, or `*` where the action has none. */
  resource: string;
  /** Condition keys beyond the global ones: `{ "secretsmanager:ResourceTag/TenantId": "acme" }`. */
  context?: Record<string, string | string[]>;
  /** The resource's own policy document (JSON), if it has one. */
  resourcePolicy?: string;
  /** As for KMS keys: identity policies count only where the resource's policy lets the account in. */
  needsDelegation?: boolean;
}

/** The request as an operation sees it; calls made inside the process have no HTTP behind them. */
export interface Call {
  principal: Principal;
  http?: AwsRequest;
  sourceIp: string;
  /** `aws:SourceArn` and `aws:SourceAccount`, when a service acts for a resource. */
  sourceArn?: string;
  /** The service that calls in its caller's name: `ssm.eu-west-1.amazonaws.com` (`kms:ViaService`). */
  viaService?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: an operation's shapes come from the SDK client's schema at run time
export interface Operation<Input = any, Output = any> {
  /** What IAM must allow; absent where AWS asks for nothing (STS GetCallerIdentity, Cognito InitiateAuth). */
  authorize?(input: Input, call: Call): Access | Access[];
  run(input: Input, call: Call): Output | Promise<Output>;
}

/** A message from one resource to another. */
export interface Delivery {
  /** Who sends: `sns.amazonaws.com`, `s3.amazonaws.com` … */
  service: string;
  sourceArn: string;
  body: string;
  /** A topic's subscribers see it. */
  subject?: string;
  attributes?: Record<string, { dataType: string; stringValue?: string; binaryValue?: Uint8Array }>;
  messageGroupId?: string;
  messageDeduplicationId?: string;
  /** X-Ray's, of the request that it comes from: it tells how often a function was in the chain. */
  traceHeader?: string;
}

/** Creates or updates what a Pulumi resource describes. Called at every start and after each change: idempotent. */
export type Provision = (resource: Resource) => void | Promise<void>;

export interface Service {
  /** SigV4 credential scope, third field of its ARNs, and routing key: `sqs`, `rds-data`, `execute-api`. */
  name: string;
  resources: Record<string, Provision>;
  /** By AWS operation name. Empty for a service without an AWS API of its own. */
  operations: Record<string, Operation>;
  /** The SDK client module whose schemas describe the wire protocol: `() => import("@aws-sdk/client-sqs")`. */
  client?: () => Promise<object>;
  /** A call without a member that the schema requires ends in this error. @default operations say so themselves */
  requiresMembers?: string;
  /** Requests outside the protocol (a JWKS document); undefined hands the request on to the operations. */
  handle?(request: AwsRequest): Promise<AwsResponse | undefined>;
  /** Takes a message for a resource of this service; throws AwsError when it may or can not. */
  deliver?(arn: string, message: Delivery): Promise<void>;
  stop?(): void | Promise<void>;
}

/** Temporary credentials as STS hands them out. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** ms since the epoch */
  expiration: number;
}

export interface Timer {
  cancel(): void;
}

/** The only source of time: tests move it by hand. */
export interface Clock {
  /** ms since the epoch */
  now(): number;
  /** Runs `task` once `delayMs` have passed on this clock. The timer never keeps the process alive. */
  after(delayMs: number, task: () => void): Timer;
}

export interface LogLine {
  level: "debug" | "info" | "warn" | "error";
  /** Which service or function speaks. */
  source: string;
  message: string;
  tenant?: string;
}

/** What every service gets: the rest of the cloud, seen through as few doors as possible. */
export interface Cloud {
  account: string;
  region: string;
  /** `http://127.0.0.1:<port>`: the AWS API of this machine. Known once listening. */
  endpoint: string;
  /** State folder of this stack: `.terrace/<stack>`. */
  directory: string;
  /** One SQLite database for all services (WAL); each creates tables with its own name as prefix. */
  database: DatabaseSync;
  clock: Clock;
  log(line: LogLine): void;
  /** Throws AwsError AccessDenied naming the missing statement. */
  authorize(call: Call, access: Access): void;
  /**
   * Makes credentials for a role that a service runs as (a Lambda environment), if its trust policy lets the service.
   * @param sourceArn for which resource it does so: `aws:SourceArn` in the trust policy
   */
  credentialsFor(roleArn: string, sessionName: string, servicePrincipal: string, sourceArn?: string): Credentials;
  /** The principal of a service that takes on a role for one call, if the role's trust policy lets it. @see credentialsFor */
  assume(roleArn: string, sessionName: string, servicePrincipal: string, sourceArn?: string): Principal;
  /** The principal that a call by `servicePrincipal` acting as `roleArn` has (an event source mapping reads as its function). */
  principalFor(roleArn: string, sessionName: string): Principal;
  /** Calls an operation inside the process: authorized like any other call, without the wire. */
  // biome-ignore lint/suspicious/noExplicitAny: shapes are the SDK's, by operation name
  call<Output = any>(service: string, operation: string, input: object, call?: Partial<Call>): Promise<Output>;
  /** Routes a message to the service that owns the ARN. */
  deliver(arn: string, message: Delivery): Promise<void>;
}

/** An error with AWS's own code, as the SDKs know it. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly code: string;
  readonly status: number;
  /** Further members of the error's shape. */
  readonly detail: Record<string, unknown>;
  constructor(code: string, message: string, status = 400, detail: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.detail = detail;
  }
}
