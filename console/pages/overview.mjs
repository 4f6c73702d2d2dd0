// How it goes: traffic, refusals, who calls most, what is nearly used up or about to end, and the gateways.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { brief, number, percent } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { to } from "../lib/router.mjs";
import { Badge } from "../components/Badge.mjs";
import { Used } from "../components/Limits.mjs";
import { Figure, Page, Section } from "../components/Page.mjs";
import { Range, useRange } from "../components/Range.mjs";
import { Ref } from "../components/Ref.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";
import { Traffic, trafficCall } from "../components/Traffic.mjs";

/** Who calls most is known of all of them only: as many as one answer has. */
const EVERYBODY = 10_000;
const number_ = /** @type {"number"} */ ("number");

export default function OverviewPage() {
  const { may } = useMay();
  const range = useRange();
  const period = { from: range.from, until: range.until };
  const reports = may("report.read");
  const calls = {
    totals: reports && { path: "/v1/reports/usage", query: { ...period, granularity: "total" } },
    clients: reports && { path: "/v1/reports/usage", query: { ...period, granularity: "total", group_by: "client", limit: EVERYBODY } },
    quotas: reports && { path: "/v1/reports/quotas", query: { limit: 200 } },
    throttling: reports && { path: "/v1/reports/throttling", query: { ...period, limit: 8 } },
    expiring: may("key.read") && { path: "/v1/hygiene/keys", query: { list: "near_expiry", days: 30, limit: 8 } },
    nodes: may("gateway.read") && { path: "/v1/gateway/nodes" },
  };
  return html`<${Page} title="Overview" actions=${html`<${Range} zone=${false} />`}
    calls=${[reports && trafficCall({}, range), ...Object.values(calls)]}>
    <${Figures} calls=${calls} />
    <div class="columns">
      ${reports && html`<${Section} wide title="Traffic"><${Traffic} height=${220} every=${10} /><//>`}
      ${reports && html`<${TopClients} call=${calls.clients} />`}
      ${reports && html`<${Refusals} call=${calls.throttling} />`}
      ${reports && html`<${Quotas} call=${calls.quotas} />`}
      ${calls.expiring && html`<${Expiring} call=${calls.expiring} />`}
      ${calls.nodes && html`<${Nodes} call=${calls.nodes} />`}
    </div>
  <//>`;
}

const refusedOf = (item) => item.total - item.allowed;

function Figures({ calls }) {
  const totals = useRead(calls.totals || null, { every: 10 });
  const nodes = useRead(calls.nodes || null, { every: 5 });
  const all = totals.data?.items[0] ?? { total: 0, allowed: 0, rate_limited: 0, quota_exceeded: 0, unauthenticated: 0, forbidden: 0 };
  const live = nodes.data?.items.filter((node) => node.state === "live") ?? [];
  const limited = all.rate_limited + all.quota_exceeded;
  const unlet = all.unauthenticated + all.forbidden;
  const dash = totals.data ? null : "–";
  return html`<div class="figures">
    ${calls.totals && html`
      <${Figure} label="Calls" value=${dash ?? brief(all.total)} note=${dash ? "" : `${percent(all.allowed, all.total)} allowed`} />
      <${Figure} label="Over a limit" value=${dash ?? brief(limited)} tone=${limited > 0 ? "warn" : null}
        note=${dash ? "" : `${number(all.rate_limited)} by rates, ${number(all.quota_exceeded)} by quotas`} />
      <${Figure} label="Not let in" value=${dash ?? brief(unlet)} tone=${unlet > 0 ? "bad" : null}
        note=${dash ? "" : `${number(all.unauthenticated)} unauthenticated, ${number(all.forbidden)} forbidden`} />`}
    ${calls.nodes && html`<${Figure} label="Gateway nodes" href="#/gateways" value=${nodes.data ? `${live.length} live` : "–"}
      tone=${nodes.data ? (live.length > 0 && live.every((node) => !node.stale) ? "good" : "bad") : null}
      note=${nodes.data ? (live.every((node) => node.lag_events === 0) ? "all have the whole log" : "some are behind the log") : ""} />`}
  </div>`;
}

function TopClients({ call }) {
  const read = useRead(call, { every: 15 });
  return html`<${Section} title="Who calls most"><${Shown} read=${read}>${() => {
    const items = [...read.data.items].sort((a, b) => b.total - a.total).slice(0, 8);
    return items.length === 0 ? html`<${Empty} title="Nobody called in this time." />` : html`<${Table} caption="Clients by calls"
      items=${items} keyOf=${(item) => item.client_id ?? "-"} columns=${[
      { name: "Client", cell: (item) => html`<${Ref} id=${item.client_id} none="not authenticated" />` },
      { name: "Calls", kind: number_, cell: (item) => number(item.total) },
      { name: "Refused", kind: number_, cell: (item) => number(refusedOf(item)) },
      { name: "Share refused", kind: number_, cell: (item) => percent(refusedOf(item), item.total) },
    ]} />`;
  }}<//><//>`;
}

function Refusals({ call }) {
  const read = useRead(call, { every: 15 });
  return html`<${Section} title="Which limits refused" actions=${html`<a href=${to("throttling")}>Throttling</a>`}><${Shown}
    read=${read}>${() => (read.data.items.length === 0
    ? html`<${Empty} title="No limit refused a call in this time." />`
    : html`<${Table} caption="Limits that refused" items=${read.data.items}
      keyOf=${(item) => [item.client_id, item.route_id, item.policy_id, item.limit, item.environment, item.first_at].join()} columns=${[
      { name: "Client", cell: (item) => html`<${Ref} id=${item.client_id} />` },
      { name: "Limit", cell: (item) => html`${item.limit} <span class="quiet">of</span> <${Ref} id=${item.policy_id}
        name=${item.policy_name} />` },
      { name: "Refused", kind: number_, cell: (item) => number(item.calls) },
      { name: "Last", cell: (item) => html`<${Time} at=${item.last_at} relative />` },
    ]} />`)}<//><//>`;
}

/** Quotas of which at least half is used, the fullest first. */
function Quotas({ call }) {
  const read = useRead(call, { every: 15 });
  return html`<${Section} title="Quotas near their end"><${Shown} read=${read}>${() => {
    const items = read.data.items.filter((item) => item.used_percent >= 50 || item.used_up_at).sort((a, b) => b.used_percent - a.used_percent).slice(0, 8);
    return items.length === 0 ? html`<${Empty} title="No quota is half used." />` : html`<${Table} caption="Quotas near their end"
      items=${items} keyOf=${(item) => [item.client_id, item.key_id, item.policy_id, item.limit, item.window_start, item.route_id, item.environment].join()}
      columns=${[
      { name: "Client", cell: (item) => html`<${Ref} id=${item.client_id} none="all together" />` },
      { name: "Quota", cell: (item) => html`${item.limit} <span class="quiet">of</span> <${Ref} id=${item.policy_id}
        name=${item.policy_name} />` },
      { name: "Used", cell: (item) => html`<${Used} used=${item.used} limit=${item.allowed} />` },
      { name: "Used up", cell: (item) => (item.used >= item.allowed ? html`<${Badge} word="it is" tone="bad" />` : html`<${Time} at=${item.used_up_at}
        relative none="not in this window" />`) },
    ]} />`;
  }}<//><//>`;
}

function Expiring({ call }) {
  const read = useRead(call, { every: 60 });
  return html`<${Section} title="Keys near their end" about="Within 30 days, by expiry or a planned revocation."><${Shown}
    read=${read}>${() => (read.data.items.length === 0
    ? html`<${Empty} title="No key ends within 30 days." />`
    : html`<${Table} caption="Keys near their end" items=${read.data.items} keyOf=${(item) => item.key_id} columns=${[
      { name: "Key", cell: (item) => html`<${Ref} id=${item.key_id} name=${item.name} />` },
      { name: "Client", cell: (item) => html`<${Ref} id=${item.client_id} name=${item.client_name} />` },
      { name: "Ends", cell: (item) => html`<${Time} at=${item.ends_at} relative />` },
      { name: "Last used", cell: (item) => html`<${Time} at=${item.last_used_at} relative none="never" />` },
    ]} />`)}<//><//>`;
}

function Nodes({ call }) {
  const read = useRead(call, { every: 5 });
  return html`<${Section} title="Gateway nodes" actions=${html`<a href="#/gateways">All of them</a>`}><${Shown}
    read=${read}>${() => (read.data.items.length === 0
    ? html`<${Empty} title="No node has been heard." />`
    : html`<${Table} caption="Gateway nodes" items=${read.data.items.slice(0, 8)} keyOf=${(node) => `${node.node} ${node.boot}`} columns=${[
      { name: "Node", cell: (node) => node.node },
      { name: "State", cell: (node) => html`<${Badge} word=${node.stale ? "stale" : node.state} />` },
      { name: "Environment", cell: (node) => node.environment },
      { name: "Behind", kind: number_, cell: (node) => (node.lag_events === 0 ? "nothing" : `${number(node.lag_events)} events`) },
    ]} />`)}<//><//>`;
}
