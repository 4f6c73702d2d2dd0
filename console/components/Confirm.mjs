// A change that says why and is done, where nobody's calls are at stake: no rehearsal, no name to type.
import { html, useState } from "../lib/ui.mjs";
import { useWrite } from "../lib/hooks.mjs";
import { Act } from "./Act.mjs";
import { Curl } from "./Curl.mjs";
import { Dialog } from "./Dialog.mjs";
import { Area, wrongAt } from "./Field.mjs";
import { WriteStatus } from "./Write.mjs";

/**
 * @param {{ title: string, verb: string, about?: unknown, call: (reason: string) => import("../lib/api.mjs").Call, onClose: () => void,
 *   onDone: (answer: any) => void, reason?: "needed" | "optional" | "none", danger?: boolean, extra?: unknown, missing?: string | null }} props
 *   `extra`: more fields, and `missing` what they lack
 */
export function Confirm({ title, verb, about, call, onClose, onDone, reason: wanted = "needed", danger = false, extra, missing = null }) {
  const [reason, setReason] = useState("");
  const write = useWrite();
  const asked = call(reason.trim());
  const lacks = missing ?? (wanted === "needed" && !reason.trim() ? "Say why first." : null);
  const done = (answer) => { if (answer) onDone(answer); };
  const submit = async (event) => {
    event.preventDefault();
    if (!lacks && !write.busy) done(await write.run(asked));
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    ${about && html`<p>${about}</p>`}
    <form class="form" onSubmit=${submit}>
      ${typeof extra === "function" ? extra(write.error) : extra}
      ${wanted !== "none" && html`<${Area} label="Reason" required=${wanted === "needed"} rows=${2} value=${reason} onInput=${setReason}
        hint="It is on record." error=${wrongAt(write.error, "/reason")} />`}
      <${WriteStatus} write=${write} onDone=${done} />
      <div class="row spread"><${Act} onClick=${onClose}>Cancel<//>${!write.approval && html`<${Act} type="submit" kind=${danger ? "danger" : "main"}
        refusal=${lacks} busy=${write.busy}>${verb}<//>`}</div>
    </form>
    <${Curl} calls=${[asked]} />
  <//>`;
}

/** A body in which an empty reason is none. */
export const why = (reason, more = {}) => ({ ...more, ...(reason ? { reason } : {}) });
