/** From an HTTP request to an operation's input, and from its output or error to the bytes an SDK client expects. */
import { NormalizedSchema } from "@smithy/core/schema";
import { AwsError, type AwsRequest, type AwsResponse } from "../service.ts";
import { type BodyCodec, readBindings, writeBindings } from "./bindings.ts";
import { cborError, cborOperation, readCbor, writeCbor } from "./cbor.ts";
import { errorCode } from "./error-codes.ts";
import { EVENT_STREAM, eventStreamBody } from "./event-stream.ts";
import { readJson, writeJson } from "./json.ts";
import { readQuery } from "./query.ts";
import { checkRequiredMembers } from "./required-members.ts";
import { type Match, Routes } from "./routes.ts";
import { describeService, type WireOperation, type WireService } from "./schema.ts";
import { escapeXml, writeQueryResponse, xmlCodec } from "./xml.ts";

export interface Parsed {
  operation: string;
  input: unknown;
}

/** One service's wire protocol. */
export interface Wire {
  parse(request: AwsRequest): Parsed;
  /** Throws an error of this code where a member is missing that the schema requires. */
  checkRequired(parsed: Parsed, code: string): void;
  respond(operation: string, output: unknown, requestId: string): AwsResponse;
  fail(error: AwsError, requestId: string, method?: string): AwsResponse;
  /** The protocol that a request is in: some services have several. */
  speaking(request: AwsRequest): Wire;
}

type Protocol = Pick<Wire, "parse" | "respond" | "fail">;

/** Makes the protocol of a service from its SDK client module. */
export function wireOf(module: object): Wire {
  const service = describeService(module);
  const own = wireIn(service, protocolOf(service));
  // CloudWatch: JSON, CBOR, and the query protocol of its older clients.
  const isMany =
    service.protocol.startsWith("awsJson") && service.queryCompatible && service.xmlNamespace !== undefined;
  if (!isMany) return own;
  const others: { cbor?: Wire; query?: Wire } = {};
  const speaking = ({ headers }: AwsRequest): Wire => {
    if (headers["smithy-protocol"] === "rpc-v2-cbor") {
      others.cbor ??= { ...wireIn(service, rpcCbor(service)), speaking };
      return others.cbor;
    }
    if (!headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) return json;
    const asQuery: WireService = { ...service, protocol: "awsQuery" };
    others.query ??= { ...wireIn(asQuery, query(asQuery)), speaking };
    return others.query;
  };
  const json: Wire = { ...own, speaking };
  return json;
}

function wireIn(service: WireService, wire: Protocol): Wire {
  const made: Wire = {
    ...wire,
    speaking: () => made,
    checkRequired: ({ operation, input }, code) =>
      checkRequiredMembers(operationNamed(service, operation), input, code),
    fail(error, requestId, method) {
      const code = errorCode(service.protocol, error.code);
      const named = code === error.code ? error : new AwsError(code, error.message, error.status, error.detail);
      return wire.fail(named, requestId, method);
    },
  };
  return made;
}

function protocolOf(service: WireService): Protocol {
  if (service.protocol === "awsJson1_0" || service.protocol === "awsJson1_1") return jsonRpc(service);
  if (service.protocol === "awsQuery") return query(service);
  return rest(service, service.protocol === "restXml" ? xmlCodec(service) : restJsonCodec);
}

function operationNamed(service: WireService, name: string): WireOperation {
  const operation = service.operations.get(name);
  if (!operation) throw new AwsError("UnknownOperationException", `The operation ${name} does not exist.`, 400);
  return operation;
}

function rpcCbor(service: WireService): Protocol {
  return {
    parse({ url, body }) {
      const operation = operationNamed(service, cborOperation(url.pathname));
      return { operation: operation.name, input: readCbor(operation, body) };
    },
    respond: (name, output, requestId) => writeCbor(operationNamed(service, name).output, output, requestId),
    fail: (error, requestId) => cborError(service, error, requestId),
  };
}

function jsonRpc(service: WireService): Protocol {
  const contentType = service.protocol === "awsJson1_0" ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1";
  const options = { jsonNames: false };
  const codec: BodyCodec = {
    contentType,
    read: (shape, body) => readJson(shape, parseJson(body), options),
    write: (shape, value) => JSON.stringify(writeJson(shape, value, options)),
  };
  /** The member that an operation answers event by event, where it has one; looked for once. */
  const streamed = new Map<string, [name: string, member: NormalizedSchema] | undefined>();
  function streamedIn(name: string) {
    if (!streamed.has(name)) {
      const output = NormalizedSchema.of(operationNamed(service, name).output);
      const members = output.isStructSchema() ? [...output.structIterator()] : [];
      streamed.set(
        name,
        members.find(([, member]) => member.isStreaming() && member.isStructSchema()),
      );
    }
    return streamed.get(name);
  }
  return {
    parse(request) {
      const operation = operationNamed(service, (request.headers["x-amz-target"] ?? "").split(".").at(-1)!);
      const body = request.body.length === 0 ? {} : parseJson(request.body);
      return { operation: operation.name, input: readJson(operation.input, body, options) ?? {} };
    },
    respond(name, output, requestId) {
      const events = streamedIn(name);
      if (events) {
        const [member, schema] = events;
        const source = (output as Record<string, AsyncIterable<Record<string, object>>>)[member]!;
        const headers = { "content-type": EVENT_STREAM, "x-amzn-requestid": requestId };
        return { status: 200, headers, body: eventStreamBody(schema, source, codec, true) };
      }
      const body = writeJson(operationNamed(service, name).output, output ?? {}, options);
      const isUnit = body === undefined || typeof body !== "object";
      return {
        status: 200,
        headers: { "content-type": contentType, "x-amzn-requestid": requestId },
        body: isUnit ? "{}" : JSON.stringify(body),
      };
    },
    fail(error, requestId) {
      const known = service.errors.get(error.code);
      const headers: Record<string, string> = {
        "content-type": contentType,
        "x-amzn-requestid": requestId,
        "x-amzn-errortype": error.code,
      };
      if (service.queryCompatible) {
        const fault = error.status >= 500 ? "Receiver" : "Sender";
        headers["x-amzn-query-error"] = `${known?.queryCode ?? error.code};${fault}`;
      }
      const detail = known ? (writeJson(known.shape, error.detail, options) as object) : error.detail;
      const body = { ...detail, __type: `${service.namespace}#${error.code}`, message: error.message };
      // AWS's JSON services answer 400 whatever status the model names for an error.
      return { status: error.status, headers, body: JSON.stringify(body) };
    },
  };
}

const restJsonCodec: BodyCodec = {
  contentType: "application/json",
  read: (shape, body) => readJson(shape, parseJson(body), { jsonNames: true }),
  write: (shape, value) => JSON.stringify(writeJson(shape, value, { jsonNames: true }) ?? {}),
};

function rest(service: WireService, codec: BodyCodec): Protocol {
  const routes = new Routes(service);
  const isXml = service.protocol === "restXml";
  return {
    parse(request) {
      const match: Match | undefined = routes.match(request);
      if (!match) {
        const what = `${request.method} ${request.url.pathname}`;
        throw new AwsError("UnknownOperationException", `No operation answers ${what}.`, 404);
      }
      return { operation: match.operation.name, input: readBindings(match.operation, match.labels, request, codec) };
    },
    respond(name, output, requestId) {
      const response = writeBindings(operationNamed(service, name), output, codec);
      response.headers[isXml ? "x-amz-request-id" : "x-amzn-requestid"] = requestId;
      return response as AwsResponse;
    },
    fail(failure, requestId, method) {
      const error = isXml ? renamed(failure, "AccessDenied") : failure;
      const known = service.errors.get(error.code);
      const status = known?.status ?? error.status;
      if (!isXml) {
        const detail = known ? (writeJson(known.shape, error.detail, { jsonNames: true }) as object) : error.detail;
        const headers = {
          "content-type": "application/json",
          "x-amzn-requestid": requestId,
          "x-amzn-errortype": error.code,
        };
        return { status, headers, body: JSON.stringify({ ...detail, message: error.message }) };
      }
      const detail = Object.entries(error.detail).map(([key, value]) => `<${key}>${escapeXml(String(value))}</${key}>`);
      const text = `<Error><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message>${detail.join("")}<RequestId>${requestId}</RequestId></Error>`;
      const headers = { "content-type": "application/xml", "x-amz-request-id": requestId };
      return { status, headers, body: method === "HEAD" ? "" : `<?xml version="1.0" encoding="UTF-8"?>\n${text}` };
    },
  };
}

function query(service: WireService): Protocol {
  const codec = xmlCodec(service);
  return {
    parse(request) {
      const form = new URLSearchParams(request.method === "GET" ? request.url.search : request.body.toString("utf8"));
      const operation = operationNamed(service, form.get("Action") ?? "");
      return { operation: operation.name, input: readQuery(operation.input, form) };
    },
    respond(name, output, requestId) {
      const body = writeQueryResponse(codec, service, operationNamed(service, name), output, requestId);
      return { status: 200, headers: { "content-type": "text/xml", "x-amzn-requestid": requestId }, body };
    },
    fail(failure, requestId) {
      const hasOwn = service.errors.has("AuthorizationErrorException");
      const error = renamed(failure, hasOwn ? "AuthorizationErrorException" : "AccessDenied");
      const known = service.errors.get(error.code);
      const type = error.status >= 500 ? "Receiver" : "Sender";
      const code = known?.queryCode ?? error.code;
      const body = `<ErrorResponse xmlns="${service.xmlNamespace}"><Error><Type>${type}</Type><Code>${code}</Code><Message>${escapeXml(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
      const headers = { "content-type": "text/xml", "x-amzn-requestid": requestId };
      return { status: known?.status ?? error.status, headers, body };
    },
  };
}

/** IAM's refusal has another name in the older protocols. */
function renamed(error: AwsError, code: string): AwsError {
  return error.code === "AccessDeniedException" ? new AwsError(code, error.message, 403, error.detail) : error;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new AwsError("SerializationException", "The request body is not valid JSON.", 400);
  }
}
