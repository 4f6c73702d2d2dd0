// Rates and quotas as they are edited: in a policy, and in a what-if.
import { html } from "../../lib/ui.mjs";
import { zones } from "../../lib/prefs.mjs";
import { Act } from "../Act.mjs";
import { Choice, Count, Text, wrongAt } from "../Field.mjs";

const PERIODS = ["minute", "hour", "day", "week", "month", "year"].map((one) => [one, one]);
const COUNTING = [["client", "Each client by itself"], ["key", "Each key by itself"], ["shared", "All together"]];

export const NEW_RATE = { name: "burst", requests: 100, per_seconds: 1, burst: null };
export const NEW_QUOTA = { name: "daily", requests: 100_000, period: "day", window: "calendar", time_zone: "UTC" };

/** What is sent of a limit: what was left empty is left to the server. */
export const rateBody = ({ name, requests, per_seconds, burst }) => ({ name, requests, per_seconds, ...(burst ? { burst } : {}) });
export const quotaBody = ({ name, requests, period, window, time_zone }) => ({ name, requests, period, window, ...(window === "calendar" ? { time_zone } : {}) });

/** @param {{ value: { rates: any[], quotas: any[], counting: string }, onInput: (value: any) => void, error: any, at?: string }} props `at`: where they are in what is sent */
export function LimitFields({ value, onInput, error, at = "" }) {
  const set = (changes) => onInput({ ...value, ...changes });
  return html`
    <${Choice} label="Counts" required value=${value.counting} onInput=${(counting) => set({ counting })} options=${COUNTING}
      error=${wrongAt(error, `${at}/counting`)} />
    <${Many} legend="Rate limits" hint="Calls per short time. The burst is how many may come at once." add="Add a rate limit"
      items=${value.rates} fresh=${NEW_RATE} onInput=${(rates) => set({ rates })}
      row=${(rate, change, index) => html`<${Rate} rate=${rate} change=${change} error=${error} at=${`${at}/rates/${index}`} />`} />
    <${Many} legend="Quotas" hint="Calls per period, by the calendar of a zone, or over the last so long." add="Add a quota"
      items=${value.quotas} fresh=${NEW_QUOTA} onInput=${(quotas) => set({ quotas })}
      row=${(quota, change, index) => html`<${Quota} quota=${quota} change=${change} error=${error} at=${`${at}/quotas/${index}`} />`} />`;
}

function Many({ legend, hint, add, items, fresh, onInput, row }) {
  const change = (index) => (changes) => onInput(items.map((one, other) => (other === index ? { ...one, ...changes } : one)));
  const more = () => onInput([...items, { ...fresh, name: free(fresh.name, items) }]);
  return html`<fieldset class="field"><legend>${legend}</legend><p class="hint">${hint}</p>
    ${items.map((item, index) => html`<div class="limit" key=${index}>${row(item, change(index), index)}
      <${Act} kind="quiet" label=${`Take ${item.name} away`}
        onClick=${() => onInput(items.filter((_, other) => other !== index))}>Take away<//></div>`)}
    <div class="row"><${Act} onClick=${more}>${add}<//></div>
  </fieldset>`;
}

// Limits of a policy are told apart by their names.
function free(name, items) {
  let [wanted, count] = [name, 1];
  while (items.some((item) => item.name === wanted)) wanted = `${name}-${++count}`;
  return wanted;
}

function Rate({ rate, change, error, at }) {
  return html`
    <${Text} label="Name" required value=${rate.name} onInput=${(name) => change({ name })} error=${wrongAt(error, `${at}/name`)} />
    <${Count} label="Calls" required min=${1} value=${rate.requests} onInput=${(requests) => change({ requests })}
      error=${wrongAt(error, `${at}/requests`)} />
    <${Count} label="per seconds" required min=${1} value=${rate.per_seconds} onInput=${(per_seconds) => change({ per_seconds })}
      error=${wrongAt(error, `${at}/per_seconds`)} />
    <${Count} label="Burst" min=${1} value=${rate.burst} onInput=${(burst) => change({ burst })} error=${wrongAt(error, `${at}/burst`)} />`;
}

function Quota({ quota, change, error, at }) {
  return html`
    <${Text} label="Name" required value=${quota.name} onInput=${(name) => change({ name })} error=${wrongAt(error, `${at}/name`)} />
    <${Count} label="Calls" required min=${1} value=${quota.requests} onInput=${(requests) => change({ requests })}
      error=${wrongAt(error, `${at}/requests`)} />
    <${Choice} label="per" required value=${quota.period} onInput=${(period) => change({ period })} options=${PERIODS}
      error=${wrongAt(error, `${at}/period`)} />
    <${Choice} label="Window" required value=${quota.window} onInput=${(window) => change({ window })}
      options=${[["calendar", "Calendar"], ["rolling", "Rolling"]]} error=${wrongAt(error, `${at}/window`)} />
    ${quota.window === "calendar" && html`<${Choice} label="Zone" required value=${quota.time_zone}
      onInput=${(time_zone) => change({ time_zone })} options=${zones().map((zone) => [zone, zone])}
      error=${wrongAt(error, `${at}/time_zone`)} />`}`;
}
