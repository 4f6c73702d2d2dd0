// A dangerous change: shows whom it would touch, asks for the name and the reason, and shows which gateway nodes have it.
import { html, useEffect, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { Act } from "./Act.mjs";
import { Blast } from "./Blast.mjs";
import { Curl } from "./Curl.mjs";
import { Dialog } from "./Dialog.mjs";
import { Area, Text, wrongAt } from "./Field.mjs";
import { Failure, Loading } from "./States.mjs";
import { Receipt, Warnings, WriteStatus } from "./Write.mjs";

/** What a rehearsal is asked with while there is no reason yet. */
const UNSAID = "not said yet";

/**
 * @param {{ title: string, verb: string, name: string, about: unknown, call: (reason: string) => import("../lib/api.mjs").Call,
 *   onClose: () => void, onDone?: (answer: import("../lib/api.mjs").Answer) => void, reasonNeeded?: boolean, mild?: boolean, extra?: unknown, changed?: unknown }} props
 *   `mild`: it can be undone, so the name need not be typed; `extra`: more fields, and `changed` what they say
 */
export function Danger({ title, verb, name, about, call, onClose, onDone, reasonNeeded = true, mild = false, extra, changed }) {
  const rehearsal = useWrite();
  const write = useWrite();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  useEffect(() => { rehearsal.run({ ...call(UNSAID), dryRun: true }); }, [JSON.stringify(changed ?? null)]);
  const done = (answer) => { if (answer) onDone?.(answer); };
  const asked = { ...call(reason.trim()), wait: true };
  const missing = !mild && typed.trim() !== name ? `Type ${name} first.` : reasonNeeded && !reason.trim() ? "Say why first." : null;
  const submit = async (event) => {
    event.preventDefault();
    if (!missing && !write.busy) done(await write.run(asked));
  };
  if (write.answer) return html`<${Outcome} title=${title} receipt=${write.answer.body?.receipt} onClose=${onClose} />`;
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <p>${about}</p>
    ${rehearsal.error ? html`<${Failure} error=${rehearsal.error} what="This would be refused." />` : !rehearsal.answer && html`<${Loading}
      what="Looking whom it would touch…" />`}
    ${rehearsal.answer && html`<${Blast} radius=${rehearsal.answer.body.blast_radius} /><${Warnings}
      items=${rehearsal.answer.body.warnings} />
      ${rehearsal.answer.body.approval_required && html`<p class="strong">It will wait for a second person.</p>`}`}
    <form class="form" onSubmit=${submit}>
      ${extra}
      <${Area} label="Reason" required=${reasonNeeded} value=${reason} onInput=${setReason} rows=${2}
        hint="It is on record, and whoever is told of it reads it." error=${wrongAt(write.error, "/reason")} />
      ${!mild && html`<${Text} label=${html`Type <strong>${name}</strong> to go on`} required value=${typed} onInput=${setTyped} />`}
      <${WriteStatus} write=${write} onDone=${done} />
      <div class="row spread"><${Act} onClick=${onClose}>Cancel<//>${!write.approval && html`<${Act} type="submit"
        kind=${mild ? "main" : "danger"} refusal=${missing} busy=${write.busy}>${verb}<//>`}</div>
    </form>
    <${Curl} calls=${[asked]} />
  <//>`;
}

function Outcome({ title, receipt, onClose }) {
  return html`<${Dialog} title=${`${title}: done`} onClose=${onClose}>
    ${receipt ? html`<${Receipt} receipt=${receipt} />` : html`<p role="status">It is done.</p>`}
    <div class="row end"><${Act} kind="main" onClick=${onClose}>Close<//></div>
  <//>`;
}
