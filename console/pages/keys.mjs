// Keys of all clients: found, filtered and sorted by the server.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { remember } from "../lib/names.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { KEY_COLUMNS } from "../components/keys/KeyTable.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "name_contains", label: "Name", kind: "search" },
  { name: "hint", label: "Secret ends with" },
  { name: "status", label: "Status", kind: "choice", options: options("Any", ["active", "suspended", "revoked", "expired"]) },
  { name: "environment", label: "Environment" },
  { name: "owner_team", label: "Owner team" },
  { name: "scope", label: "Scope" },
  { name: "used", label: "Used", kind: "choice", options: [["", "Any"], ["true", "Used"], ["false", "Never used"]] },
  { name: "client_id", label: "Client's identifier" },
];

export default function KeysPage({ query }) {
  const call = { path: "/v1/keys", query };
  const keys = usePage(call, { every: 20 });
  remember(keys.items);
  const filtered = FILTERS.some((filter) => query[filter.name]);
  return html`<${Page} title="Keys"
    about="What clients call with. Of a secret only its last characters are known here. A key is issued from the page of its client."
    calls=${[call]}>
    <${Section} title="Issued">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${keys} caption="Keys" columns=${KEY_COLUMNS} sortable empty=${filtered
        ? html`<${Empty} title="No key fits these filters.">Take one of them away.<//>`
        : html`<${Empty} title="No key is issued yet." action=${html`<a
          href="#/clients">To the clients</a>`}>Choose a client, and issue one there.<//>`} />
    <//>
  <//>`;
}
