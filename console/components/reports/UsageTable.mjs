// The numbers of a usage report: by window and by what calls are told apart by.
import { html } from "../../lib/ui.mjs";
import { moment, number, percent } from "../../lib/format.mjs";
import { usePrefs } from "../../lib/prefs.mjs";
import { Empty } from "../States.mjs";
import { Listing, Table } from "../Table.mjs";
import { Time } from "../Time.mjs";
import { columnsOf, groupKey } from "./GroupBy.mjs";

const count_ = (name, field) => ({ name, kind: /** @type {"number"} */ ("number"), cell: (item) => number(item[field]) });

const COUNTS = [count_("Allowed", "allowed"), count_("Rate limited", "rate_limited"), count_("Quota exceeded", "quota_exceeded"),
  count_("Unauthenticated", "unauthenticated"), count_("Forbidden", "forbidden"), count_("All", "total")];

/** How much more than before, or less. */
function change(item) {
  const before = item.previous?.total ?? 0;
  if (before === 0) return item.total > 0 ? html`<span class="quiet">new</span>` : "–";
  const more = item.total - before;
  return `${more < 0 ? "−" : "+"}${percent(Math.abs(more), before)}`;
}

const BEFORE = [{ name: "Before", kind: /** @type {"number"} */ ("number"), cell: (item) => number(item.previous?.total ?? 0) },
  { name: "Change", kind: /** @type {"number"} */ ("number"), cell: change }];

/** @param {{ read: any, groups: string[], total: boolean, compare: boolean }} props */
export function UsageTable({ read, groups, total, compare }) {
  const { zone } = usePrefs();
  const at = total ? [] : [{ name: "From", cell: (item) => html`<span class="nowrap">${moment(item.window_start, { zone })}</span>` }];
  const named = columnsOf(groups);
  const whole = total && named.length === 0 ? [{ name: "Calls", cell: () => "of the whole time" }] : [];
  return html`<${Listing} read=${read} caption="Usage" columns=${[...at, ...named, ...whole, ...COUNTS, ...(compare ? BEFORE : [])]}
    keyOf=${(item) => `${item.window_start} ${groupKey(item)}`}
    empty=${html`<${Empty} title="No call in this time.">Choose another time, or fewer filters.<//>`} />`;
}

/** What says how far a report may be relied on. @param {{ report: Api["Usage"] }} props */
export function Footing({ report }) {
  return html`<p class="small quiet">From <${Time} at=${report.from} /> until <${Time}
    at=${report.until} />, by batch ${number(report.batch_no)} of the gateways. The same question at the same batch has the same answer.
      ${report.previous && html` Before: from <${Time} at=${report.previous.from} /> until <${Time}
        at=${report.previous.until} />${report.previous.is_cut && ", of which not all rows were looked at"}.`}</p>
    ${report.corrections.length > 0 && html`<details><summary>Told late</summary><p
      class="small quiet">Calls that a gateway told after their quarter of an hour was closed. They are counted in their own time, so that a report of before may have fewer.</p>
      <${Table} caption="Corrections" items=${report.corrections}
        keyOf=${(one) => [one.batch_no, one.window_start, one.client_id, one.environment].join()} columns=${[
        { name: "Of", cell: (one) => html`<${Time} at=${one.window_start} />` }, { name: "Told", cell: (one) => html`<${Time}
          at=${one.flushed_at} seconds />` },
        { name: "By", cell: (one) => one.node }, { name: "Calls", kind: "number", cell: (one) => number(one.calls) },
      ]} /></details>`}`;
}
