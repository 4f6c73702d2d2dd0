// What the console promises of itself without a browser: its vendored parts, its types, its size.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { wrongTypes } from "../check-types.mjs";

const CONSOLE = new URL("../../../console/", import.meta.url);
// What somebody prefers to see, and the checkpoints that they hold the log to: nothing that opens anything.
const KEEPS = ["lib/prefs.mjs", "lib/pins.mjs"];
const FIRST_VIEW_BYTES_MAX = 150_000;

const text = (name) => readFile(new URL(name, CONSOLE), "utf8");
const all = async () => (await readdir(CONSOLE, { recursive: true })).filter((name) => /\.(mjs|js|css|html)$/.test(name));

test("what is vendored is as it was published, and nothing else is", async () => {
  const { vendored } = JSON.parse(await text("vendor/manifest.json"));
  for (const { file, sha256, licence_file } of vendored) {
    const digest = createHash("sha256").update(await readFile(new URL(`vendor/${file}`, CONSOLE))).digest("hex");
    assert.equal(digest, sha256, file);
    assert.ok((await text(`vendor/${licence_file}`)).length > 0);
  }
  const code = (await all()).filter((name) => name.startsWith("vendor/")).map((name) => name.slice("vendor/".length)).sort();
  assert.deepEqual(code, vendored.map((one) => one.file).sort());
});

test("what is vendored is what the registry's package of that version has", async () => {
  const { vendored } = JSON.parse(await text("vendor/manifest.json"));
  for (const { name, path, file } of vendored) {
    const published = await readFile(new URL(`../node_modules/${name}/${path}`, import.meta.url));
    assert.ok(published.equals(await readFile(new URL(`vendor/${file}`, CONSOLE))), file);
  }
});

test("the modules hold to the types of the API's document", async () => {
  assert.deepEqual(await wrongTypes(), []);
});

test("the first view is small", async () => {
  const names = await firstView();
  assert.ok(names.has("pages/overview.mjs") && names.has("vendor/uplot.js"));
  let bytes = 0;
  for (const name of names) bytes += gzipSync(await readFile(new URL(name, CONSOLE))).length;
  assert.ok(bytes < FIRST_VIEW_BYTES_MAX, `${bytes} bytes compressed in ${names.size} files`);
});

/** The page, its styles, and every module that the overview needs, the chart included. */
async function firstView() {
  const names = new Set(["index.html", "console.css", "console.svg", "styles/tokens.css", "styles/components.css", "vendor/uplot.css"]);
  const open = ["console.mjs", "pages/overview.mjs", "vendor/uplot.js"];
  while (open.length > 0) {
    const name = /** @type {string} */ (open.pop());
    if (names.has(name)) continue;
    names.add(name);
    for (const [, from] of (await text(name)).matchAll(/^(?:import|export) [^;]*?from "(\.[^"]+)";/gms)) {
      open.push(new URL(from, new URL(name, "file:///")).pathname.slice(1));
    }
  }
  return names;
}

test("every page is there, and a place is given once", async () => {
  const pages = await text("pages/index.mjs");
  const files = [...pages.matchAll(/ module: "([^"]+)"/g)].map(([, name]) => name);
  const there = (await readdir(new URL("pages/", CONSOLE))).filter((name) => name !== "index.mjs").sort();
  assert.deepEqual([...new Set(files)].sort(), there);
  for (const name of there) assert.match(await text(`pages/${name}`), /^export default function /m, `${name} has no page in it`);
  const places = [...pages.matchAll(/\{ path: "([^"]*)"/g)].map(([, place]) => place);
  assert.equal(new Set(places).size, places.length);
});

test("nothing imports a page: of a page that could not be fetched the browser keeps that for whatever imports it", async () => {
  const names = (await all()).filter((name) => name.endsWith(".mjs") && !name.startsWith("vendor/"));
  for (const name of names) {
    for (const [, from] of (await text(name)).matchAll(/ from "(\.[^"]+)";/g)) {
      const path = new URL(from, new URL(name, "file:///")).pathname;
      assert.ok(!path.startsWith("/pages/") || path === "/pages/index.mjs", `${name} imports ${path}`);
    }
    const code = (await text(name)).replace(/\/\*\*.*?\*\//gs, "");
    if (name !== "lib/fetched.mjs") assert.doesNotMatch(code, /\bimport\(/, `${name} fetches by itself what may fail`);
  }
});

test("nothing is written as markup, and nothing that opens anything is kept", async () => {
  for (const name of await all()) {
    if (name.startsWith("vendor/")) continue;
    const source = await text(name);
    for (const word of ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "dangerouslySetInnerHTML", "eval(", "new Function", "sessionStorage", " style="]) {
      assert.ok(!source.includes(word), `${name} has ${word}`);
    }
    assert.doesNotMatch(source, /(src|href|from|import|fetch|url)[\s=("'`]+https?:/, `${name} fetches from elsewhere`);
    if (!KEEPS.includes(name)) assert.ok(!source.includes("localStorage"), `${name} keeps something`);
  }
});
