// Types of what the API speaks of, from its own document. They are made at each check and kept by nobody, so they are
// never stale.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const DOCUMENT = new URL("../../schemas/system.yaml", import.meta.url);
const WRITTEN = new URL("types/api.d.ts", import.meta.url);

export async function writeTypes() {
  const whole = await readFile(DOCUMENT, "utf8");
  // Of the paths nothing is used: a page names the schema of what it reads. They would be nine tenths of the file.
  const text = whole.replace(/^paths:\n[\s\S]*?^(?=components:)/m, "paths: {}\n");
  const types = astToString(await openapiTS(text));
  await writeFile(WRITTEN, `// Made from schemas/system.yaml by generate-types.mjs. Not to be changed by hand.\n${types}`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) await writeTypes();
