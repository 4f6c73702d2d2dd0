// How much was called: over time, by whom, on what, against the period before. All that is chosen is in the address.
import { html, useState } from "../lib/ui.mjs";
import { usePage, useRead } from "../lib/hooks.mjs";
import { number } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { usePrefs } from "../lib/prefs.mjs";
import { setQuery } from "../lib/router.mjs";
import { Act } from "../components/Act.mjs";
import { Bars } from "../components/Bars.mjs";
import { Download, asCsv } from "../components/Download.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Range, useRange } from "../components/Range.mjs";
import { GroupBy, GroupName, groupKey, groupsOf } from "../components/reports/GroupBy.mjs";
import { NewExport } from "../components/reports/NewExport.mjs";
import { Of, chosen } from "../components/reports/Of.mjs";
import { ReportWays } from "../components/reports/ReportWays.mjs";
import { UsageChart } from "../components/reports/UsageChart.mjs";
import { Footing, UsageTable } from "../components/reports/UsageTable.mjs";
import { Shown } from "../components/States.mjs";

const GRAINS = ["minute", "quarter", "hour", "day", "week", "month", "total"];
const GROUPS = ["owner_team", "client", "key", "secret_version", "route", "environment"];
/** @type {import("../components/Filters.mjs").Filter[]} */
const FILTERS = [{ name: "owner_team", label: "Owner team" }, { name: "environment", label: "Environment" },
  { name: "key_id", label: "Key" }, { name: "secret_version", label: "Secret version" }];
const PATH = "/v1/reports/usage";
/** More points than this are not told apart on a screen. */
const POINTS = 3000;

export default function UsagePage({ query }) {
  const range = useRange();
  const { zone } = usePrefs();
  const { refusal } = useMay();
  const [exporting, setExporting] = useState(false);
  const groups = groupsOf(query);
  const compare = query.compare === "previous";
  const granularity = query.granularity ?? range.granularity;
  const asked = { from: range.from, until: range.until, time_zone: zone, ...(compare ? { compare: "previous" } : {}), ...chosen(query,
    ["owner_team", "client_id", "key_id", "secret_version", "route_id", "environment"]) };
  const call = { path: PATH, query: { ...asked, granularity, group_by: query.group_by, limit: query.limit ?? 100, cursor: query.cursor } };
  const read = usePage(call);
  const total = granularity === "total";
  return html`<${Page} title="Usage" about="Every call that a gateway judged, by what became of it." calls=${[call]}
    actions=${html`<${Download} call=${asCsv(call)} name="usage.csv" refusal=${refusal("report.export")}>CSV<//>
      <${Act} refusal=${refusal("report.export")} onClick=${() => setExporting(true)}>Write to a file<//>`}>
    <${ReportWays} />
    <${Section} title="What is asked">
      <div class="filters"><${Range} /><${Grain} value=${query.granularity ?? ""} fits=${range.granularity} /><${Rows} value=${query.limit ?? ""} />
        <label class="check"><input type="checkbox" checked=${compare}
          onChange=${(event) => setQuery({ compare: event.target.checked ? "previous" : "" })} /> beside the period before</label></div>
      <${GroupBy} options=${GROUPS} />
      <${Of} filters=${FILTERS} />
    <//>
    ${!total && html`<${Section} title="Over time"><${UsageChart} compare=${compare} every=${15}
      call=${{ path: PATH, query: { ...asked, granularity, limit: POINTS } }} /><//>`}
    ${groups.length > 0 && html`<${Groups} groups=${groups}
      call=${{ path: PATH, query: { ...asked, granularity: "total", group_by: query.group_by, limit: 10_000 } }} />`}
    <${Section} title="The numbers"><${UsageTable} read=${read} groups=${groups} total=${total}
      compare=${compare} />${read.data && html`<${Footing} report=${read.data} />`}<//>
    ${exporting && html`<${NewExport} query=${{ ...asked, granularity }} groups=${groups} onClose=${() => setExporting(false)} />`}
  <//>`;
}

function Grain({ value, fits }) {
  return html`<label class="filter"><span>Windows</span><select value=${value} onChange=${(event) => setQuery({ granularity: event.target.value })}>
    <option value="" selected=${!value}>As it fits: ${fits}</option>
    ${GRAINS.map((grain) => html`<option value=${grain} selected=${grain === value}>${grain}</option>`)}</select></label>`;
}

/** How many rows one answer has. */
function Rows({ value }) {
  return html`<label class="filter"><span>Rows</span><select value=${value} onChange=${(event) => setQuery({ limit: event.target.value })}>
    ${[["", "100"], ["1000", "1,000"], ["10000", "10,000"]].map(([key, name]) => html`<option value=${key} selected=${key === value}>${name}</option>`)}</select></label>`;
}

/** Who or what makes the most of the calls. */
function Groups({ groups, call }) {
  const read = useRead(call);
  return html`<${Section} title="Most calls"><${Shown} read=${read}>${() => {
    const items = [...read.data.items].sort((a, b) => b.total - a.total);
    return html`<${Bars} label="Calls of each" items=${items.slice(0, 10).map((item) => ({
      key: groupKey(item), label: html`<${GroupName} item=${item}
        groups=${groups} />`, note: item.previous ? `${number(item.total)}, before ${number(item.previous.total)}` : number(item.total),
      parts: [
        { tone: "good", label: "allowed", value: item.allowed },
        { tone: "warn", label: "over a limit", value: item.rate_limited + item.quota_exceeded },
        { tone: "bad", label: "not let in", value: item.unauthenticated + item.forbidden },
      ],
    }))} />
    ${(items.length > 10 || read.data.next_cursor) && html`<p class="small quiet">There are more; the numbers have all.</p>`}`;
  }}<//><//>`;
}
