// Lines over time, with the table of the same numbers behind them: a chart is never the only way to read something.
import { html, useEffect, useRef, useState } from "../lib/ui.mjs";
import { fetched } from "../lib/fetched.mjs";
import { brief, moment, number } from "../lib/format.mjs";
import { usePrefs } from "../lib/prefs.mjs";
import { Table } from "./Table.mjs";

/** @typedef {{ label: string, tone: "good" | "warn" | "bad" | "accent" | "quiet", values: (number | null)[] }} Series */

/** @returns {Promise<any>} */
const drawn = () => fetched("/vendor/uplot.js").then((module) => module.default);

/**
 * @param {{ label: string, times: string[], series: Series[], height?: number, bars?: boolean, table?: boolean }} props
 *   `times`: the beginnings of the windows
 */
export function Chart({ label, times, series, height = 200, bars = false, table = true }) {
  const { theme, zone } = usePrefs();
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const dark = useDark();
  useEffect(() => {
    const box = place.current;
    let [plot, gone] = [null, false];
    drawn().then((Plot) => {
      if (gone || !box) return;
      plot = new Plot(optionsOf({ Plot, box, height, series, zone, bars }), [times.map((at) => Date.parse(at) / 1000), ...series.map((one) => one.values)], box);
    }, () => {
      // The numbers are in the table; what draws them is asked for again at the next drawing.
    });
    const watcher = new ResizeObserver(() => plot?.setSize({ width: box.clientWidth, height }));
    if (box) watcher.observe(box);
    return () => { gone = true; watcher.disconnect(); plot?.destroy(); };
  }, [theme, dark, zone, height, bars, JSON.stringify([times, series])]);
  return html`<figure class="chart">
    <figcaption class="row wrap"><span class="hidden">${label}</span>${series.map((one) => html`<span class="key"
      data-tone=${one.tone}>${one.label} <strong>${number(sum(one.values))}</strong></span>`)}</figcaption>
    <div ref=${place} class="plot" data-height=${height} role="img" aria-label=${`${label}. The same numbers are in the table below.`}></div>
    ${table && html`<details class="small"><summary>The numbers</summary><${Numbers} label=${label} times=${times} series=${series}
      zone=${zone} /></details>`}
  </figure>`;
}

function Numbers({ label, times, series, zone }) {
  const items = times.map((at, index) => ({ id: at, index })).reverse();
  const columns = [{ name: "From", cell: (item) => moment(item.id, { zone }) },
    ...series.map((one) => ({ name: one.label, kind: /** @type {"number"} */ ("number"),
      cell: (item) => number(one.values[item.index]) }))];
  return html`<${Table} caption=${`${label}, as numbers`} columns=${columns} items=${items} />`;
}

const sum = (values) => values.reduce((all, one) => all + (one ?? 0), 0);

function useDark() {
  const query = "(prefers-color-scheme: dark)";
  const [dark, setDark] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const turned = () => setDark(media.matches);
    media.addEventListener("change", turned);
    return () => media.removeEventListener("change", turned);
  }, []);
  return dark;
}

function optionsOf({ Plot, box, height, series, zone, bars }) {
  const colour = (name) => resolved(box, name);
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  return {
    width: Math.max(box.clientWidth, 240), height, legend: { show: false }, cursor: { y: false, points: { size: 6 } },
    tzDate: (at) => Plot.tzDate(new Date(at * 1000), zone),
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] } },
    axes: [{ ...axis, size: 30, values: (_, ticks, __, ___, step) => hours(ticks, step, (at) => Plot.tzDate(new Date(at * 1000), zone)) }, { ...axis, size: 48, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? brief(tick) : "")) }],
    series: [{}, ...series.map((one) => ({
      label: one.label, stroke: colour(`--${one.tone}-line`), width: 1.75, fill: colour(`--${one.tone}-fill`), points: { show: false },
      ...(bars ? { paths: Plot.paths.bars({ size: [0.8, 40] }) } : {}),
    }))],
  };
}

// A canvas knows no `light-dark()`: the colour is asked for as an element would have it.
function resolved(box, name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  box.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

// 24 hours, whatever the browser's language: other times of the console are written so, too.
function hours(ticks, step, dated) {
  return ticks.map((tick) => {
    const at = dated(tick);
    const two = (value) => String(value).padStart(2, "0");
    const midnight = at.getHours() === 0 && at.getMinutes() === 0;
    return step >= 86400 || midnight ? `${two(at.getMonth() + 1)}-${two(at.getDate())}` : `${two(at.getHours())}:${two(at.getMinutes())}`;
  });
}
