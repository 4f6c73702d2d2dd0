// How much of each calendar quota is used, and when it will be used up.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Badge } from "../components/Badge.mjs";
import { Download, asCsv } from "../components/Download.mjs";
import { Filters } from "../components/Filters.mjs";
import { Used } from "../components/Limits.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Of, chosen } from "../components/reports/Of.mjs";
import { ReportWays } from "../components/reports/ReportWays.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

/** @param {Api["QuotaItem"]} item */
function forecast(item) {
  if (item.used >= item.allowed) return html`<${Badge} word="quota_exceeded">used up<//> <span class="quiet">calls again <${Time}
    at=${item.window_end} relative /></span>`;
  if (item.used_up_at) return html`<${Badge} word="warn" tone="warn">used up <${Time} at=${item.used_up_at} relative /><//>`;
  return html`<span class="quiet">not within the window, as far as is known</span>`;
}

const COLUMNS = [
  { name: "Client", cell: (item) => html`<${Ref} id=${item.client_id} none="all together" />${item.key_id && html` <span
    class="quiet">key</span> <${Ref} id=${item.key_id} />`}` },
  { name: "Quota", cell: (item) => html`${item.limit} <span class="quiet">of</span> <${Ref} id=${item.policy_id}
    name=${item.policy_name} /> <span class="quiet nowrap">rev. ${item.policy_revision}</span>` },
  { name: "Used", cell: (item) => html`<${Used} used=${item.used} limit=${item.allowed} />` },
  { name: "If it goes on so", cell: forecast },
  { name: "Window", cell: (item) => html`<${Time} at=${item.window_start} /><span class="item quiet">until <${Time} at=${item.window_end} />
    </span>` },
  { name: "Environment", cell: (item) => item.environment },
  { name: "Route", cell: (item) => html`<${Ref} id=${item.route_id} none="any" />` },
];

export default function QuotasPage({ query }) {
  const { refusal } = useMay();
  const call = { path: "/v1/reports/quotas", query: { ...chosen(query, ["at", "client_id", "policy_id", "environment"]), limit: 500 } };
  const read = useRead(call, { every: query.at ? 0 : 15 });
  return html`<${Page} title="Quotas" trail=${[["Reports", "#/reports"]]} calls=${[call]} actions=${html`<${Download} call=${asCsv(call)}
    name="quotas.csv" refusal=${refusal("report.export")}>CSV<//>`}
    about="Those used most first. A gateway is at most a thousandth of the limit, or a minute or two, behind. Rolling quotas have no windows and are on the page of the client.">
    <${ReportWays} />
    <${Section} title="What is asked"><${Filters} filters=${[{ name: "at", label: "At (UTC; empty: now)", kind: "moment" },
      { name: "environment", label: "Environment" }]} /><${Of} known=${["client_id", "policy_id"]} /><//>
    <${Section} title="Quotas"><${Shown} read=${read}>${() => (read.data.items.length === 0
      ? html`<${Empty} title="No calendar quota was used in this window.">A quota is told of once there was a call.<//>`
      : html`<${Table} caption="Quotas" items=${read.data.items}
        keyOf=${(item) => [item.client_id, item.key_id, item.policy_id, item.limit, item.window_start, item.route_id, item.environment].join()}
        columns=${COLUMNS} />
        ${read.data.truncated && html`<p class="small">There are more: ask for a client or a policy.</p>`}`)}<//><//>
  <//>`;
}
