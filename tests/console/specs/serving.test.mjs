// How the binary serves the console: nothing but its files, each with its type, the strict policy, and an ETag.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { request } from "node:http";
import { serve } from "../lib/server.mjs";

let server;
before(async () => { server = await serve(); });
after(async () => { await server?.stop(); });

const TYPES = {
  "/": "text/html; charset=utf-8", "/console.mjs": "text/javascript; charset=utf-8", "/styles/tokens.css": "text/css; charset=utf-8", "/vendor/uplot.js": "text/javascript; charset=utf-8",
  "/vendor/manifest.json": "application/json", "/console.svg": "image/svg+xml",
};

/** The answer to a path as it is written: `fetch` would make another one of `..`. */
const asWritten = (path) => new Promise((done, failed) => {
  const { hostname, port } = new URL(server.url);
  request({ hostname, port, path }, (answer) => { answer.resume(); done(answer.statusCode); }).on("error", failed).end();
});

test("each file has its type, the policy and an ETag that spares sending it again", async () => {
  for (const [path, type] of Object.entries(TYPES)) {
    const answer = await fetch(server.url + path);
    assert.deepEqual([answer.status, answer.headers.get("content-type"), answer.headers.get("x-content-type-options")], [200, type, "nosniff"], path);
    const policy = answer.headers.get("content-security-policy") ?? "";
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "require-trusted-types-for 'script'", "trusted-types 'none'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(part), `${path} without ${part}`);
    }
    assert.ok(!policy.includes("unsafe"), policy);
    const again = await fetch(server.url + path, { headers: { "If-None-Match": answer.headers.get("etag") ?? "" } });
    assert.deepEqual([again.status, (await again.arrayBuffer()).byteLength], [304, 0], path);
    assert.equal((await fetch(server.url + path, { headers: { "If-None-Match": '"another"' } })).status, 200);
  }
});

test("what is no file of the console is the API's to refuse", async () => {
  for (const path of ["/README.md", "/lib/", "/lib/nothing.mjs", "/vendor/htm.LICENSE", "/clients", "/pages", "/lib/%2e%2e/README.md"]) {
    const answer = await fetch(server.url + path);
    assert.deepEqual([answer.status, (await answer.json()).code], [404, "path_not_found"], path);
  }
  for (const path of ["/lib/../../Cargo.toml", "/lib/..%2f..%2fCargo.toml", "/lib//etc/passwd", "/lib/../../tests/console/package.json", "/lib/../lib/%2e%2e/%2e%2e/tests/console/package.json"]) {
    assert.equal(await asWritten(path), 404, path);
  }
});
