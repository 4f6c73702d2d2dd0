// Sending many again: by time, type, state or place in the log, as an operation with its progress.
import { html, useState } from "../../lib/ui.mjs";
import { useWrite } from "../../lib/hooks.mjs";
import { go } from "../../lib/router.mjs";
import { Act } from "../Act.mjs";
import { Curl } from "../Curl.mjs";
import { Dialog } from "../Dialog.mjs";
import { Checks, Count, Moment, Text, Words, wrongAt } from "../Field.mjs";
import { Warnings, WriteStatus } from "../Write.mjs";

const STATES = ["delivered", "dead", "cancelled", "held"];

const bodyOf = ({ states, types, from, until, after, reason }) => ({
  ...(states.length ? { states } : {}), ...(types.length ? { types } : {}), ...(from ? { from } : {}), ...(until ? { until } : {}),
  ...(after === null ? {} : { after_position: after }), ...(reason.trim() ? { reason: reason.trim() } : {}),
});

/** @param {{ hook: Api["Webhook"], onClose: () => void }} props */
export function Replay({ hook, onClose }) {
  const [value, setValue] = useState({ states: ["dead"], types: [], from: null, until: null, after: null, reason: "" });
  const write = useWrite();
  const rehearsal = useWrite();
  const set = (changes) => { setValue({ ...value, ...changes }); rehearsal.reset(); };
  const call = { method: "POST", path: `/v1/webhooks/${hook.id}/replay`, body: bodyOf(value) };
  const done = (answer) => { if (answer) go(`operations/${answer.body.id}`); };
  const submit = async (event) => {
    event.preventDefault();
    if (!write.busy) done(await write.run(call));
  };
  return html`<${Dialog} title=${`Replay to ${hook.name}`} onClose=${onClose}>
    <p>What fits is sent again with the identifiers it had, so a receiver that remembers them drops what it knows. All that is said has to hold.</p>
    <form class="form" onSubmit=${submit}>
      <${Checks} label="State" options=${STATES} value=${value.states} onInput=${(states) => set({ states })} hint="None: all of these." error=${wrongAt(write.error, "/states")} />
      <${Words} label="Types" value=${value.types} onInput=${(types) => set({ types })} hint="api_key.revoked, notice.key_expiring. Empty: all."
        error=${wrongAt(write.error, "/types")} />
      <${Moment} label="Made from" value=${value.from} onInput=${(from) => set({ from })} error=${wrongAt(write.error, "/from")} />
      <${Moment} label="Made before" value=${value.until} onInput=${(until) => set({ until })} hint="In UTC. Empty: now." error=${wrongAt(write.error, "/until")} />
      <${Count} label="Behind position" value=${value.after} onInput=${(after) => set({ after })} hint="Of the log: events that came later."
        error=${wrongAt(write.error, "/after_position")} />
      <${Text} label="Reason" value=${value.reason} onInput=${(reason) => set({ reason })} error=${wrongAt(write.error, "/reason")} />
      <${Warnings} items=${rehearsal.answer?.body.warnings} />
      ${rehearsal.answer && html`<p role="status">${planned(rehearsal.answer.body)}</p>`}
      <${WriteStatus} write=${rehearsal.error ? rehearsal : write} onDone=${done} />
      <div class="row spread"><${Act} onClick=${onClose}>Cancel<//><span class="row"><${Act} busy=${rehearsal.busy}
        onClick=${() => rehearsal.run({ ...call, dryRun: true })}>How many?<//><${Act} type="submit" kind="main" busy=${write.busy}>Replay<//></span></div>
    </form>
    <${Curl} calls=${[call]} />
  <//>`;
}

/** What the rehearsed order says of its size. */
function planned(body) {
  const order = body.events.find((event) => event.type === "operation.planned")?.data;
  const total = order?.items_total ?? order?.items;
  return total === undefined ? "It would be accepted." : `It would send ${total} again.`;
}

