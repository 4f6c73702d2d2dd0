// The calls of a usage report over time, beside those of the period before where that was asked for.
import { html } from "../../lib/ui.mjs";
import { useRead } from "../../lib/hooks.mjs";
import { Chart } from "../Chart.mjs";
import { Empty, Shown } from "../States.mjs";

/** Windows without a call are not in a report. Of a gap its ends are drawn, at nought: enough for a line, whatever a window is long. */
export function points(report) {
  const found = [];
  let end = Date.parse(report.from);
  for (const item of report.items) {
    const [start, next] = [Date.parse(item.window_start), Date.parse(item.window_end)];
    if (start > end) found.push({ at: end, item: null });
    if (start - (next - start) > end) found.push({ at: start - (next - start), item: null });
    found.push({ at: start, item });
    end = next;
  }
  const until = Math.min(Date.parse(report.until), Date.now());
  if (until > end) found.push({ at: end, item: null }, { at: until, item: null });
  return found;
}

/** @param {{ call: import("../../lib/api.mjs").Call, compare: boolean, every: number }} props */
export function UsageChart({ call, compare, every }) {
  const read = useRead(call, { every });
  return html`<${Shown} read=${read}>${() => {
    if (read.data.items.length === 0) return html`<${Empty}
      title="No call in this time.">Calls are here a second after the gateway has judged them.<//>`;
    const found = points(read.data);
    const values = (field) => found.map(({ item }) => (item ? field(item) : 0));
    /** @type {import("../Chart.mjs").Series[]} */
    const series = [
      { label: "Allowed", tone: "good", values: values((item) => item.allowed) },
      { label: "Over a limit", tone: "warn", values: values((item) => item.rate_limited + item.quota_exceeded) },
      { label: "Not let in", tone: "bad", values: values((item) => item.unauthenticated + item.forbidden) },
    ];
    if (compare) series.push({ label: "All, the period before", tone: "quiet", values: values((item) => item.previous?.total ?? 0) });
    return html`<${Chart} label="Calls by outcome" height=${240} times=${found.map(({ at }) => new Date(at).toISOString())} series=${series}
      table=${false} />`;
  }}<//>`;
}
