import type { Operation } from "./operation.ts";

/** The document that API Gateway's validation and clients are made from, as it was generated. */
export const openapiDocument: Operation = {
  id: "getOpenApi",
  summary: "This document",
  public: true,
  responses: { 200: { description: "The OpenAPI 3.1 document", schema: "Document" } },
  run: async () => {
    const { default: document } = await import("./openapi.json", { with: { type: "json" } });
    return { status: 200, headers: { "cache-control": "public, max-age=300" }, body: document };
  },
};
