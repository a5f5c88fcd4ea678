/** Tags of whatever has an ARN in API Gateway, and the account's own settings. */
import type { Operation } from "../../../service.ts";
import type { Apis } from "../model/apis.ts";
import type { Document } from "../model/documents.ts";
import { badRequest, type Kinds, notFound } from "./kinds.ts";
import { patch } from "./patch.ts";

export function tagOperations(apis: Apis, kinds: Kinds): Record<string, Operation> {
  const { documents } = apis;
  const tags = taggedBy(apis);
  return {
    TagResource: {
      authorize: ({ resourceArn }) => kinds.on("PUT", `/tags/${resourceArn}`),
      run: ({ resourceArn, tags: given }) => tags.change(resourceArn, (known) => ({ ...known, ...given })),
    },
    UntagResource: {
      authorize: ({ resourceArn }) => kinds.on("DELETE", `/tags/${resourceArn}`),
      run: ({ resourceArn, tagKeys }) => tags.change(resourceArn, (known) => without(known, tagKeys)),
    },
    GetTags: {
      authorize: ({ resourceArn }) => kinds.on("GET", `/tags/${resourceArn}`),
      run: ({ resourceArn }) => ({ tags: tags.of(resourceArn) }),
    },
    GetAccount: {
      authorize: () => kinds.on("GET", "/account"),
      run: () => ({ ...ACCOUNT, ...documents.get("/account") }),
    },
    UpdateAccount: {
      authorize: () => kinds.on("PATCH", "/account"),
      run({ patchOperations }) {
        const next = patch({ ...documents.get("/account") }, patchOperations ?? [], { cloudwatchRoleArn: "text" });
        documents.put("/account", next);
        return { ...ACCOUNT, ...next };
      },
    },
  };
}

const ACCOUNT = {
  throttleSettings: { burstLimit: 5000, rateLimit: 10_000 },
  features: ["UsagePlans"],
  apiKeyVersion: "4",
};

export function without(known: Document, keys: string[]): Document {
  return Object.fromEntries(Object.entries(known).filter(([key]) => !keys.includes(key)));
}

/** Documents keep them as `tags`, those of HTTP and WebSocket APIs as `Tags`. */
export function taggedBy({ documents, keys }: Apis) {
  function pathOf(arn: string): string {
    const path = /^arn:aws[\w-]*:apigateway:[\w-]*::(\/.+)$/.exec(arn)?.[1];
    if (!path) throw badRequest("Invalid ARN specified in the request");
    return path;
  }
  function found(arn: string): { document: Document; name: string } {
    const document = documents.get(pathOf(arn));
    if (!document) throw notFound("Invalid resource identifier specified");
    return { document, name: "ApiId" in document || "StageName" in document ? "Tags" : "tags" };
  }
  return {
    of(arn: string): Document {
      const key = keys.get(/\/apikeys\/([^/]+)$/.exec(arn)?.[1] ?? "");
      if (key) return key.tags;
      const { document, name } = found(arn);
      return document[name] ?? {};
    },
    change(arn: string, change: (known: Document) => Document): object {
      const key = keys.get(/\/apikeys\/([^/]+)$/.exec(arn)?.[1] ?? "");
      if (key) keys.put({ ...key, tags: change(key.tags) });
      else {
        const { document, name } = found(arn);
        documents.put(pathOf(arn), { ...document, [name]: change(document[name] ?? {}) });
      }
      return {};
    },
  };
}
