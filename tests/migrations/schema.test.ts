import { readFileSync } from "node:fs";
import { generateSchema, SCHEMA_FILE } from "../../scripts/db-types.ts";

it("migrations/schema.ts is what the migrations make of a database (else: npm run db:types)", async () => {
  expect(readFileSync(SCHEMA_FILE, "utf8")).toBe(await generateSchema());
});
