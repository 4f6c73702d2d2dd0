// A stretch of time and the zone that it is seen in; both in the address of the place.
import { html } from "../lib/ui.mjs";
import { fromInput, noMoment, timeOf, toInput } from "../lib/format.mjs";
import { setPref, usePrefs } from "../lib/prefs.mjs";
import { setQuery, usePlace } from "../lib/router.mjs";
import { Zones } from "./Zones.mjs";

const HOUR_MS = 3_600_000;
export const SPANS = { "1h": HOUR_MS, "24h": 24 * HOUR_MS, "7d": 168 * HOUR_MS, "30d": 720 * HOUR_MS };
const NAMES = { "1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days" };
const GRAINS = { "1h": "minute", "24h": "quarter", "7d": "hour", "30d": "day" };

/**
 * What is looked at, from the address: one of the spans, or a beginning and an end of one's own. What cannot be read of it is left out, and
 * `Range` says so.
 * @param {string} [absent]
 */
export function useRange(absent = "24h") {
  const { query } = usePlace();
  const [begin, end] = [timeOf(query.from), timeOf(query.until)];
  if (begin !== null || end !== null) {
    const long = (end ?? Date.now()) - (begin ?? Date.now() - SPANS["24h"]);
    const grain = long <= 6 * HOUR_MS ? "minute" : long <= 48 * HOUR_MS ? "quarter" : long <= 21 * 24 * HOUR_MS ? "hour" : "day";
    return { span: "own", from: begin === null ? "" : query.from, until: end === null ? "" : query.until, granularity: grain };
  }
  const span = Object.hasOwn(SPANS, query.span ?? "") ? query.span : absent;
  // To the minute, so that the same question is not asked anew at every drawing.
  const now = Math.floor(Date.now() / 60_000) * 60_000;
  return { span, from: new Date(now - SPANS[span]).toISOString(), until: "", granularity: GRAINS[span] };
}

/** @param {{ absent?: string, zone?: boolean }} props */
export function Range({ absent = "24h", zone = true }) {
  const { span, from, until } = useRange(absent);
  const { query } = usePlace();
  const unread = [noMoment(query.from), noMoment(query.until)].filter(Boolean);
  const choose = (name) => (name === "own"
    ? setQuery({ span: "", from: new Date(Date.now() - SPANS["24h"]).toISOString().slice(0, 16) + ":00Z", until: "" })
    : setQuery({ span: name === absent ? "" : name, from: "", until: "" }));
  return html`<div class="filters" role="group" aria-label="Time">
    <label class="filter"><span>Time</span><select value=${span} onChange=${(event) => choose(event.target.value)}>
      ${Object.entries(NAMES).map(([key, name]) => html`<option value=${key} selected=${key === span}>${name}</option>`)}
      <option value="own" selected=${span === "own"}>From … until …</option></select></label>
    ${span === "own" && html`
      <label class="filter"><span>From (UTC)</span><input type="datetime-local" value=${toInput(from)}
        onChange=${(event) => setQuery({ from: fromInput(event.target.value) ?? "" })} /></label>
      <label class="filter"><span>Until (UTC)</span><input type="datetime-local" value=${toInput(until)}
        onChange=${(event) => setQuery({ until: fromInput(event.target.value) ?? "" })} /></label>`}
    ${zone && html`<${Zone} />`}
    ${unread.length > 0 && html`<p class="wrong" role="status">${unread.join(" ")} It is left out.</p>`}
  </div>`;
}

/** The zone in which times are shown, everywhere. */
export function Zone({ label = "Zone" }) {
  const { zone } = usePrefs();
  return html`<label class="filter"><span>${label}</span><${Zones} value=${zone} onInput=${(name) => setPref("zone", name)} /></label>`;
}
