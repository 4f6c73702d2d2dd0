// An installation with something to see on every page, made through the API and the gateway's door.
import { callThrough } from "./server.mjs";

const DAY_MS = 86_400_000;
const ahead = (days) => new Date(Date.now() + days * DAY_MS).toISOString();

const CLIENTS = [
  ["Acme Travel", "partner", "Partner management", ["prod", "sandbox"]],
  ["City Couriers", "partner", "Logistics", ["prod"]],
  ["Price Comparison", "partner", "Partner management", ["sandbox"]],
  ["Billing", "internal", "Finance", ["prod"]],
];

/** @returns what was made, by name */
export async function example({ api, door }) {
  const made = { clients: {}, keys: {}, policies: {}, routes: {} };
  for (const [name, path, methods, scopes] of [["Read an order", "/orders/{id}", ["GET"], ["orders:read"]], ["Place an order", "/orders", ["POST"], ["orders:write"]]]) {
    made.routes[name] = await api("POST", "/routes", { name, methods, path, required_scopes: scopes });
  }
  for (const [name, kind, team, environments] of CLIENTS) {
    made.clients[name] = await api("POST", "/clients", {
      name, kind, owner: { team, email: `${team.split(" ")[0].toLowerCase()}@example.com` }, environments, scopes: ["orders:read", "orders:write"],
      contacts: [{ name: "On-call desk", email: "on-call@example.com", role: "technical" }], labels: { tier: "gold" },
    });
  }
  await limits(api, made);
  await keys(api, made);
  await traffic(door, made);
  await api("POST", `/keys/${made.keys["Acme Travel"].key.id}/rotate`, { overlap_seconds: 604_800, reason: "yearly" });
  await traffic(door, made);
  await api("POST", `/clients/${made.clients["Price Comparison"].id}/suspend`, { reason: "the contract is being renewed" });
  return made;
}

async function limits(api, made) {
  const policies = {
    Everyone: { rates: [{ name: "steady", requests: 100, per_seconds: 1, burst: 200 }] },
    // Its burst is as much as its quota, so that however fast the machine calls it is the quota that refuses.
    Couriers: { rates: [{ name: "burst", requests: 20, per_seconds: 1, burst: 40 }], quotas: [{ name: "daily", requests: 40, period: "day", time_zone: "Europe/Berlin" }] },
    "Next year": { mode: "shadow", rates: [{ name: "burst", requests: 2, per_seconds: 60 }] },
  };
  for (const [name, policy] of Object.entries(policies)) made.policies[name] = await api("POST", "/policies", { name, ...policy });
  await api("POST", `/policies/${made.policies.Everyone.id}/assignments`, {});
  await api("POST", `/policies/${made.policies.Couriers.id}/assignments`, { client_id: made.clients["City Couriers"].id });
  await api("POST", `/policies/${made.policies["Next year"].id}/assignments`, { environment: "prod" });
}

async function keys(api, made) {
  for (const name of ["Acme Travel", "City Couriers", "Billing"]) {
    made.keys[name] = await api("POST", `/clients/${made.clients[name].id}/keys?wait=applied`, { name: "backend", environment: "prod", expires_at: ahead(20) });
  }
  await api("POST", `/clients/${made.clients["Acme Travel"].id}/keys`, { name: "nightly import", environment: "sandbox", allowed_cidrs: ["192.0.2.0/24"] });
}

/** From how many addresses each calls. */
const CALLERS = { "Acme Travel": 24, "City Couriers": 3, Billing: 1 };

async function traffic(door, made) {
  for (let at = 0; at < 60; at += 1) {
    for (const [name, addresses] of Object.entries(CALLERS)) await callThrough(door, made.keys[name].secret, `/orders/${at}`, "GET", `198.51.100.${at % addresses}`);
  }
  for (let at = 0; at < 5; at += 1) await callThrough(door, "not-a-secret", "/orders/1");
}
