// The operations of the governed APIs by name.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { list, number } from "../lib/format.mjs";
import { remember } from "../lib/names.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Act } from "../components/Act.mjs";
import { Badge } from "../components/Badge.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Empty } from "../components/States.mjs";
import { Listing } from "../components/Table.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [
  { name: "name_contains", label: "Name", kind: "search" },
  { name: "path_prefix", label: "Path begins with" },
  { name: "method", label: "Method", kind: "choice", options: ["", "GET", "POST", "PUT", "PATCH", "DELETE"].map((one) => [one, one || "Any"]) },
  { name: "host", label: "Host" },
  { name: "scope", label: "Scope" },
  { name: "status", label: "Status", kind: "choice", options: options("Any", ["active", "retired"]) },
];

const COLUMNS = [
  { name: "Name", sort: "name", cell: (route) => html`<a href=${`#/routes/${route.id}`}>${route.name}</a>` },
  { name: "Methods", cell: (route) => list(route.methods) },
  { name: "Path", sort: "path", cell: (route) => html`<code>${route.path}</code>` },
  { name: "Hosts", cell: (route) => (route.hosts.length ? list(route.hosts) : html`<span class="quiet">any</span>`) },
  { name: "Scopes", cell: (route) => list(route.required_scopes) },
  { name: "Cost", kind: /** @type {"number"} */ ("number"), cell: (route) => number(route.cost) },
  { name: "Status", cell: (route) => html`<${Badge} word=${route.status} />` },
];

export default function RoutesPage({ query }) {
  const { refusal } = useMay();
  const call = { path: "/v1/routes", query };
  const routes = usePage(call);
  remember(routes.items);
  const filtered = FILTERS.some((filter) => query[filter.name]);
  const refused = refusal("route.write");
  return html`<${Page} title="Routes" about="Named operations of your APIs. Scopes, policies and reports speak of them." calls=${[call]}
    actions=${html`<${Act} href="#/routes/import" refusal=${refused}>Import OpenAPI<//><${Act} kind="main" href="#/routes/new"
      refusal=${refused}>Define a route<//>`}>
    <${Section} title="Defined">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${routes} caption="Routes" columns=${COLUMNS} sortable empty=${filtered
        ? html`<${Empty} title="No route fits these filters.">Take one of them away.<//>`
        : html`<${Empty} title="No route is defined yet." action=${!refused && html`<a class="button" data-kind="main"
          href="#/routes/import">Import an OpenAPI document</a>`}>Calls to a path that no route matches are refused, unless the environment lets them through.<//>`} />
    <//>
  <//>`;
}
