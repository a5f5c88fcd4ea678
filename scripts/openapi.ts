/** `npm run openapi`: writes the document that `functions/api` serves and the API component reads. */

import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openapi } from "../functions/api/openapi.ts";
import { routes } from "../functions/api/routes.ts";

const file = fileURLToPath(new URL("../functions/api/openapi.json", import.meta.url));
const biome = fileURLToPath(new URL("../node_modules/@biomejs/biome/bin/biome", import.meta.url));
await writeFile(file, `${JSON.stringify(await openapi(routes), null, 2)}\n`);
execFileSync(process.execPath, [biome, "format", "--write", file], { stdio: ["ignore", "ignore", "inherit"] });
console.log("Wrote functions/api/openapi.json");
