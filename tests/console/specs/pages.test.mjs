// Every page in light, dark and narrow: it opens, nothing goes wrong, axe finds nothing. With SHOTS set the pictures are kept there.
import { after, before } from "node:test";
import { launch } from "../lib/browser.mjs";
import { example } from "../lib/example.mjs";
import { everyLook } from "../lib/looks.mjs";
import { serve } from "../lib/server.mjs";

/** A page, and what is seen once it is there. @param {any} made */
const pagesOf = (made) => ({
  overview: ["", "Who calls most"],
  gateways: ["gateways", "local"],
  clients: ["clients", "Acme Travel"],
  client: [`clients/${made.clients["Acme Travel"].id}`, "nightly import"],
  "client-new": ["clients/new", "Owner team"],
  "client-edit": [`clients/${made.clients["Acme Travel"].id}/edit`, "Owner team"],
  keys: ["keys", "nightly import"],
  key: [`keys/${made.keys["Acme Travel"].key.id}`, "Not safe to retire yet."],
  policies: ["policies", "Next year"],
  policy: [`policies/${made.policies.Couriers.id}`, "City Couriers"],
  "policy-new": ["policies/new", "Rate limits"],
  "policy-edit": [`policies/${made.policies.Couriers.id}/edit`, "What differs"],
  "what-if": [`policies/what-if?policy_id=${made.policies.Couriers.id}`, "Limits to try"],
  effective: [`effective?client_id=${made.clients["City Couriers"].id}`, "The quota in force"],
  routes: ["routes", "Read an order"],
  route: [`routes/${made.routes["Read an order"].id}`, "Policies that name it"],
  "route-new": ["routes/new", "Required scopes"],
  "routes-import": ["routes/import", "Document"],
  design: ["design", "Tokens"],
});

let server;
let browser;
let pages;

before(async () => {
  server = await serve();
  pages = pagesOf(await example(server));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

everyLook("the registry", () => ({ browser, server, pages }));
