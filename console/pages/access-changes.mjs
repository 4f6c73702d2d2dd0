// What has changed about who can call what: the report of one moment held against that of another.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { count } from "../lib/format.mjs";
import { useMay } from "../lib/permissions.mjs";
import { Badge } from "../components/Badge.mjs";
import { Diff, changesOf } from "../components/Diff.mjs";
import { Download, asCsv } from "../components/Download.mjs";
import { Filters } from "../components/Filters.mjs";
import { Page, Section } from "../components/Page.mjs";
import { Ref } from "../components/Ref.mjs";
import { Of, chosen } from "../components/reports/Of.mjs";
import { Empty, Shown } from "../components/States.mjs";
import { Table } from "../components/Table.mjs";
import { ACCESS_FILTERS, ACCESS_TYPED } from "../components/then/AccessTable.mjs";
import { AccessWays } from "../components/then/AccessWays.mjs";
import { Time } from "../components/Time.mjs";

const WEEK_MS = 7 * 86_400_000;
/** @type {import("../components/Filters.mjs").Filter[]} */
const TIMES = [{ name: "from", label: "From (UTC; empty: a week ago)", kind: "moment" },
  { name: "until", label: "Until (UTC; empty: now)", kind: "moment" }];
const TONES = { gained: "good", lost: "bad", changed: "warn" };

// To the minute, so that the same question is not asked anew at every drawing.
const weekAgo = () => new Date(Math.floor(Date.now() / 60_000) * 60_000 - WEEK_MS).toISOString();

export default function AccessChangesPage({ query }) {
  const { refusal } = useMay();
  const call = { path: "/v1/access-report/changes", query: { from: query.from ?? weekAgo(), ...chosen(query, ["until", ...ACCESS_FILTERS]) } };
  const read = useRead(call);
  return html`<${Page} title="What has changed" trail=${[["Access report", "#/access-report"]]} calls=${[call]} actions=${html`<${Download}
    call=${asCsv(call)} name="access-changes.csv" refusal=${refusal("report.export")}>CSV<//>`}
    about="What each key can call at one of two moments and not at the other, or otherwise.">
    <${AccessWays} />
    <${Section} title="Between two moments"><${Filters} filters=${TIMES} /><${Of} whose="keys" filters=${ACCESS_TYPED} />
      <${Shown} read=${read}>${() => html`<${Changes} found=${read.data} />`}<//><//>
  <//>`;
}

/** @param {{ found: Api["AccessChanges"] }} props */
function Changes({ found }) {
  const span = html`<p class="small quiet">From <${Time} at=${found.from} seconds /> until <${Time} at=${found.until} seconds />.</p>`;
  if (found.items.length === 0) return html`<${Empty} title="Nothing has changed." />${span}`;
  const of = (kind) => found.items.filter((item) => item.change === kind).length;
  return html`<p><strong>${count(of("gained"), "line")}</strong> gained, <strong>${of("lost")}</strong> lost, <strong>${of("changed")}</strong> changed.</p>${span}
    <${Table} caption="What has changed" items=${found.items.map((item) => ({ ...item, line: item.after ?? item.before }))}
      keyOf=${(item) => `${item.line.key_id} ${item.line.route_id}`} columns=${[
      { name: "Access", cell: (item) => html`<${Badge} word=${item.change} tone=${TONES[item.change]} />` },
      { name: "Key", cell: ({ line }) => html`<${Ref} id=${line.key_id} name=${line.key_name} />` },
      { name: "Client", cell: ({ line }) => html`<${Ref} id=${line.client_id} name=${line.client_name} /><span
        class="item quiet">${line.owner_team}</span>` },
      { name: "Environment", cell: ({ line }) => line.environment },
      { name: "Route", cell: ({ line }) => html`<${Ref} id=${line.route_id} name=${line.route_name} /><code
        class="item quiet">${line.methods.join(", ")} ${line.path}</code>` },
      { name: "What differs", cell: (item) => (item.before && item.after ? html`<${Diff}
        items=${changesOf(shown(item.before), shown(item.after))} />` : limitsOf(item.line)) },
    ]} />`;
}

const limitsOf = (line) => (line.limits.length === 0 ? html`<span class="badge"
  data-tone="warn">no limit</span>` : line.limits.map((limit) => html`<span class="item">${limit.says}</span>`));

/** A line as one reads it: limits in words. */
const shown = ({ limits, ...line }) => ({ ...line, limits: limits.map((limit) => `${limit.says} (${limit.policy_name}, ${limit.mode})`) });
