// Rotating a key: a new secret beside the old one, for as long as somebody still uses the old one.
import { html, useState } from "../../lib/ui.mjs";
import { useWrite } from "../../lib/hooks.mjs";
import { Act } from "../Act.mjs";
import { Curl } from "../Curl.mjs";
import { Dialog } from "../Dialog.mjs";
import { Choice, Count, Moment, Text, wrongAt } from "../Field.mjs";
import { WriteStatus } from "../Write.mjs";
import { Issued } from "./IssueKey.mjs";

const OVERLAPS = [["0", "None: the old secret stops at once"], ["3600", "1 hour"], ["86400", "1 day"], ["604800", "7 days"], ["2592000", "30 days"], ["7776000", "90 days"]];

/** @param {{ item: Api["Key"], refused: string | null, onClose: (rotated: boolean) => void }} props */
export function RotateKey({ item, refused, onClose }) {
  const [value, setValue] = useState({ overlap: "604800", reason: "", idle: null, expires_at: null });
  const write = useWrite();
  const set = (changes) => setValue({ ...value, ...changes });
  const body = {
    overlap_seconds: Number(value.overlap), ...(value.reason.trim() ? { reason: value.reason.trim() } : {}),
    ...(value.idle ? { retire_when_idle_hours: value.idle } : {}), ...(value.expires_at ? { expires_at: value.expires_at } : {}),
  };
  const call = { method: "POST", path: `/v1/keys/${item.id}/rotate`, body, ifMatch: item.version };
  const submit = (event) => {
    event.preventDefault();
    if (!write.busy) write.run(call);
  };
  if (write.answer) {
    return html`<${Issued} title="The key has a new secret" body=${write.answer.body} onClose=${() => onClose(true)}>
      <p>The old secret opens still. The page of the key shows who uses it, and when it may go.</p><//>`;
  }
  return html`<${Dialog} title=${`Rotate ${item.name}`} onClose=${() => onClose(false)}>
    <p>The key keeps its identifier, its limits and its history. Quotas go on where they are.</p>
    <form class="form" onSubmit=${submit}>
      <${Choice} label="How long the old secret lives on" required value=${value.overlap} onInput=${(overlap) => set({ overlap })}
        options=${OVERLAPS} error=${wrongAt(write.error, "/overlap_seconds")} />
      <${Count} label="Retire it once it was idle for so many hours" min=${1} max=${2160} value=${value.idle}
        onInput=${(idle) => set({ idle })} hint="Empty: it lives for the whole overlap."
        error=${wrongAt(write.error, "/retire_when_idle_hours")} />
      <${Moment} label="New expiry" value=${value.expires_at} onInput=${(expires_at) => set({ expires_at })} hint="In UTC. Empty: as it is."
        error=${wrongAt(write.error, "/expires_at")} />
      <${Text} label="Reason" value=${value.reason} onInput=${(reason) => set({ reason })} error=${wrongAt(write.error, "/reason")} />
      <${WriteStatus} write=${write} />
      <div class="row spread"><${Act} onClick=${() => onClose(false)}>Cancel<//>${!write.approval && html`<${Act} type="submit" kind="main"
        busy=${write.busy} refusal=${refused}>Rotate<//>`}</div>
    </form>
    <${Curl} calls=${[call]} />
  <//>`;
}
