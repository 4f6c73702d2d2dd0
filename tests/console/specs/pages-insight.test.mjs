// The pages of reports, throttling, the audit log and the past in light, dark and narrow: each opens, nothing goes wrong, axe finds nothing. With
// SHOTS set the pictures are kept there.
import { after, before } from "node:test";
import { launch } from "../lib/browser.mjs";
import { example } from "../lib/example.mjs";
import { everyLook } from "../lib/looks.mjs";
import { serve } from "../lib/server.mjs";

/** A page, and what is seen once it is there. @param {any} made @param {any} found */
const pagesOf = (made, found) => ({
  reports: ["reports", "Over time"],
  "reports-grouped": ["reports?group_by=client,route&compare=previous&granularity=quarter", "Most calls"],
  "reports-top-endpoints": ["reports/top-endpoints", "endpoints were called"],
  "reports-quotas": ["reports/quotas", "used up"],
  "reports-shadow": ["reports/shadow", "Allowed calls"],
  "reports-addresses": ["reports/addresses", "Two of three counts"],
  "reports-hygiene": ["reports/hygiene", "nightly import"],
  "reports-hygiene-scopes": ["reports/hygiene?list=scopes", "orders:write"],
  "reports-hygiene-routes": ["reports/hygiene?list=routes", "Every route was called of late."],
  "reports-hygiene-policies": ["reports/hygiene?list=policies", "Every policy binds somebody."],
  "reports-exports": ["reports/exports", "Parquet"],
  throttling: ["throttling", "The last run"],
  decisions: ["decisions", "not authenticated"],
  decision: [`decisions/${found.decision.id}`, "Rate limit policy assigned"],
  explain: [`explain?client_id=${made.clients["City Couriers"].id}&route_id=${made.routes["Read an order"].id}`, "Explain"],
  audit: ["audit", "the contract is being renewed"],
  "audit-entry": [`audit/${found.suspended.position}`, "This entry is in the signed log."],
  "audit-entry-first": [`audit/${found.first.position}`, "This entry is in the signed log."],
  "audit-checkpoint": ["audit/checkpoint", "It is signed"],
  "audit-search-secret": ["audit/search-secret", "This field takes a secret that may still work."],
  "access-report": ["access-report", "192.0.2.0/24"],
  "access-report-then": [`access-report?as_of=${found.first.position + 1}`, "Nobody could call anything of this."],
  "access-report-changes": ["access-report/changes?from=1", "gained"],
  "client-then": [`clients/${made.clients["Price Comparison"].id}?as_of=${found.suspended.position - 1}`, "What has become of it since"],
});

let server;
let browser;
let pages;

before(async () => {
  server = await serve(() => ({ TOLLGATE_TRUST_FORWARDED: "true" }));
  const made = await example(server);
  await server.api("POST", "/reports/exports", { report: "usage", format: "parquet", granularity: "hour", group_by: ["client"] });
  const [suspended] = (await server.api("GET", "/audit?action=api_client.suspended")).items;
  const [first] = (await server.api("GET", "/audit?sort=position&limit=1")).items;
  // A decision is kept a second after it was taken.
  let decision;
  for (const until = Date.now() + 30_000; !decision && Date.now() < until;) {
    [decision] = (await server.api("GET", "/decisions?outcome=quota_exceeded&limit=1")).items;
  }
  pages = pagesOf(made, { suspended, first, decision });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

everyLook("reports, audit and the past", () => ({ browser, server, pages }));
