// Makes the pictures of every page anew: opens each in light, dark and narrow as the tests do, and keeps them under docs/console with few
// colours, and a list of all. `npm run pictures`; needs what the tests need.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reduced } from "./lib/png.mjs";

const DOCS = fileURLToPath(new URL("../../docs/console/", import.meta.url));
const HERE = fileURLToPath(new URL("./", import.meta.url));
const SPECS = ["pages", "pages-more", "pages-insight"].map((name) => `specs/${name}.test.mjs`);
const LOOKS = ["light", "dark", "narrow"];
/** Of a picture, and of one that would be larger than this with so many. */
const [COLOURS, FEWER, BYTES] = [40, 16, 20_000];

const from = process.argv[2] ?? (await taken());
const pictures = (await readdir(from)).filter((name) => name.endsWith(".png")).sort();
for (const old of await readdir(DOCS)) if (old.endsWith(".png")) await rm(join(DOCS, old));
for (const name of pictures) await writeFile(join(DOCS, name), small(await readFile(join(from, name))));
await writeFile(join(DOCS, "README.md"), await listed());
await told();

/** One after the other: a machine that is busy with three browsers is too slow for what they wait for. */
async function taken() {
  const directory = await mkdtemp(join(tmpdir(), "tollgate-pictures-"));
  const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...SPECS], { cwd: HERE, stdio: "inherit", env: { ...process.env, SHOTS: directory } });
  if (status !== 0) process.exit(status ?? 1);
  return directory;
}

/** Every page a line, in the order of the specs. */
async function listed() {
  const lines = ["# Pictures of every page", "", "Made by `npm run pictures` in `tests/console` from the data of the tests; pages that are longer are cut.", ""];
  for (const spec of SPECS) {
    const text = await readFile(join(HERE, spec), "utf8");
    const names = [...text.matchAll(/^ {2}"?([\w-]+)"?: \[/gm)].map(([, name]) => name);
    const what = text.match(/everyLook\("([^"]+)"/)?.[1] ?? spec;
    lines.push(`## ${what[0].toUpperCase()}${what.slice(1)}`, "", `| page | ${LOOKS.join(" | ")} |`, "|---|---|---|---|");
    for (const name of names) lines.push(`| ${name} | ${LOOKS.map((look) => `[<img src="${name}-${look}.png" alt="${name}, ${look}" height="160">](${name}-${look}.png)`).join(" | ")} |`);
    lines.push("");
  }
  lines.push("## Signing in", "", `${LOOKS.map((look) => `[<img src="sign-in-${look}.png" alt="Signing in, ${look}" height="160">](sign-in-${look}.png)`).join(" ")}`, "");
  return lines.join("\n");
}

function small(png) {
  const picture = reduced(png, COLOURS);
  return picture.length > BYTES ? reduced(png, FEWER) : picture;
}

async function told() {
  const sizes = await Promise.all(pictures.map(async (name) => [(await stat(join(DOCS, name))).size, name]));
  const all = sizes.reduce((sum, [bytes]) => sum + Number(bytes), 0);
  console.log(`${sizes.length} pictures, ${Math.round(all / 1000)} kB; the largest:`, sizes.sort(([one], [other]) => Number(other) - Number(one)).slice(0, 5));
}
