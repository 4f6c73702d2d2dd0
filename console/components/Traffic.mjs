// Calls over time, by what became of them.
import { html } from "../lib/ui.mjs";
import { useRead } from "../lib/hooks.mjs";
import { Chart } from "./Chart.mjs";
import { useRange } from "./Range.mjs";
import { Empty, Shown } from "./States.mjs";

const STEPS_MS = { minute: 60_000, quarter: 900_000, hour: 3_600_000, day: 86_400_000 };

/** @param {Record<string, string>} filter @param {ReturnType<typeof useRange>} range */
export const trafficCall = (filter, range) => ({ path: "/v1/reports/usage", query: { ...filter, from: range.from, until: range.until, granularity: range.granularity } });

/** Windows without a call are not in the report; in a chart they are nought. */
function filled(report) {
  const step = STEPS_MS[report.granularity];
  const found = new Map(report.items.map((item) => [Date.parse(item.window_start), item]));
  const times = [];
  for (let at = Date.parse(report.from); at < Date.parse(report.until) && times.length < 3000; at += step) times.push(at);
  const values = (field) => times.map((at) => field(found.get(at) ?? null));
  return { times: times.map((at) => new Date(at).toISOString()), values };
}

/** @param {{ filter?: Record<string, string>, height?: number, every?: number }} props */
export function Traffic({ filter = {}, height = 200, every = 10 }) {
  const range = useRange();
  const read = useRead(trafficCall(filter, range), { every });
  return html`<${Shown} read=${read}>${() => {
    if (read.data.items.length === 0) return html`<${Empty}
      title="No call in this time.">Calls are here a second after the gateway has judged them.<//>`;
    const { times, values } = filled(read.data);
    return html`<${Chart} label="Calls by outcome" height=${height} times=${times} series=${[
      { label: "Allowed", tone: "good", values: values((item) => item?.allowed ?? 0) },
      { label: "Over a limit", tone: "warn", values: values((item) => (item ? item.rate_limited + item.quota_exceeded : 0)) },
      { label: "Not let in", tone: "bad", values: values((item) => (item ? item.unauthenticated + item.forbidden : 0)) },
    ]} />`;
  }}<//>`;
}
