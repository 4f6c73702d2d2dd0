// Choosing a moment of the past: by a slider, by hand, or from one change to the next. It is in the address, as the API has it.
import { html, useEffect, useState } from "../../lib/ui.mjs";
import { ago, fromInput, moment, noMoment, timeOf, toInput } from "../../lib/format.mjs";
import { useRead } from "../../lib/hooks.mjs";
import { useMay } from "../../lib/permissions.mjs";
import { usePrefs } from "../../lib/prefs.mjs";
import { setQuery } from "../../lib/router.mjs";
import { said } from "../Timeline.mjs";

const STEP_MS = 1000;
const MONTH_MS = 30 * 86_400_000;

/** @param {{ asOf: string, begin?: string | null, query?: Record<string, string> }} props `begin`: before it there is nothing; `query`: of the changes to stop at */
export function AsOf({ asOf, begin, query = {} }) {
  const { may } = useMay();
  const { zone } = usePrefs();
  const read = useRead(may("audit.read") ? { path: "/v1/audit", query: { ...query, limit: 200 } } : null);
  const stops = (read.data?.items ?? []).map((entry) => ({ position: entry.position, at: Date.parse(entry.occurred_at), what: said(entry.action) })).reverse();
  const now = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  const position = /^\d+$/.test(asOf) ? Number(asOf) : null;
  const entry = useRead(position !== null && may("audit.read") ? { path: `/v1/audit/${position}` } : null);
  const chosen = timeOf(position === null ? asOf : entry.data?.occurred_at);
  const unread = position === null ? noMoment(asOf) : null;
  const first = begin ? Date.parse(begin) : stops[0]?.at ?? now - MONTH_MS;
  const [held, setHeld] = useState(chosen ?? now);
  useEffect(() => { if (chosen) setHeld(chosen); }, [chosen]);
  const go = (value) => setQuery({ as_of: value }, { replace: true });
  const before = stops.findLast((stop) => (position === null ? stop.at < chosen : stop.position < position));
  const after = stops.find((stop) => (position === null ? stop.at > chosen : stop.position > position));
  const text = moment(new Date(held).toISOString(), { seconds: true, zone });
  const clock = chosen ? `${text}, ${ago(new Date(held).toISOString())}` : "";
  const when = position === null || held !== chosen ? clock || text : `at position ${position} of the log${clock && `, ${clock}`}`;
  return html`<div class="state waits then" role="group" aria-label="As of">
    <p class="strong" role="status">${unread ? `${unread} Choose another.` : `As it stood ${when}. Nothing can be changed in the past.`}</p>
    <label class="filter slider"><span class="row spread"><span>${moment(new Date(first).toISOString(), { zone })}</span><span>now</span></span>
      <input type="range" aria-label="As of" min=${Math.min(first, held)} max=${now} step=${STEP_MS} value=${held} aria-valuetext=${text}
        onInput=${(event) => setHeld(Number(event.target.value))}
          onChange=${(event) => go(new Date(Number(event.target.value)).toISOString())} /></label>
    <div class="row wrap">
      <button type="button" class="button" disabled=${!before} title=${before?.what}
        onClick=${() => go(String(before.position))}>The change before</button>
      <button type="button" class="button" disabled=${!after} title=${after?.what}
        onClick=${() => go(String(after.position))}>The next change</button>
      <label class="filter"><span class="hidden">At (UTC)</span><input type="datetime-local" aria-label="At (UTC)"
        value=${toInput(new Date(held).toISOString())} onChange=${(event) => event.target.value && go(fromInput(event.target.value))} />
        </label>
      <button type="button" class="button" data-kind="main" onClick=${() => setQuery({ as_of: "" })}>Back to now</button>
    </div>
  </div>`;
}

/** What `as_of` says now, to begin with. */
export const momentAgo = () => new Date(Math.floor(Date.now() / STEP_MS) * STEP_MS).toISOString();
