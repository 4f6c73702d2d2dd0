// From how many addresses clients call; from which, the rotation of a key tells for a time.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { number } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Bars } from "../components/Bars.mjs";
import { Download, asCsv } from "../components/Download.mjs";
import { Filters, options } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Range, useRange } from "../components/Range.mjs";
import { GroupBy, GroupName, columnsOf, groupKey, groupsOf } from "../components/reports/GroupBy.mjs";
import { Of, chosen } from "../components/reports/Of.mjs";
import { ReportWays } from "../components/reports/ReportWays.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { Time } from "../components/Time.mjs";

const GROUPS = ["client", "environment"];
const ABSENT = "client";
/** @type {import("../components/Filters.mjs").Filter} */
const GRAIN = { name: "granularity", label: "Windows", kind: "choice", options: options("All in one", ["day", "week", "month"]) };

const barOf = (item, groups) => ({
  key: groupKey(item), label: html`<${GroupName} item=${item} groups=${groups} />`, note: number(item.addresses),
  parts: [{ tone: /** @type {"good"} */ ("good"), label: "addresses", value: item.addresses }],
});

export default function AddressesPage({ query }) {
  const range = useRange();
  const { refusal } = useMay();
  const groups = groupsOf(query, ABSENT);
  const total = !query.granularity;
  const call = { path: "/v1/reports/addresses", query: { from: range.from, until: range.until, ...chosen(query,
    ["granularity", "owner_team", "client_id", "environment"]), group_by: groups.join(",") } };
  const read = useRead(call);
  return html`<${Page} title="Addresses" trail=${[["Reports", "#/reports"]]} calls=${[call]} actions=${html`<${Download} call=${asCsv(call)}
    name="addresses.csv" refusal=${refusal("report.export")}>CSV<//>`}
    about="From how many addresses genuine secrets were presented, by whole days of UTC. They are counted, and cannot be told from the count.">
    <${ReportWays} />
    <${Section} title="What is asked"><div class="filters"><${Range} /><${Filters} filters=${[GRAIN]} /></div><${GroupBy} options=${GROUPS}
      absent=${ABSENT} />
      <${Of} known=${["client_id"]} filters=${[{ name: "owner_team", label: "Team" }, { name: "environment", label: "Environment" }]} /><//>
    <${Section} title="Distinct addresses"><${Shown} read=${read}>${() => {
      const { items } = read.data;
      if (items.length === 0) return html`<${Empty}
        title="Nobody called from a known address in this time.">The gateway knows addresses where the proxy before it is trusted with them.<//>`;
      return html`
        ${total && html`<${Bars} label="Distinct addresses"
          items=${[...items].sort((a, b) => b.addresses - a.addresses).slice(0, 12).map((item) => barOf(item, groups))} />`}
        <${Table} caption="Distinct addresses" items=${items} keyOf=${(item) => `${item.window_start} ${groupKey(item)}`} columns=${[
          ...(total ? [] : [{ name: "From", cell: (item) => html`<${Time} at=${item.window_start} />` }]), ...columnsOf(groups),
          { name: "Addresses", kind: "number", cell: (item) => number(item.addresses) },
        ]} />
        <p class="small quiet">From <${Time} at=${read.data.from} /> until <${Time}
          at=${read.data.until} />, by batch ${number(read.data.batch_no)}. Two of three counts are off by less than ${read.data.error_percent} %; up to some
          hundred they are exact or nearly so. Each IPv6 network of 64 bits is one address.</p>`;
    }}<//><//>
  <//>`;
}
