// A server of one's own for a test: the binary that TOLLGATE_BIN names, on free ports, with files that are gone afterwards.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BINARY = process.env.TOLLGATE_BIN ?? fileURLToPath(new URL("../../../target/debug/tollgate", import.meta.url));
const READY_MS = 30_000;

/** Below the kernel's ephemeral ports, which any outgoing connection takes, and beside the ones of the harness in Rust (tests/servers). */
const PORTS = { first: 10_001, count: 4_999 };
/** How far apart processes begin, so that those side by side do not try the same. */
const STEP = 97;
let tried = 0;

/** A port that nobody listens at, and that no connection is given before the process that it is for has bound it. */
export async function freePort() {
  while (tried < PORTS.count) {
    const port = PORTS.first + (process.pid * STEP + tried++) % PORTS.count;
    const server = createServer();
    const bound = await new Promise((answer) => server.once("error", () => answer(false)).listen(port, "127.0.0.1", () => answer(true)));
    if (!bound) continue;
    server.close();
    await once(server, "close");
    return port;
  }
  throw new Error("No port is free.");
}

/** @param {(http: number) => Record<string, string>} [settings] more of them, given the port of the API */
export async function serve(settings = () => ({})) {
  const [http, gateway, directory] = [await freePort(), await freePort(), await mkdtemp(join(tmpdir(), "tollgate-console-"))];
  const token = `test-token-${crypto.randomUUID()}`;
  const said = [];
  const child = spawn(BINARY, ["serve", "--data-dir", join(directory, "data"), "--http", `127.0.0.1:${http}`, "--gateway", `127.0.0.1:${gateway}`, "--environment", "prod"], {
    cwd: directory, env: { ...process.env, TOLLGATE_BOOTSTRAP_TOKEN: token, ...settings(http) }, stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => said.push(String(text)));
  const url = `http://127.0.0.1:${http}`;
  await ready(url, child, said);
  const stop = async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
    await rm(directory, { recursive: true, force: true });
  };
  return { url, door: `http://127.0.0.1:${gateway}`, token, stop, api: caller(`${url}/v1`, token), said };
}

async function ready(url, child, said) {
  const until = Date.now() + READY_MS;
  while (Date.now() < until) {
    if (child.exitCode !== null) break;
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((later) => setTimeout(later, 50));
  }
  child.kill("SIGKILL");
  // Its last words first: behind all that it said before, they are what a long log cuts off.
  const lines = said.join("").trimEnd().split("\n");
  throw new Error(`The server did not become ready (exit ${child.exitCode}), and said, the last first:\n${lines.reverse().join("\n")}`);
}

/** What a test prepares: a call of the API whose refusal is a failure. */
export function caller(base, token) {
  return async (method, path, body, headers = {}) => {
    const answer = await fetch(base + path, {
      method, headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers }, body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  };
}

/** Calls an API through the gateway's door, as a proxy would ask, which says from where where it is trusted with that. */
export async function callThrough(door, secret, path, method = "GET", address = "192.0.2.1") {
  const answer = await fetch(`${door}/v1/forward-auth`, { headers: { "x-api-key": secret, "X-Original-Method": method, "X-Original-URI": path, "X-Forwarded-For": address } });
  await answer.arrayBuffer();
  return answer.status;
}
