/** Answers without the database, an SDK or a schema: it tells that the function runs, and nothing else. */

import type { Operation } from "./operation.ts";

export const health: Operation = {
  id: "getHealth",
  summary: "Whether the API runs",
  public: true,
  responses: { 200: { description: "It runs", schema: "Health" } },
  run: () => ({ status: 200, body: '{"status":"ok"}' }),
};
