// The audit log: every fact, none left out, found by who, what, when, from where and in which chain.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { ENTRY_COLUMNS } from "../components/audit/AuditTable.mjs";
import { AuditWays } from "../components/audit/AuditWays.mjs";
import { TakeOut } from "../components/audit/TakeOut.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const OFTEN = [
  { name: "action", label: "Action", kind: "search" },
  { name: "outcome", label: "Outcome", kind: "choice", options: options("Any", ["succeeded", "denied", "failed"]) },
  { name: "actor", label: "Actor" },
  { name: "from", label: "From (UTC)", kind: "moment" },
  { name: "until", label: "Until (UTC)", kind: "moment" },
];

/** @type {import("../components/Filters.mjs").Filter[]} */
const SELDOM = [
  { name: "subject_type", label: "Kind of thing" },
  { name: "subject_id", label: "Thing" },
  { name: "client_id", label: "Client concerned" },
  { name: "address", label: "Address" },
  { name: "request_id", label: "Request" },
  { name: "correlation_id", label: "Correlation" },
  { name: "after_position", label: "After position" },
  { name: "before_position", label: "Before position" },
  { name: "sort", label: "Order", kind: "choice", options: [["", "The newest first"], ["position", "The oldest first"]] },
];

const FILTERS = [...OFTEN, ...SELDOM];

export default function AuditPage({ query }) {
  const asked = Object.fromEntries([...FILTERS.map((filter) => filter.name), "cursor", "limit"].map((name) => [name, query[name]]).filter(([, value]) => value));
  const call = { path: "/v1/audit", query: asked };
  // Only the newest page changes; a page that somebody reads stays as it is.
  const entries = usePage(call, { every: query.cursor || query.sort ? 0 : 10 });
  const filtered = FILTERS.some((filter) => query[filter.name]);
  return html`<${Page} title="Audit log"
    about="Every change is an entry here, and cannot be made without one. Each can be proven to be in the log that is signed." calls=${[call]}>
    <${AuditWays} />
    <${Section} title="Entries" actions=${html`<${TakeOut} query=${asked} />`}>
      <${Filters} filters=${OFTEN} />
      <details open=${SELDOM.some((filter) => query[filter.name])}><summary>More filters</summary><${Filters} filters=${SELDOM} /></details>
      <p class="hint">An action is an event's type, <code>api_key.revoked</code>, or the beginning of some: <code>api_key.*</code>.</p>
      <${Listing} read=${entries} caption="Entries of the audit log" columns=${ENTRY_COLUMNS} keyOf=${(entry) => String(entry.position)}
        rowTone=${(entry) => (entry.outcome === "succeeded" ? null : "bad")}
        empty=${filtered ? html`<${Empty} title="No entry fits these filters.">Take one of them away.<//>` : html`<${Empty}
          title="Nothing has happened yet." />`} />
    <//>
  <//>`;
}
