// An identity provider as small as OpenID Connect lets it be: whoever comes is Ada, once she has said yes.
import { createHash, createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

const KEY = "test-key";
const base64url = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** @param {{ groups: string[] }} person */
export async function provide({ groups }) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const asked = new Map();
  const server = createServer((request, response) => route(request, response, { issuer: () => issuer, publicKey, privateKey, asked, groups }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const issuer = `http://127.0.0.1:${port}`;
  return { issuer, stop: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }) };
}

async function route(request, response, provider) {
  const url = new URL(request.url, provider.issuer());
  const json = (value) => response.setHeader("Content-Type", "application/json").end(JSON.stringify(value));
  if (url.pathname === "/.well-known/openid-configuration") return json(described(provider.issuer()));
  if (url.pathname === "/keys") return json({ keys: [{ ...provider.publicKey.export({ format: "jwk" }), kid: KEY, alg: "RS256", use: "sig" }] });
  if (url.pathname === "/authorize") return consent(url, response, provider);
  if (url.pathname === "/token") return json(await issued(request, provider));
  return response.writeHead(404).end();
}

const described = (issuer) => ({
  issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys`, response_types_supported: ["code"],
  subject_types_supported: ["public"], id_token_signing_alg_values_supported: ["RS256"], code_challenge_methods_supported: ["S256"],
});

/** The page on which somebody says yes. */
function consent(url, response, { asked }) {
  const code = randomUUID();
  asked.set(code, Object.fromEntries(url.searchParams));
  const back = new URL(url.searchParams.get("redirect_uri"));
  back.searchParams.set("code", code);
  back.searchParams.set("state", url.searchParams.get("state"));
  response.setHeader("Content-Type", "text/html").end(`<!doctype html><link rel="icon" href="data:,"><title>Provider</title><a href="${back.href.replaceAll("&", "&amp;")}">I am Ada</a>`);
}

async function issued(request, { issuer, privateKey, asked, groups }) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const { nonce, client_id, code_challenge } = asked.get(form.get("code"));
  if (createHash("sha256").update(form.get("code_verifier")).digest("base64url") !== code_challenge) throw new Error("another verifier");
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer(), sub: "ada", aud: client_id, exp: now + 300, iat: now, nonce, groups };
  const signed = `${base64url({ alg: "RS256", kid: KEY, typ: "JWT" })}.${base64url(claims)}`;
  const signature = createSign("RSA-SHA256").update(signed).sign(privateKey).toString("base64url");
  return { access_token: randomUUID(), token_type: "Bearer", expires_in: 300, id_token: `${signed}.${signature}` };
}
