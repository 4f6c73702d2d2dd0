// Secrets that were reported as found where they must not be, and what became of their keys.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { Badge } from "../components/Badge.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "action", label: "What became of the key", kind: "choice", options: options("Any", ["revoked", "quarantined", "none"]) },
  { name: "client_id", label: "Client's identifier" },
];

const COLUMNS = [
  { name: "Reported", cell: (one) => html`<a href=${`#/leaks/${one.id}`}><${Time} at=${one.reported_at} /></a>` },
  { name: "Key", cell: (one) => html`<${Ref} id=${one.key_id} /> <span class="quiet small">version ${one.secret_version}</span>` },
  { name: "Client", cell: (one) => html`<${Ref} id=${one.client_id} />` },
  { name: "The key was", cell: (one) => (one.action === "none" ? html`<span class="quiet">left alone</span>` : html`<${Badge} word=${one.action} />`) },
  { name: "Found in", cell: (one) => one.source ?? html`<span class="quiet">not said</span>` },
  { name: "By", cell: (one) => one.receiver },
];

export default function LeaksPage({ query }) {
  const call = { path: "/v1/leaks", query };
  const read = usePage(call, { every: 10 });
  return html`<${Page} title="Leaks"
    about="Secrets that somebody found where they must not be. A quarantined key opens slowly and only from where it was known, until it is rotated, released or revoked."
    calls=${[call]}>
    <${Section} title="Reports">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${read} caption="Leaks" columns=${COLUMNS} empty=${query.action || query.client_id ? html`<${Empty}
        title="No report fits these filters." />` : html`<${Empty} title="No secret was reported as leaked." />`} />
    <//>
  <//>`;
}
