// The endpoints with the most of something: calls, errors, latency, throttling or clients.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { bytesText, count, number, spellText } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Download, asCsv } from "../components/Download.mjs";
import { Filters } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Range, useRange } from "../components/Range.mjs";
import { Ref } from "../components/Ref.mjs";
import { Of, chosen } from "../components/reports/Of.mjs";
import { ReportWays } from "../components/reports/ReportWays.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";

/** @type {import("../components/Filters.mjs").Filter} */
const BY = { name: "by", label: "The most", kind: "choice", options: [["", "Calls"], ["errors", "Errors (5xx)"],
  ["latency", "Latency (p95)"], ["throttling", "Refused by limits"], ["clients", "Clients"]] };

const figure = (name, value) => ({ name, kind: /** @type {"number"} */ ("number"), cell: value });

const COLUMNS = [
  { name: "Endpoint", cell: (item) => html`<${Ref} id=${item.route_id} name=${item.name} none="paths that no route matched" />` },
  figure("Calls", (item) => number(item.total)), figure("Allowed", (item) => number(item.allowed)), figure("Over a limit", (item) => number(item.rate_limited + item.quota_exceeded)),
  figure("Not let in", (item) => number(item.unauthenticated + item.forbidden)), figure("Clients", (item) => number(item.clients)),
];

/** Of what the proxy's access log told; nothing where it is not sent. */
const ANSWERS = [
  figure("4xx", (item) => number(item.answers["4xx"])), figure("5xx", (item) => number(item.answers["5xx"])), figure("Upstream errors", (item) => number(item.answers.upstream_errors)),
  figure("p50", (item) => spellText(item.answers.p50_us)), figure("p95", (item) => spellText(item.answers.p95_us)), figure("p99", (item) => spellText(item.answers.p99_us)), figure("Sent", (item) => bytesText(item.answers.response_bytes)),
];

export default function TopEndpointsPage({ query }) {
  const range = useRange();
  const { refusal } = useMay();
  const call = { path: "/v1/reports/top-endpoints", query: { from: range.from, until: range.until, ...chosen(query,
    ["by", "owner_team", "client_id", "environment"]), limit: 100 } };
  const read = useRead(call);
  return html`<${Page} title="Top endpoints" trail=${[["Reports", "#/reports"]]} calls=${[call]} actions=${html`<${Download}
    call=${asCsv(call)} name="top-endpoints.csv" refusal=${refusal("report.export")}>CSV<//>`}>
    <${ReportWays} />
    <${Section} title="What is asked"><div class="filters"><${Range} /><${Filters} filters=${[BY]} /></div>
      <${Of} known=${["client_id"]} filters=${[{ name: "owner_team", label: "Owner team" }, { name: "environment", label: "Environment" }]} /><//>
    <${Section} title="Endpoints"><${Shown} read=${read}>${() => {
      const { items, endpoints } = read.data;
      if (items.length === 0) return html`<${Empty} title="No endpoint was called in this time." />`;
      const logged = items.some((item) => item.answers.total > 0);
      return html`<${Table} caption="Top endpoints" items=${items} keyOf=${(item) => item.route_id ?? "-"}
        columns=${logged ? [...COLUMNS, ...ANSWERS] : COLUMNS} />
        <p class="small quiet">${count(endpoints, "endpoint was", "endpoints were")} called. ${logged ? "Quantiles are read from a histogram and off by a fifth at most." : "Status, latency and bytes are here once the proxy sends its access log."}</p>`;
    }}<//><//>
  <//>`;
}
