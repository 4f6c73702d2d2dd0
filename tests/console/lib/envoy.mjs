// The real Envoy on the recommended file, in front of an upstream that answers everything; only ports are replaced.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./server.mjs";

const FILE = new URL("../../../deploy/envoy/tollgate-ext-authz.yaml", import.meta.url);
const READY_MS = 30_000;

/** @param {string} door where the gateway's doors are */
export async function envoy(door) {
  const binary = process.env.TOLLGATE_TEST_ENVOY;
  if (!binary) throw new Error("TOLLGATE_TEST_ENVOY does not name an Envoy: eval \"$(cargo xtask tools)\"");
  const upstream = createServer((_, answer) => answer.end("served\n")).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (upstream.address());
  const [ingress, admin, directory] = [await freePort(), await freePort(), await mkdtemp(join(tmpdir(), "tollgate-envoy-"))];
  const ports = [[10000, ingress], [19000, admin], [18080, port], [9090, new URL(door).port]];
  const text = await readFile(FILE, "utf8");
  const file = join(directory, "envoy.yaml");
  await writeFile(file, ports.reduce((so, [from, to]) => so.replaceAll(`port_value: ${from} `, `port_value: ${to} `), text));
  const child = spawn(binary, ["-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"], { stdio: "ignore" });
  const stop = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    upstream.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await live(`http://127.0.0.1:${admin}/ready`, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${ingress}`, stop };
}

async function live(url, child) {
  for (const until = Date.now() + READY_MS; Date.now() < until && child.exitCode === null;) {
    if ((await fetch(url).catch(() => null))?.ok) return;
    await new Promise((later) => setTimeout(later, 50));
  }
  throw new Error("Envoy did not become ready.");
}
