// What the pages of messages, work and access show: beside the example, a receiver of webhooks, rules, people, and things under way.
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { caller } from "./server.mjs";

const LEAK_SECRET = "a-secret-of-senders-of-reports-000000";

/** How a server is to be started for it. */
export const MORE = () => ({ TOLLGATE_WEBHOOKS_ALLOW: "127.0.0.0/8", TOLLGATE_WEBHOOKS_ALLOW_HTTP: "true", TOLLGATE_LEAK_SECRET: LEAK_SECRET });

/** A receiver that echoes what it is posted, which answers a challenge, too; what is `down`, as `/down` is, fails. */
export async function receiver() {
  const got = [];
  const down = new Set(["/down"]);
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    got.push({ path: request.url, headers: request.headers, body: JSON.parse(text) });
    response.statusCode = down.has(request.url ?? "") && JSON.parse(text).type !== "endpoint.verify" ? 503 : 200;
    response.end(response.statusCode === 200 ? text.slice(0, 1000) : "the desk is closed");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, got, down, stop: () => server.close() };
}

/** @returns what was made, beside what the example made */
export async function more(server, made, desk) {
  const { api } = server;
  const all = { kind: "all" };
  made.hook = (await api("POST", "/webhooks", { name: "Orders desk", url: `${desk.url}/hooks/7f3a`, events: ["api_key.*", "api_client.*", "notice.key_expiring"], scope: all })).webhook;
  made.broken = (await api("POST", "/webhooks", { name: "Night desk", url: `${desk.url}/down`, events: ["api_client.*"], scope: { kind: "limited", team: "Logistics" } })).webhook;
  made.rule = await api("POST", "/notification-rules", {
    name: "Partners about their keys", notices: ["key_expiring", "key_issued", "key_rotated", "quota_threshold"], thresholds: [80, 100], recipients: [{ kind: "contacts", role: "technical" }, { kind: "owner" }, { kind: "webhook", webhook_id: made.hook.id }],
    about: { team: "Partner management" }, cadence: { kind: "digest", hour: 8, time_zone: "Europe/Berlin" },
  });
  await api("POST", "/mail-addresses/mark", { addresses: ["on-call@example.com"], reason: "bounced: 550 5.1.1 no such user" });
  await until(async () => (await api("GET", `/webhooks/${made.broken.id}`)).status === "active");
  await api("PATCH", `/clients/${made.clients["City Couriers"].id}`, { labels: { tier: "silver" } }, { "If-Match": '"1"' });
  await people(server, made);
  await work(api, made);
  await leak(server, made);
  await until(async () => (await api("GET", `/webhooks/${made.hook.id}/deliveries?state=delivered`)).items.length > 1);
  const failing = `/webhooks/${made.broken.id}/deliveries`;
  await until(async () => (await api("GET", failing)).items.some((one) => one.last_status === 503));
  made.failing = (await api("GET", failing)).items.find((one) => one.last_status === 503);
  return made;
}

async function people({ api, url }, made) {
  made.accounts = {};
  for (const [name, role, scope] of [["Wall display", "viewer"], ["Yearly audit", "auditor"], ["Deployment", "operator"], ["Partner portal", "operator", { kind: "limited", team: "Partner management", environments: ["sandbox"] }]]) {
    const account = await api("POST", "/service-accounts", { name, team: "Platform" });
    await api("POST", "/grants", { principal_id: account.service_account.id, role, scope: scope ?? { kind: "all" }, reason: "what it is for" });
    made.accounts[name] = { ...account.service_account, token: account.token };
  }
  made.person = await api("POST", "/principals", { name: "Access desk", email: "access@example.com", identity: { issuer: "https://login.example.com", subject: "00u1a2b3c4" } });
  made.grant = await api("POST", "/grants", { principal_id: made.person.id, role: "security_officer", scope: { kind: "all" }, reason: "looks after incidents" });
  made.approvalRule = await api("POST", "/approval-rules", { permission: "policy.write", reason: "limits of partners are in contracts" });
  await api("POST", "/approval-rules", { permission: "route.write", reason: "routes are shared by all" });
  const deployment = caller(`${url}/v1`, made.accounts.Deployment.token);
  await api("POST", "/approval-rules", { permission: "client.write", environment: "prod", reason: "partners are agreed on by two" });
  made.approval = await deployment("POST", "/clients", { name: "Harbour Freight", kind: "partner", owner: { team: "Logistics", email: "logistics@example.com" }, environments: ["prod"], scopes: ["orders:read"] });
}

async function work(api, made) {
  const ahead = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
  made.change = await api("POST", "/scheduled-changes", { change: { kind: "suspend_key", key_id: made.keys.Billing.key.id }, at: ahead(3), until: ahead(4), reason: "the ledger is being moved" });
  await api("POST", "/scheduled-changes", { change: { kind: "assign_policy", policy_id: made.policies["Next year"].id, client_id: made.clients["City Couriers"].id }, at: ahead(30), reason: "the new contract begins" });
  const cancelled = await api("POST", "/scheduled-changes", { change: { kind: "suspend_client", client_id: made.clients.Billing.id }, at: ahead(9), reason: "moving house" });
  await api("POST", `/scheduled-changes/${cancelled.id}/cancel`, { reason: "the move is called off" });
  const digest = (text) => createHash("sha256").update(text).digest("hex");
  const rows = `external_id,client_name,environment,sha256\npartner-7,Acme Travel,sandbox,${digest("a")}\npartner-8,Nobody,sandbox,${digest("b")}\n`;
  made.operation = await upload(api, rows);
  await until(async () => (await api("GET", `/operations/${made.operation.id}`)).status === "finished");
}

const upload = (api, rows) => api("POST", "/keys/import?source=kong", rows, { "Content-Type": "text/csv" });

async function leak({ api, url }, made) {
  const issued = await api("POST", `/clients/${made.clients["Acme Travel"].id}/keys`, { name: "mobile app", environment: "sandbox" });
  const body = JSON.stringify({ tokens: [{ token: issued.secret, source: "commit", url: "https://git.example.com/acme/app/commit/1a2b3c" }] });
  const at = Math.floor(Date.now() / 1000).toString();
  const signature = createHmac("sha256", LEAK_SECRET).update(`${at}.${body}`).digest("hex");
  const answer = await fetch(`${url}/v1/leaks/generic`, { method: "POST", body, headers: { "Content-Type": "application/json", "Tollgate-Timestamp": at, "Tollgate-Signature": `v1=${signature}` } });
  if (!answer.ok) throw new Error(`The report of a leak: ${answer.status} ${await answer.text()}`);
  await until(async () => (await api("GET", "/leaks")).items.length > 0);
  made.leak = (await api("GET", "/leaks")).items[0];
}

async function until(holds, ms = 15_000) {
  const end = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`It did not come to be: ${holds}`);
    await new Promise((later) => setTimeout(later, 50));
  }
}
