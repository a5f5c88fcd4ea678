/** CloudFront Functions and key value stores through their API: written, tested, published. */
import { randomUUID } from "node:crypto";
import { type Access, AwsError, type Operation } from "../../service.ts";
import { runFunction } from "./edge/function-runtime.ts";
import { valuesFor } from "./edge/functions.ts";
import type { CloudFront } from "./index.ts";
import { checkVersion, type Kept } from "./kept.ts";
import { paged } from "./settings.ts";
import { listed, type Shape } from "./shapes.ts";

const MAX_CODE_BYTES = 10 * 1024;
const RUNTIMES = ["cloudfront-js-1.0", "cloudfront-js-2.0"];

export function functionOperations({ cloud, store }: CloudFront): Record<string, Operation> {
  const arnOf = (name: string) => `arn:aws:cloudfront::${cloud.account}:function/${name}`;
  const on =
    (action: string) =>
    ({ Name = "*" }: { Name?: string }): Access => ({ action: `cloudfront:${action}`, resource: arnOf(Name) });

  function find(name: string): Kept {
    const found = store.get("Function", name);
    if (!found) throw new AwsError("NoSuchFunctionExists", "The function does not exist.", 404);
    return found;
  }

  const summary = (kept: Kept, stage = "DEVELOPMENT") => ({
    ...{ Name: kept.id, FunctionConfig: kept.config },
    Status: kept.more.live ? "DEPLOYED" : "UNPUBLISHED",
    FunctionMetadata: {
      ...{ FunctionARN: kept.more.arn, Stage: stage },
      ...{ CreatedTime: new Date(kept.created), LastModifiedTime: new Date(kept.modified) },
    },
  });

  function codeOf(code: Uint8Array | undefined, config: Shape): string {
    if (!RUNTIMES.includes(config?.Runtime)) {
      throw new AwsError("InvalidArgument", `The runtime is one of ${RUNTIMES.join(", ")}.`, 400);
    }
    if (!code || code.length === 0) throw new AwsError("InvalidArgument", "The function has no code.", 400);
    if (code.length > MAX_CODE_BYTES) {
      throw new AwsError("FunctionSizeLimitExceeded", "The function exceeds the maximum size of 10 KB.", 413);
    }
    return Buffer.from(code).toString("utf8");
  }

  return {
    CreateFunction: {
      authorize: on("CreateFunction"),
      run({ Name, FunctionCode, FunctionConfig }) {
        if (!/^[a-zA-Z0-9-_]{1,64}$/.test(Name)) {
          throw new AwsError("InvalidArgument", "A function's name has letters, digits, - and _, 64 at most.", 400);
        }
        if (store.get("Function", Name)) {
          throw new AwsError("FunctionAlreadyExists", "A function with the same name already exists.", 409);
        }
        const more = { arn: arnOf(Name), code: codeOf(FunctionCode, FunctionConfig) };
        const kept = store.put({ kind: "Function", id: Name, config: FunctionConfig, origin: "api", more });
        const Location = `https://cloudfront.amazonaws.com/2020-05-31/function/${kept.more.arn}`;
        return { FunctionSummary: summary(kept), ETag: kept.etag, Location };
      },
    },
    DescribeFunction: {
      authorize: on("DescribeFunction"),
      run({ Name, Stage }) {
        const kept = find(Name);
        return { FunctionSummary: summary(staged(kept, Stage), Stage), ETag: kept.etag };
      },
    },
    GetFunction: {
      authorize: on("GetFunction"),
      run({ Name, Stage }) {
        const kept = staged(find(Name), Stage);
        const code = Stage === "LIVE" ? kept.more.live : kept.more.code;
        return { FunctionCode: Buffer.from(code), ETag: kept.etag, ContentType: "application/octet-stream" };
      },
    },
    UpdateFunction: {
      authorize: on("UpdateFunction"),
      run({ Name, IfMatch, FunctionCode, FunctionConfig }) {
        const kept = find(Name);
        checkVersion(kept, IfMatch);
        const more = { code: codeOf(FunctionCode, FunctionConfig) };
        const changed = store.put({ kind: "Function", id: Name, config: FunctionConfig, origin: kept.origin, more });
        return { FunctionSummary: summary(changed), ETag: changed.etag };
      },
    },
    PublishFunction: {
      authorize: on("PublishFunction"),
      run({ Name, IfMatch }) {
        const kept = find(Name);
        checkVersion(kept, IfMatch);
        kept.more.live = kept.more.code;
        store.save(kept);
        return { FunctionSummary: summary(kept, "LIVE") };
      },
    },
    TestFunction: {
      authorize: on("TestFunction"),
      async run({ Name, IfMatch, Stage, EventObject }) {
        const kept = find(Name);
        checkVersion(kept, IfMatch);
        const code = Stage === "LIVE" ? staged(kept, Stage).more.live : kept.more.code;
        const event = eventOf(EventObject);
        const { output, error, logs } = await runFunction({ code, event, values: valuesFor(store, kept.config) });
        const member = output === undefined || "statusCode" in (JSON.parse(output) ?? {}) ? "response" : "request";
        return {
          TestResult: {
            FunctionSummary: summary(kept, Stage),
            ComputeUtilization: "1",
            FunctionExecutionLogs: logs,
            FunctionErrorMessage: error ?? "",
            FunctionOutput: output === undefined ? "" : `{"${member}":${output}}`,
          },
        };
      },
    },
    DeleteFunction: {
      authorize: on("DeleteFunction"),
      run({ Name, IfMatch }) {
        const kept = find(Name);
        checkVersion(kept, IfMatch);
        const isUsed = store
          .all("Distribution")
          .some(({ config }) => JSON.stringify(config).includes(`"${kept.more.arn}"`));
        if (isUsed)
          throw new AwsError(
            "FunctionInUse",
            "Cannot delete the function because it's attached to one or more cache behaviors.",
            409,
          );
        store.remove(kept);
        return {};
      },
    },
    ListFunctions: {
      authorize: () => ({ action: "cloudfront:ListFunctions", resource: "*" }),
      run({ Marker, MaxItems, Stage }) {
        const all = store.all("Function").filter(({ more }) => Stage !== "LIVE" || more.live);
        const { page, next, max } = paged(all, Marker, MaxItems);
        return {
          FunctionList: { MaxItems: max, NextMarker: next, ...listed(page.map((kept) => summary(kept, Stage))) },
        };
      },
    },
    ...keyValueStoreOperations({ cloud, store }),
  };
}

function staged(kept: Kept, stage: string | undefined): Kept {
  if (stage === "LIVE" && !kept.more.live) {
    throw new AwsError("NoSuchFunctionExists", "The function has no LIVE stage: publish it.", 404);
  }
  return kept;
}

function eventOf(bytes: Uint8Array): object {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new AwsError("InvalidArgument", "The event object is not valid JSON.", 400);
  }
}

function keyValueStoreOperations({ cloud, store }: Pick<CloudFront, "cloud" | "store">): Record<string, Operation> {
  const on =
    (action: string) =>
    ({ Name }: { Name: string }): Access => ({
      action: `cloudfront:${action}`,
      resource: store.get("KeyValueStore", Name)?.more.arn ?? `arn:aws:cloudfront::${cloud.account}:key-value-store/*`,
    });

  function find(name: string): Kept {
    const found = store.get("KeyValueStore", name);
    if (!found) throw new AwsError("EntityNotFound", "The key value store was not found.", 404);
    return found;
  }

  const describe = (kept: Kept) => ({
    ...{ Name: kept.id, Id: kept.more.arn.split("/")[1], ARN: kept.more.arn, Comment: kept.config.Comment },
    ...{ Status: "READY", LastModifiedTime: new Date(kept.modified) },
  });

  return {
    CreateKeyValueStore: {
      authorize: on("CreateKeyValueStore"),
      async run({ Name, Comment, ImportSource }, call) {
        if (store.get("KeyValueStore", Name)) {
          throw new AwsError("EntityAlreadyExists", "The key value store already exists.", 409);
        }
        const values = ImportSource ? await imported(cloud, ImportSource.SourceARN, call.principal) : {};
        const arn = `arn:aws:cloudfront::${cloud.account}:key-value-store/${randomUUID()}`;
        const kept = store.put({
          kind: "KeyValueStore",
          id: Name,
          config: { Comment },
          origin: "api",
          more: { arn, values },
        });
        return { KeyValueStore: describe(kept), ETag: kept.etag, Location: arn };
      },
    },
    DescribeKeyValueStore: {
      authorize: on("DescribeKeyValueStore"),
      run({ Name }) {
        const kept = find(Name);
        return { KeyValueStore: describe(kept), ETag: kept.etag };
      },
    },
    DeleteKeyValueStore: {
      authorize: on("DeleteKeyValueStore"),
      run({ Name, IfMatch }) {
        const kept = find(Name);
        checkVersion(kept, IfMatch);
        const isUsed = store
          .all("Function")
          .some(({ config }) => JSON.stringify(config).includes(`"${kept.more.arn}"`));
        if (isUsed) throw new AwsError("CannotDeleteEntityWhileInUse", "A function uses the key value store.", 409);
        store.remove(kept);
        return {};
      },
    },
    ListKeyValueStores: {
      authorize: () => ({ action: "cloudfront:ListKeyValueStores", resource: "*" }),
      run: () => ({ KeyValueStoreList: { MaxItems: 100, ...listed(store.all("KeyValueStore").map(describe)) } }),
    },
  };
}

/** `{ "data": [{ "key": "a", "value": "b" }] }`, an object of S3 that the caller may read. */
async function imported(
  cloud: CloudFront["cloud"],
  arn: string,
  principal: never | object,
): Promise<Record<string, string>> {
  const [, Bucket = "", Key = ""] = /^arn:aws:s3:::([^/]+)\/(.+)$/.exec(arn) ?? [];
  const { Body } = await cloud.call<{ Body: Buffer }>(
    "s3",
    "GetObject",
    { Bucket, Key },
    { principal: principal as never },
  );
  try {
    const { data } = JSON.parse(Body.toString("utf8")) as { data: { key: string; value: string }[] };
    return Object.fromEntries(data.map(({ key, value }) => [key, value]));
  } catch {
    throw new AwsError("InvalidArgument", "The import source is not { data: [{ key, value }] }.", 400);
  }
}
