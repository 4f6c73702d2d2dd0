// How fast and how much clients may call.
import { html } from "../lib/ui.mjs";
import { usePage } from "../lib/hooks.mjs";
import { quotaText, rateText } from "../lib/format.mjs";
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
  { name: "status", label: "Status", kind: "choice", options: options("Any", ["active", "retired"]) },
  { name: "mode", label: "Mode", kind: "choice", options: options("Any", ["enforce", "shadow"]) },
];

const COLUMNS = [
  { name: "Name", sort: "name", cell: (policy) => html`<a href=${`#/policies/${policy.id}`}>${policy.name}</a>` },
  { name: "Status", cell: (policy) => html`<${Badge} word=${policy.status} />` },
  { name: "Mode", cell: (policy) => html`<${Badge} word=${policy.mode} />` },
  { name: "Limits", cell: (policy) => html`${policy.rates.map((rate) => html`<span
    class="item">${rate.name}: ${rateText(rate)}</span>`)}${policy.quotas.map((quota) => html`<span
    class="item">${quota.name}: ${quotaText(quota)}</span>`)}` },
  { name: "Counts", cell: (policy) => policy.counting },
  { name: "Revision", kind: /** @type {"number"} */ ("number"), cell: (policy) => policy.revision },
  { name: "Changed", sort: "updated_at", cell: (policy) => html`<${Time} at=${policy.updated_at} relative />` },
];

export default function PoliciesPage({ query }) {
  const { may, refusal } = useMay();
  const call = { path: "/v1/policies", query };
  const policies = usePage(call);
  remember(policies.items);
  const filtered = FILTERS.some((filter) => query[filter.name]);
  return html`<${Page} title="Policies"
    about="Rate limits and quotas. A policy binds nobody until it is assigned; the most specific assignment wins." calls=${[call]}
    actions=${html`${may("report.read") && html`<${Act} href="#/policies/what-if">What if…<//>`}<${Act} kind="main" href="#/policies/new"
      refusal=${refusal("policy.write")}>Define a policy<//>`}>
    <${Section} title="Defined">
      <${Filters} filters=${FILTERS} />
      <${Listing} read=${policies} caption="Policies" columns=${COLUMNS} sortable empty=${filtered
        ? html`<${Empty} title="No policy fits these filters.">Take one of them away.<//>`
        : html`<${Empty} title="No policy is defined yet.">Calls are not limited.<//>`} />
    <//>
  <//>`;
}
