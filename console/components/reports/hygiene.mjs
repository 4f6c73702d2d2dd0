// What is to be tidied up: the lists, where each is asked for and how it is shown.
import { html } from "../../lib/ui.mjs";
import { list, number, percent, words } from "../../lib/format.mjs";
import { Badge } from "../Badge.mjs";
import { Ref } from "../Ref.mjs";
import { Time } from "../Time.mjs";

const KEY = [
  { name: "Key", cell: (item) => html`<${Ref} id=${item.key_id} name=${item.name} />` },
  { name: "State", cell: (item) => html`<${Badge} word=${item.status} />` },
  { name: "Client", cell: (item) => html`<${Ref} id=${item.client_id} name=${item.client_name} />` },
  { name: "Owner", cell: (item) => item.owner_team },
  { name: "Environment", cell: (item) => item.environment },
  { name: "Issued", cell: (item) => html`<${Time} at=${item.created_at} />` },
  { name: "Last used", cell: (item) => html`<${Time} at=${item.last_used_at} relative none="never" />` },
  { name: "Ends", cell: (item) => html`<${Time} at=${item.ends_at} none="never" />` },
];
const WHY = { name: "Why", cell: (item) => list(item.orphaned_because.map(words)) };

const ROUTE = [
  { name: "Route", cell: (item) => html`<${Ref} id=${item.route_id} name=${item.name} />` },
  { name: "Path", cell: (item) => html`<code>${list(item.methods)} ${item.path}</code>` },
  { name: "Defined", cell: (item) => html`<${Time} at=${item.created_at} />` },
  { name: "Last called", cell: (item) => html`<${Time} at=${item.last_called_at} relative none="never" />` },
];

const POLICY = [
  { name: "Policy", cell: (item) => html`<${Ref} id=${item.policy_id} name=${item.name} />` },
  { name: "Revision", kind: /** @type {"number"} */ ("number"), cell: (item) => item.revision },
  { name: "Assignments, none of which binds", kind: /** @type {"number"} */ ("number"), cell: (item) => item.assignments },
  { name: "Defined", cell: (item) => html`<${Time} at=${item.created_at} />` },
];

const SCOPE = [
  { name: "Scope", cell: (item) => html`<code>${item.scope}</code>` },
  { name: "Held by", cell: (item) => html`<${Ref} id=${item.client_id} name=${item.client_name} />${item.key_id && html` <span
    class="quiet">key</span> <${Ref} id=${item.key_id} name=${item.key_name} />`}` },
  { name: "Owner", cell: (item) => item.owner_team },
  { name: "Calls", kind: /** @type {"number"} */ ("number"), cell: (item) => number(item.calls) },
  { name: "Needed by", kind: /** @type {"number"} */ ("number"), cell: (item) => html`${number(item.would_have_refused)}${item.calls > 0 && html` <span
    class="quiet">(${percent(item.would_have_refused, item.calls)})</span>`}` },
  { name: "Routes", cell: (item) => (item.routes.length === 0 ? html`<span
    class="quiet">none</span>` : item.routes.map((route) => html`<span class="item"><${Ref} id=${route.route_id} name=${route.name} /> <span
    class="quiet">${number(route.calls)}</span></span>`)) },
];

/** Whose: as the server filters keys and scopes. */
const OWNED = ["client_id", "environment", "owner_team"];

/**
 * @typedef {object} Hygiene
 * @property {string} label
 * @property {string} about
 * @property {string} path
 * @property {string} permission
 * @property {Record<string, string>} [query]
 * @property {string[]} takes filters of the address that it understands
 * @property {import("../Table.mjs").Column[]} columns
 * @property {string} clean
 */

const keys = (list, label, about, clean, more = []) => ({ label, about, clean, path: "/v1/hygiene/keys", permission: "key.read", query: { list }, takes: [...(["without_expiry", "orphaned"].includes(list) ? [] : ["days"]), ...OWNED], columns: [...KEY, ...more] });

/** @type {Record<string, Hygiene>} */
export const LISTS = {
  never_used: keys("never_used", "Keys never used", "By none of their secrets.", "Every key was used."),
  unused: keys("unused", "Keys not used any more", "Used once, but not for 90 days unless said otherwise.", "Every key was used of late."),
  without_expiry: keys("without_expiry", "Keys without an end", "They open until somebody thinks of them.", "Every key ends some day."),
  near_expiry: keys("near_expiry", "Keys near their end", "Ending within 30 days unless said otherwise, by expiry or a planned revocation.", "No key ends soon."),
  orphaned: keys("orphaned", "Keys that nobody looks after", "Their client is archived, its owner's address erased, or nobody is left to be told.", "Somebody looks after every key.", [WHY]),
  scopes: { label: "Scopes that nobody needs", about: "Held by clients, and not required by any route that they called in 30 days.", clean: "Every scope was needed.", path: "/v1/hygiene/scopes", permission: "key.read", takes: OWNED, columns: SCOPE },
  routes: { label: "Routes that nobody calls", about: "Not for 90 days unless said otherwise, and defined before.", clean: "Every route was called of late.", path: "/v1/hygiene/routes", permission: "route.read", takes: ["days"], columns: ROUTE },
  policies: { label: "Policies that bind nobody", about: "Without an assignment, or with none that can bind a call any more.", clean: "Every policy binds somebody.", path: "/v1/hygiene/policies", permission: "policy.read", takes: [], columns: POLICY },
};
