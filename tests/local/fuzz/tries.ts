/** Requests to be tried: of every service and kind, sound or spoiled. */
import type { Random } from "./random.ts";
import { FAULTS, type Fault, presigned, type Scope, signed } from "./signing.ts";
import { jsonValue, oddText } from "./values.ts";
import { requestOf, type Unsigned } from "./wire.ts";
import type { World } from "./world.ts";

/** What stands before an operation's name in its header, where it matters. */
export const TARGETS: Record<string, string> = {
  "streams.dynamodb": "DynamoDBStreams_20120810",
  "cognito-idp": "AWSCognitoIdentityProviderService",
};
/** Signed for under another's name. */
const SIGNED_AS: Record<string, string> = { "streams.dynamodb": "dynamodb", sesv2: "ses", apigatewayv2: "apigateway" };
/** Node sends no header with other characters, nor a body's length that is none. */
export function sendable(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => /^[\w-]+$/.test(name))
      .map(([name, value]) => [name, value.replace(/[^\x20-\x7e]/g, "?").slice(0, 4000)]),
  );
}

export const portOf = (cloud: World) => Number(new URL(cloud.running.endpoint).port);

export function scopeOf(world: World, name: string, isAcme: boolean): Scope {
  const host = `127.0.0.1:${portOf(world)}`;
  return {
    keys: isAcme ? world.acme : world.administrator,
    service: SIGNED_AS[name] ?? name,
    region: "eu-west-1",
    host,
  };
}

const spoilers: ((random: Random, sound: Unsigned) => Unsigned)[] = [
  (random, sound) => ({ ...sound, body: sound.body.subarray(0, random.below(sound.body.length + 1)) }),
  (random, sound) => ({ ...sound, body: Buffer.from(oddText(random)) }),
  (random, sound) => ({
    ...sound,
    body: Buffer.from(random.pick(["[", '{"a":', "<a>", "%"]).repeat(random.below(20_000))),
  }),
  (random, sound) => ({
    ...sound,
    body: Buffer.from(random.pick(["null", "[]", "7", '"x"', '{"__proto__":{"x":1}}'])),
  }),
  (_, sound) => ({ ...sound, body: Buffer.from('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>') }),
  (random, sound) => ({ ...sound, body: Buffer.concat([sound.body, Buffer.from(oddText(random))]) }),
  (random, sound) => ({ ...sound, method: random.pick(["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST"]) }),
  (random, sound) => ({ ...sound, path: `/${encodeURIComponent(oddText(random).slice(0, 500))}${sound.path}` }),
  (random, sound) => ({
    ...sound,
    path: `${sound.path}${sound.path.includes("?") ? "&" : "?"}${random.pick(["acl", "uploads", "a=%ZZ", "list-type=2", "x-id=GetObject", "=", "&&"])}`,
  }),
  (random, sound) => ({
    ...sound,
    headers: {
      ...sound.headers,
      "content-type": random.pick(["", "text/plain", "application/xml", "multipart/form-data"]),
    },
  }),
  (random, sound) => ({
    ...sound,
    headers: {
      ...sound.headers,
      "x-amz-target": random.pick(["", ".", "constructor", "X.__proto__", "DynamoDBStreams_"]),
    },
  }),
  (random, sound) => ({
    ...sound,
    headers: {
      ...sound.headers,
      [random.pick([
        "range",
        "if-match",
        "if-modified-since",
        "x-amz-checksum-crc32",
        "x-amz-tagging",
        "content-encoding",
        "x-amz-decoded-content-length",
      ])]: oddText(random).slice(0, 100),
    },
  }),
];

export interface Try {
  name: string;
  operation: string;
  isAcme: boolean;
  port: number;
  request: Unsigned;
}

/** An operation with members as they come, spoiled or signed wrongly now and then. */
export function awsTry(world: World, random: Random, name: string, operation: string): Try {
  const { wire } = world.wires.get(name)!;
  const isAcme = random.chance(0.5);
  const names = isAcme ? world.curious : world.harmless;
  const input = jsonValue(wire.operations.get(operation)!.input, random, names, random.pick([0, 0, 0.2, 1]));
  let sound = requestOf(wire, wire.operations.get(operation)!, input, TARGETS[name] ?? "X_1");
  if (random.chance(0.3)) sound = random.pick(spoilers)(random, sound);
  const fault: Fault = random.chance(0.12) ? random.pick(FAULTS) : "none";
  const port = portOf(world);
  let sent = signed({ ...sound, headers: sendable(sound.headers) }, scopeOf(world, name, isAcme), fault);
  if (random.chance(0.03)) sent = { ...sent, headers: { ...sent.headers, host: hostOf(random) } };
  return { name, operation, isAcme: isAcme || fault !== "none", port, request: sent };
}

const hostOf = (random: Random) =>
  random.pick([
    "acme.localhost",
    "globex.localhost",
    "globex-bucket.localhost",
    "x.lambda-url.eu-west-1.localhost",
    "a.auth.localhost",
    "[::1]",
    "",
    "a b",
    "x:y",
  ]);

export function presignedTry(world: World, random: Random): Try {
  const key = random.pick([
    "globex/secret.txt",
    "acme/own.txt",
    "%2e%2e/globex/secret.txt",
    "acme/../globex/secret.txt",
  ]);
  const bucket = random.pick(["shared", "globex-bucket", "acme-bucket"]);
  const path = presigned(`/${bucket}/${key}`, scopeOf(world, "s3", true), random, random.chance(0.7));
  const other = random.chance(0.2) ? path.replace("acme/own.txt", "globex/secret.txt") : path;
  const host = `127.0.0.1:${portOf(world)}`;
  const sent = { method: "GET", path: other, headers: { host }, body: Buffer.alloc(0) };
  return { name: "s3", operation: "presigned", isAcme: true, port: portOf(world), request: sent };
}

/** A tenant's page, or something that claims to be. */
export function gatewayTry(world: World, random: Random): Try {
  const segments = [
    "mock",
    "gone",
    "v1",
    "%2e%2e",
    "..",
    "_mail",
    "faults",
    "",
    encodeURIComponent(oddText(random).slice(0, 200)),
  ];
  const path = `/${random.pick(segments)}/${random.pick(segments)}?${random.pick(["", "a=%ZZ", "a=1&a=2", "__proto__=x"])}`;
  const isAws = random.chance(0.3);
  const sent = {
    method: random.pick(["GET", "POST", "HEAD", "OPTIONS", "DELETE"]),
    path: path.slice(0, 3000),
    headers: {
      host: hostOf(random),
      authorization: random.pick([
        "",
        "Bearer x.y.z",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Basic eDp5",
        "AWS4-HMAC-SHA256",
      ]),
      cookie: oddText(random).slice(0, 200),
      origin: random.pick(["null", "http://evil.example", ""]),
    },
    body: random.chance(0.5) ? Buffer.from(oddText(random)) : Buffer.alloc(0),
  };
  return {
    name: "gateway",
    operation: path,
    isAcme: true,
    port: isAws ? portOf(world) : world.gateway.port,
    request: sent,
  };
}
