// The same call on a command line. The token is never printed: `$TOLLGATE_TOKEN` stands for it, and no secret goes along.
import { addressOf, fieldsOf } from "./api.mjs";

const SECRETS = new Set(["secret", "token", "client_secret"]);

/** @param {import("./api.mjs").Call} call */
export function curlOf(call) {
  const method = call.method ?? "GET";
  const quiet = { ...call, idempotencyKey: undefined };
  const lines = [`curl -sS ${method === "GET" ? "" : `-X ${method} `}${quoted(location.origin + addressOf(quiet))}`];
  lines.push(`-H "Authorization: Bearer $TOLLGATE_TOKEN"`);
  for (const [name, value] of Object.entries(fieldsOf(quiet))) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (call.idempotencyKey) lines.push(`-H "Idempotency-Key: $(uuidgen)"`);
  if (typeof call.body === "string") lines.push("--data-binary @document");
  else if (call.body !== undefined) lines.push(`-d ${quoted(JSON.stringify(call.body, hidden))}`);
  return lines.join(" \\\n  ");
}

const hidden = (name, value) => (SECRETS.has(name) && typeof value === "string" ? "…" : value);

// Between single quotes a shell reads nothing but the next one.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
