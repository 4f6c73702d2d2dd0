// What policies in shadow would have refused of the calls that were allowed.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { number, percent } from "../lib/format.mjs";
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

const GROUPS = ["policy", "revision", "limit", "client", "route", "environment"];
const ABSENT = "policy,revision";
/** @type {import("../components/Filters.mjs").Filter} */
const GRAIN = { name: "granularity", label: "Windows", kind: "choice", options: options("All in one", ["quarter", "hour", "day", "week", "month"]) };

const barOf = (item, groups) => ({
  key: `${item.window_start} ${groupKey(item)}`, label: html`<${GroupName} item=${item}
    groups=${groups} />`, note: `${number(item.refused)} of ${number(item.calls)}`,
  parts: [
    { tone: /** @type {"warn"} */ ("warn"), label: "would have been refused", value: item.refused },
    { tone: /** @type {"good"} */ ("good"), label: "let through", value: item.calls - item.refused },
  ],
});

export default function ShadowPage({ query }) {
  const range = useRange();
  const { refusal } = useMay();
  const groups = groupsOf(query, ABSENT);
  const total = !query.granularity;
  const call = { path: "/v1/reports/shadow", query: { from: range.from, until: range.until, ...chosen(query,
    ["granularity", "policy_id", "client_id", "route_id", "environment"]), group_by: groups.join(",") } };
  const read = useRead(call);
  return html`<${Page} title="Shadow" trail=${[["Reports", "#/reports"]]} calls=${[call]} actions=${html`<${Download} call=${asCsv(call)}
    name="shadow.csv" refusal=${refusal("report.export")}>CSV<//>`}
    about=${html`A policy in shadow is asked about each allowed call and refuses none. Of calls that were made before there was one, <a
      href="#/policies/what-if">what if</a> tells.`}>
    <${ReportWays} />
    <${Section} title="What is asked"><div class="filters"><${Range} /><${Filters} filters=${[GRAIN]} /></div><${GroupBy} options=${GROUPS}
      absent=${ABSENT} />
      <${Of} known=${["policy_id", "client_id", "route_id"]} filters=${[{ name: "environment", label: "Environment" }]} /><//>
    <${Section} title="Would have been refused"><${Shown} read=${read}>${() => {
      const { items } = read.data;
      if (items.length === 0) return html`<${Empty} title="No policy in shadow was asked in this time." action=${html`<a
        href="#/policies">Policies</a>`} />`;
      return html`
        ${total && html`<${Bars} label="Would have been refused"
          items=${[...items].sort((a, b) => b.refused - a.refused).slice(0, 12).map((item) => barOf(item, groups))} />`}
        <${Table} caption="Would have been refused" items=${items} keyOf=${(item) => `${item.window_start} ${groupKey(item)}`} columns=${[
          ...(total ? [] : [{ name: "From", cell: (item) => html`<${Time} at=${item.window_start} />` }]), ...columnsOf(groups),
          { name: "Allowed calls", kind: "number", cell: (item) => number(item.calls) },
            { name: "Would be refused", kind: "number", cell: (item) => number(item.refused) },
            { name: "Share", kind: "number", cell: (item) => percent(item.refused, item.calls) },
        ]} />
        <p class="small quiet">From <${Time} at=${read.data.from} /> until <${Time}
          at=${read.data.until} />, by batch ${number(read.data.batch_no)}.${groups.includes("limit") && " A call that several limits would have refused is counted for each of them."}</p>`;
    }}<//><//>
  <//>`;
}
