/** The addresses of functions: one for `$LATEST`, one for each alias that has one. */
import { createHash } from "node:crypto";
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Cloud } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";

export interface Cors {
  allowCredentials?: boolean;
  allowOrigins?: string[];
  allowMethods?: string[];
  allowHeaders?: string[];
  exposeHeaders?: string[];
  /** seconds */
  maxAge?: number;
}

export interface FunctionUrl {
  /** First label of its host. */
  id: string;
  functionName: string;
  qualifier?: string;
  authType: "AWS_IAM" | "NONE";
  invokeMode: "BUFFERED" | "RESPONSE_STREAM";
  cors?: Cors;
  createdAt: number;
  changedAt: number;
}

export interface FunctionUrls {
  put(resource: Resource): void;
  get(functionName: string, qualifier?: string): FunctionUrl | undefined;
  byId(id: string): FunctionUrl | undefined;
  of(functionName: string): FunctionUrl[];
  remove(functionName: string, qualifier?: string): void;
  removeAll(functionName: string): void;
  /** On this machine. On AWS it ends in `.on.aws`, which is served here as well where it is sent as the `Host`. */
  address(url: FunctionUrl): string;
}

export function functionUrls({ clock, region, account, endpoint }: Cloud): FunctionUrls {
  const all = new Map<string, FunctionUrl>();
  const keyOf = (name: string, qualifier = "$LATEST") => `${name}:${qualifier}`;

  return {
    put({ inputs, outputs }) {
      const parsed = parseFunctionName(String(inputs.functionName));
      const functionName = parsed.name;
      const qualifier = inputs.qualifier ? String(inputs.qualifier) : parsed.qualifier;
      const authType = String(inputs.authorizationType ?? inputs.authType ?? "");
      if (authType !== "AWS_IAM" && authType !== "NONE")
        throw invalid(`AuthType ${authType} is neither AWS_IAM nor NONE`);
      const invokeMode = String(inputs.invokeMode ?? "BUFFERED");
      if (invokeMode !== "BUFFERED" && invokeMode !== "RESPONSE_STREAM")
        throw invalid(`InvokeMode ${invokeMode} is neither BUFFERED nor RESPONSE_STREAM`);
      const key = keyOf(functionName, qualifier);
      const now = clock.now();
      const hash = createHash("sha256").update(`${account} ${region} ${key}`).digest();
      all.set(key, {
        id: String(
          outputs.urlId ??
            BigInt(`0x${hash.toString("hex")}`)
              .toString(36)
              .slice(0, 32),
        ),
        ...{ functionName, qualifier, authType, invokeMode, cors: corsOf(inputs) },
        ...{ createdAt: all.get(key)?.createdAt ?? now, changedAt: now },
      });
    },
    get: (name, qualifier) => all.get(keyOf(name, qualifier)),
    byId: (id) => [...all.values()].find((url) => url.id.toLowerCase() === id),
    of: (name) => [...all.values()].filter(({ functionName }) => functionName === name),
    remove: (name, qualifier) => void all.delete(keyOf(name, qualifier)),
    removeAll(name) {
      for (const [key, { functionName }] of all) if (functionName === name) all.delete(key);
    },
    address: ({ id }) => `http://${id}.lambda-url.${region}.localhost:${new URL(endpoint).port}/`,
  };
}

function corsOf({ cors }: Resource["inputs"]): Cors | undefined {
  const given = cors as Cors | undefined;
  if (given?.allowCredentials && given.allowOrigins?.includes("*")) {
    throw invalid("AllowOrigins may not be * where AllowCredentials is set: name the origins.");
  }
  return given && Object.keys(given).length > 0 ? given : undefined;
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message, 400, { Type: "User" });
}
