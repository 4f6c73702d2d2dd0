// Who may call: found, filtered and sorted by the server.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { list } from "../lib/format.mjs";
import { remember } from "../lib/names.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "name_contains", label: "Name", kind: "search" },
  { name: "status", label: "Status", kind: "choice", options: options("Any", ["active", "suspended", "archived"]) },
  { name: "kind", label: "Kind", kind: "choice", options: options("Any", ["partner", "internal"]) },
  { name: "owner_team", label: "Owner team" },
  { name: "environment", label: "Environment" },
  { name: "scope", label: "Scope" },
  { name: "label", label: "Label" },
];

const COLUMNS = [
  { name: "Name", sort: "name", cell: (client) => html`<a href=${`#/clients/${client.id}`}>${client.name}</a>` },
  { name: "Status", cell: (client) => html`<${Badge} word=${client.status} />` },
  { name: "Kind", cell: (client) => client.kind },
  { name: "Owner", sort: "owner_team", cell: (client) => client.owner.team },
  { name: "Environments", cell: (client) => list(client.environments) },
  { name: "Scopes", cell: (client) => list(client.scopes) },
  { name: "Registered", sort: "created_at", cell: (client) => html`<${Time} at=${client.created_at} relative />` },
];

export default function ClientsPage({ query }) {
  const { may, refusal } = useMay();
  const call = { path: "/v1/clients", query };
  const clients = usePage(call);
  remember(clients.items);
  const filtered = FILTERS.some((filter) => query[filter.name]);
  // A grant within a team or an environment may register there, so that much is enough to begin.
  const refused = may("client.write") ? null : refusal("client.write");
  return html`<${Page} title="Clients"
    about="Partners and internal consumers of your APIs. Each has an owner who answers for it, and keys to call with." calls=${[call]}
    actions=${html`<${Act} kind="main" href="#/clients/new" refusal=${refused}>Register a client<//>`}>
    <${Section} title="Registered">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${clients} caption="Clients" columns=${COLUMNS} sortable empty=${filtered
        ? html`<${Empty} title="No client fits these filters.">Take one of them away, or look for a part of the name.<//>`
        : html`<${Empty} title="No client is registered yet." action=${!refused && html`<a class="button" data-kind="main"
          href="#/clients/new">Register the first one</a>`}>A client is whoever calls: a partner or a service of your own.<//>`} />
    <//>
  <//>`;
}
