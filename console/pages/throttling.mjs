// Who is refused by which limit of which policy version, since when, and for how long on end.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { count, number } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { Bars } from "../components/Bars.mjs";
import { Chart } from "../components/Chart.mjs";
import { Download, asCsv } from "../components/Download.mjs";
import { ThrottlingWays } from "../components/decisions/ThrottlingWays.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Range, useRange } from "../components/Range.mjs";
import { Ref } from "../components/Ref.mjs";
import { Of, chosen } from "../components/reports/Of.mjs";
import { points } from "../components/reports/UsageChart.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [{ name: "limit_name", label: "Limit" }, { name: "owner_team", label: "Owner team" }, { name: "environment", label: "Environment" }];
const NAMES = ["client_id", "route_id", "owner_team", "environment"];

export default function ThrottlingPage({ query }) {
  const range = useRange();
  const { may, refusal } = useMay();
  const period = { from: range.from, until: range.until };
  const call = { path: "/v1/reports/throttling", query: { ...period, ...chosen(query, [...NAMES, "policy_id", "limit_name"]), limit: 500 } };
  const overTime = { path: "/v1/reports/usage", query: { ...period, granularity: range.granularity, ...chosen(query, NAMES), limit: 3000 } };
  const read = useRead(call, { every: 10 });
  return html`<${Page} title="Throttling" calls=${[call, overTime]} actions=${html`<${Download} call=${asCsv(call)} name="throttling.csv"
    refusal=${refusal("report.export")}>CSV<//>`}
    about="Calls that limits refused: whose, by which limit of which revision of a policy, and whether it still goes on.">
    <${ThrottlingWays} />
    <${Section} title="What is asked"><${Range} /><${Of} known=${["client_id", "route_id", "policy_id"]} filters=${FILTERS} /><//>
    ${!query.policy_id && !query.limit_name && html`<${Section} title="Over time"><${OverTime} call=${overTime} /><//>`}
    <${Section} title="Who is refused"><${Shown} read=${read}>${() => (read.data.items.length === 0
      ? html`<${Empty} title="No limit refused a call in this time." />`
      : html`<${Most} items=${read.data.items} /><${Table} caption="Refused calls by limit" items=${read.data.items} keyOf=${keyOf}
        columns=${may("decision.read") ? [...COLUMNS, DRILL] : COLUMNS} />
        ${read.data.truncated && html`<p class="small">There are more: ask for a client or a policy.</p>`}
        <p class="small quiet">A call that two limits refused is in the lines of both.</p>`)}<//><//>
  <//>`;
}

const keyOf = (item) => [item.client_id, item.route_id, item.policy_id, item.policy_revision, item.limit, item.kind, item.environment].join();
/** A run that has a refusal in one of the last two minutes goes on. */
const goesOn = (item) => Date.now() - Date.parse(item.last_at) < 120_000;

const COLUMNS = [
  { name: "Client", cell: (item) => html`<${Ref} id=${item.client_id} none="too many to tell apart" />` },
  { name: "Limit", cell: (item) => html`${item.limit} <span class="quiet">${item.kind} of</span> <${Ref} id=${item.policy_id}
    name=${item.policy_name} /> <span class="quiet nowrap">rev. ${item.policy_revision}</span>` },
  { name: "Route", cell: (item) => html`<${Ref} id=${item.route_id} none="an unmatched path" /> <span class="quiet">${item.environment}</span>` },
  { name: "Refused", kind: /** @type {"number"} */ ("number"), cell: (item) => number(item.calls) },
  { name: "First", cell: (item) => html`<${Time} at=${item.first_at} relative />` },
  { name: "The last run", cell: (item) => html`<${Time} at=${item.since} seconds /><span class="item quiet">${goesOn(item) ? html`<span
    class="badge" data-tone="bad">goes on</span>` : html`until <${Time} at=${item.last_at} relative />`}</span>` },
  { name: "Longest", cell: (item) => html`<span class="nowrap">${count(item.longest_minutes, "minute")}</span>` },
];

const DRILL = { name: html`<span class="hidden">Look closer</span>`, cell: (item) => html`<span class="row"><a
  href=${to("decisions", { client_id: item.client_id, environment: item.environment, outcome: item.kind === "rate" ? "rate_limited" : "quota_exceeded" })}>Decisions</a>
  ${item.client_id && html`<a href=${to("explain", { client_id: item.client_id, route_id: item.route_id, environment: item.environment })}>Explain</a>`}</span>` };

/** Whose calls are refused most, by kind of limit. */
function Most({ items }) {
  const clients = new Map();
  for (const item of items) {
    const one = clients.get(item.client_id) ?? { rate: 0, quota: 0 };
    one[item.kind] += item.calls;
    clients.set(item.client_id, one);
  }
  if (clients.size < 2) return null;
  const sorted = [...clients].sort(([, a], [, b]) => b.rate + b.quota - a.rate - a.quota).slice(0, 8);
  return html`<${Bars} label="Refusals of each client" items=${sorted.map(([id, one]) => ({ key: id ?? "-", label: html`<${Ref} id=${id}
    none="too many to tell apart" />`, note: `${number(one.rate)} by rates, ${number(one.quota)} by quotas`, parts: [
    { tone: "warn", label: "by rates", value: one.rate }, { tone: "bad", label: "by quotas", value: one.quota },
  ] }))} />`;
}

function OverTime({ call }) {
  const read = useRead(call, { every: 10 });
  return html`<${Shown} read=${read}>${() => {
    const found = points(read.data);
    const values = (field) => found.map(({ item }) => item?.[field] ?? 0);
    return html`<${Chart} label="Refusals by limits" height=${200} times=${found.map(({ at }) => new Date(at).toISOString())} series=${[
      { label: "By rates", tone: "warn", values: values("rate_limited") }, { label: "By quotas", tone: "bad", values: values("quota_exceeded") },
    ]} />`;
  }}<//>`;
}
