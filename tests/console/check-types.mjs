// Checks the console's modules by their JSDoc against the API's types. `npm run check` prints what is wrong.
import { fileURLToPath } from "node:url";
import { readdir } from "node:fs/promises";
import ts from "typescript";
import { writeTypes } from "./generate-types.mjs";

const CONSOLE = fileURLToPath(new URL("../../console/", import.meta.url));
const OPTIONS = {
  target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"], allowJs: true, checkJs: true, noEmit: true, skipLibCheck: true,
  strictBindCallApply: true, noImplicitThis: true, types: [],
};

/** What is wrong, a line each. What is vendored is not ours to check. */
export async function wrongTypes() {
  await writeTypes();
  const names = (await readdir(CONSOLE, { recursive: true })).filter((name) => name.endsWith(".mjs"));
  const types = ["types/globals.d.ts", "types/api.d.ts"].map((name) => fileURLToPath(new URL(name, import.meta.url)));
  const program = ts.createProgram([...names.map((name) => CONSOLE + name), ...types], OPTIONS);
  const ours = program.getSourceFiles().filter((file) => file.fileName.endsWith(".mjs") && file.fileName.startsWith(CONSOLE) && !file.fileName.includes("/vendor/"));
  return ours.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]).map(line);
}

function line({ file, start, messageText }) {
  const { line: at } = file.getLineAndCharacterOfPosition(start);
  return `${file.fileName.replace(CONSOLE, "console/")}:${at + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wrong = await wrongTypes();
  console.log(wrong.join("\n") || "Types hold.");
  process.exitCode = wrong.length ? 1 : 0;
}
